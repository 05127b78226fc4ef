"""Alerts outlive the hub: what was pending goes on waiting, what fired fires on and is told once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from chatops_server.services.alerting import engine
from tests.deadlines import DEADLINE_S, eventually
from tests.integration.hub_alerts.conftest import Machine, Receiver, connected, machine_of
from tests.integration.hub_alerts.test_notifications_to_webhooks import channel
from tests.integration.hub_rest.conftest import Asker, opened


@asynccontextmanager
async def _opened(folder: Path, before: Machine | None = None) -> AsyncIterator[tuple[Asker, Machine]]:
    async with opened(folder, webhook_allow_private=True) as asker:
        if before is None:
            machine = await machine_of(asker)
        else:
            peer = await connected(asker, before.key, next_seq=before.seq + 1)
            machine = replace(before, asker=asker, peer=peer)
        yield asker, machine
        await machine.peer.close()


async def test_a_breach_that_waits_goes_on_waiting(tmp_path: Path) -> None:
    async with _opened(tmp_path) as (_, machine):
        await machine.threshold(for_s=60)
        await machine.feed(95, at_s=0)
        [pending] = await machine.alerts()
    async with _opened(tmp_path, machine) as (_, machine):
        await machine.feed(95, at_s=59)
        assert [(each["id"], each["status"]) for each in await machine.alerts()] == [
            (pending["id"], "pending")
        ]
        await machine.feed(95, at_s=60)
        [firing] = await machine.alerts()
    assert (firing["id"], firing["status"], firing["since_ms"]) == (
        pending["id"],
        "firing",
        pending["since_ms"],
    )


async def test_what_fires_is_told_once_however_often_the_hub_starts(
    tmp_path: Path, receiver: Receiver
) -> None:
    machine: Machine | None = None
    for _ in range(3):
        async with _opened(tmp_path, machine) as (asker, machine):
            if not receiver.heard:
                await channel(asker, receiver.url)
                await machine.threshold()
            await machine.feed(95)
            assert await machine.states() == ["firing"]
            await receiver.until(1)
    assert machine is not None
    async with _opened(tmp_path, machine) as (_, machine):
        await machine.feed(10)
        await receiver.until(2)
    assert receiver.events() == ["firing", "resolved"]


async def test_what_was_not_delivered_is_delivered_by_the_next_hub(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.hangs = asyncio.Event()
    async with _opened(tmp_path) as (asker, machine):
        await channel(asker, receiver.url)
        await machine.threshold()
        await machine.feed(95)
        await receiver.until(1)
    receiver.hangs.set()
    async with _opened(tmp_path, machine):
        first, second = await receiver.until(2)
    assert (first["event"], first["id"]) == (second["event"], second["id"])


async def test_what_was_ended_by_hand_stays_ended(tmp_path: Path) -> None:
    async with _opened(tmp_path) as (asker, machine):
        await machine.threshold()
        await machine.feed(95)
        [alert] = await machine.alerts()
        assert (await asker.post(f"/alerts/{alert['id']}/resolve", None)).status == 200
    async with _opened(tmp_path, machine) as (_, machine):
        await machine.feed(96)
        assert await machine.states() == ["resolved"]
        await machine.feed(10, 97)
        assert await machine.states() == ["firing", "resolved"]


async def test_a_server_that_is_gone_is_down_and_mutes_its_other_alerts(
    asker: Asker,
    machine: Machine,
    receiver: Receiver,
    monkeypatch: Any,  # noqa: ANN401
) -> None:
    monkeypatch.setattr(engine, "GRACE_MS", 0)
    await channel(asker, receiver.url)
    await machine.threshold(metric="server.up", comparison="lt", value=1)
    await machine.threshold(metric="memory.percent", value=20, for_s=5)
    await machine.feed(1)
    await machine.peer.close()
    down = await eventually(_fired(machine, "server.up"))
    assert (down["message"][:24], down["value"]) == ("the server is down since", 0)
    waiting = {alert["metric"]: alert["muted"] for alert in await machine.alerts(status="pending")}
    assert waiting["memory.percent"]
    # It waits ten seconds for others that are down.
    [told] = await receiver.until(1, deadline_s=3 * DEADLINE_S)
    assert (told["event"], told["alert"]["metric"]) == ("firing", "server.up")
    await machine.reconnect()
    await eventually(_ended(machine, "server.up"))


def _fired(machine: Machine, metric: str) -> Callable[[], Any]:
    async def found() -> dict[str, Any] | None:
        firing = await machine.alerts(status="firing")
        return next((alert for alert in firing if alert["metric"] == metric), None)

    return found


def _ended(machine: Machine, metric: str) -> Callable[[], Any]:
    async def found() -> bool:
        ended = await machine.alerts(status="resolved")
        return any(alert["metric"] == metric for alert in ended)

    return found


async def test_a_metric_that_stays_away_is_told(asker: Asker, machine: Machine) -> None:
    await machine.threshold(metric="disk.percent:/data", no_data_s=1)
    await machine.feed(1)
    alert = await eventually(_fired(machine, "disk.percent:/data"))
    assert (alert["value"], alert["no_data"]) == (None, True)
    assert "does not come any more" in alert["message"]
    await machine.feed(1, disks=[{"mount": "/data", "total": 10, "used": 1, "percent": 10.0}])
    assert await machine.states() == ["resolved"]
    assert asker.running.hub.alerting.keeper.failure is None


async def test_of_many_servers_that_go_together_one_message_tells(asker: Asker, receiver: Receiver) -> None:
    machines = [await machine_of(asker, f"web-{at}") for at in range(20)]
    down = {"metric": "server.up", "comparison": "lt", "value": 1, "severity": "critical"}
    assert (await asker.post("/alerts/thresholds", down)).status == 201
    await channel(asker, receiver.url)
    for machine in machines:
        await machine.feed(1)
    # Seen as connected once: otherwise they would be given time to come back.
    asker.running.hub.alerting.engine.sweep()
    for machine in machines:
        await machine.peer.close()
    [told] = await receiver.until(1, deadline_s=4 * DEADLINE_S)
    assert told["event"] == "group"
    assert {alert["server_name"] for alert in told["alerts"]} == {f"web-{at}" for at in range(20)}
