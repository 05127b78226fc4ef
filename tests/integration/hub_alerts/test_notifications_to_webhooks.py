"""Notifications of a real hub to a real webhook: told once, told again when it fails, and not too often."""

import asyncio
import hmac
from collections.abc import Sequence
from hashlib import sha256

import pytest

from chatops_server.storage.base import Row, Script, fetch
from tests.deadlines import DEADLINE_S, eventually
from tests.integration.hub_alerts.conftest import Machine, Receiver, receiving
from tests.integration.hub_rest.conftest import Asker

# The first retry comes after five seconds, the next after twenty.
RETRIED_S = 2 * DEADLINE_S


async def channel(asker: Asker, url: str, **body: object) -> str:
    answer = await asker.post("/notifications/channels", {"name": "ops", "url": url, **body})
    assert answer.status == 201, answer
    return str(answer.body["id"])


async def test_an_alert_is_told_with_all_there_is_to_know_and_so_is_its_end(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    await channel(asker, receiver.url)
    await machine.threshold(name="CPU busy", runbook="https://wiki.example/cpu")
    await machine.feed(95, 96)
    [fired] = await receiver.until(1)
    assert fired["event"] == "firing"
    assert fired["title"] == "[CRITICAL] web-1: CPU busy"
    assert (fired["alert"]["status"], fired["alert"]["value"]) == ("firing", 95)
    assert "Runbook: https://wiki.example/cpu" in fired["message"]
    await machine.feed(10)
    ended = (await receiver.until(2))[1]
    assert (ended["event"], ended["alert"]["id"]) == ("resolved", fired["alert"]["id"])
    assert ended["title"] == "[RESOLVED] web-1: CPU busy"


async def test_what_fails_is_tried_again_with_the_same_id(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    receiver.statuses = [500]
    channel_id = await channel(asker, receiver.url)
    await machine.threshold()
    await machine.feed(95)
    await receiver.until(1)
    view = await eventually(lambda: _failed(asker, channel_id))
    assert view is not None
    assert (view["last_error"], view["waiting"]) == ("it answered 500", 1)
    first, second = (await receiver.until(2, deadline_s=RETRIED_S))[:2]
    assert first["id"] == second["id"]
    await eventually(lambda: _delivered(asker, channel_id))


async def _failed(asker: Asker, channel_id: str) -> dict[str, object] | None:
    view = (await asker.get(f"/notifications/channels/{channel_id}")).body
    return dict(view) if view["last_error"] else None


async def _delivered(asker: Asker, channel_id: str) -> bool:
    view = (await asker.get(f"/notifications/channels/{channel_id}")).body
    return bool(view["last_delivered_at"]) and view["waiting"] == 0 and view["last_error"] is None


async def test_a_value_that_crosses_sixty_times_is_told_few_times(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    await channel(asker, receiver.url)
    await machine.threshold()
    await machine.feed(*[95, 10] * 60)
    assert len(await machine.alerts()) == 60
    # What is told of another server's alert comes after all that.
    await receiver.until(5)
    await machine.threshold(metric="memory.percent", value=20)
    await machine.feed(95)
    await eventually(lambda: any(each["alert"]["metric"] == "memory.percent" for each in receiver.heard))
    of_cpu = [each for each in receiver.heard if each["alert"]["metric"] == "cpu.percent"]
    assert [each["event"] for each in of_cpu] == ["firing", "resolved", "firing", "resolved", "flapping"]


async def test_a_channel_that_hangs_delays_no_other(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    async with receiving() as stuck:
        stuck.hangs = asyncio.Event()
        await channel(asker, stuck.url, name="stuck")
        await channel(asker, receiver.url)
        await machine.threshold()
        await machine.feed(95)
        await stuck.until(1)
        await receiver.until(1)


async def test_only_what_is_severe_enough_is_told(asker: Asker, machine: Machine, receiver: Receiver) -> None:
    await channel(asker, receiver.url, min_severity="warning")
    await machine.threshold(severity="info")
    await machine.feed(95)
    await machine.threshold(severity="warning", value=80)
    await machine.feed(95)
    await receiver.until(1)
    assert [each["severity"] for each in receiver.heard] == ["warning"]


async def test_what_is_signed_can_be_checked(asker: Asker, receiver: Receiver) -> None:
    channel_id = await channel(asker, receiver.url, secret="shared between two")  # noqa: S106 - of this test
    done = await asker.post(f"/notifications/channels/{channel_id}/test", None)
    assert (done.status, done.body["delivered"]) == (200, True)
    [body], [headers] = receiver.bodies, receiver.headers
    stamp, _, digest = headers["X-ChatOps-Signature"].partition(",")
    signed = stamp.removeprefix("t=").encode() + b"." + body
    assert digest == "v1=" + hmac.new(b"shared between two", signed, sha256).hexdigest()
    assert headers["X-ChatOps-Delivery"] == receiver.heard[0]["id"]


async def test_a_secret_never_comes_back_and_stands_nowhere_readable(
    asker: Asker, receiver: Receiver
) -> None:
    made = await asker.post(
        "/notifications/channels",
        {"name": "ops", "url": f"{receiver.url}&k=hush-hush", "secret": "hush-hush"},
    )
    shown = f"json://127.0.0.1:{receiver.port}/***"
    assert (made.body["url"], made.body["has_secret"]) == (shown, True)
    path = f"/notifications/channels/{made.body['id']}"
    changed = await asker.patch(path, {"name": "night shift", "url": shown})
    assert changed.body["name"] == "night shift"
    assert (await asker.post(f"{path}/test", None)).body["delivered"] is True
    answers = [made, changed, await asker.get(path), await asker.get("/audit"), await asker.get("/events")]
    assert not any("hush-hush" in str(each.body) for each in answers)
    [(kept,)] = await asker.running.storage.read(_everything_of_channels())
    assert "hush-hush" not in kept


def _everything_of_channels() -> Script[Sequence[Row]]:
    return (yield from fetch("SELECT group_concat(sealed || body) FROM channels"))


async def test_a_test_message_says_why_it_was_not_taken(asker: Asker, receiver: Receiver) -> None:
    receiver.statuses = [302, 404]
    channel_id = await channel(asker, receiver.url)
    for reason in ("it answered 302", "it answered 404"):
        done = await asker.post(f"/notifications/channels/{channel_id}/test", None)
        assert (done.body["delivered"], done.body["message"]) == (False, reason)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "https://",
        "json://:80/",
        "json://host:port/",
        "syslog://",
        "nosuchservice://token",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
    ],
)
async def test_an_address_that_leads_nowhere_is_refused_by_the_name_of_its_field(
    asker: Asker, url: str
) -> None:
    answer = await asker.post("/notifications/channels", {"name": "ops", "url": url})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.body["detail"].startswith("url: ")
