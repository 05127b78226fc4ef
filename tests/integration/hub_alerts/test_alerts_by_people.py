"""What people do with alerts of a real hub: see to them, end them, silence them, change thresholds."""

from typing import Any

import pytest

from tests.deadlines import eventually
from tests.integration.hub_alerts.conftest import Machine, Receiver, machine_of
from tests.integration.hub_alerts.test_notifications_to_webhooks import channel
from tests.integration.hub_rest.conftest import Asker
from tests.live_peers import Peer

THRESHOLD = {"metric": "cpu.percent", "comparison": "gt", "value": 90, "severity": "critical"}


async def test_an_acknowledged_alert_says_by_whom_and_ends_by_itself(asker: Asker, machine: Machine) -> None:
    await machine.threshold()
    await machine.feed(95)
    [alert] = await machine.alerts(status="firing")
    said = await asker.post(f"/alerts/{alert['id']}/acknowledge", {"comment": "on it"})
    assert (said.status, said.body["status"], said.body["acknowledged_by"]) == (200, "acknowledged", "admin")
    assert [each["text"] for each in said.body["comments"]] == ["on it"]
    await machine.feed(96)
    assert [each["id"] for each in await machine.alerts(status="acknowledged")] == [alert["id"]]
    await machine.feed(10)
    assert await machine.states() == ["resolved"]
    again = await asker.post(f"/alerts/{alert['id']}/acknowledge", None)
    assert (again.status, again.code) == (409, "conflict")


async def test_an_alert_ended_by_hand_stays_ended_until_the_value_was_well_once(
    asker: Asker, machine: Machine
) -> None:
    await machine.threshold()
    await machine.feed(95)
    [alert] = await machine.alerts()
    ended = await asker.post(f"/alerts/{alert['id']}/resolve", {"comment": "known"})
    assert (ended.status, ended.body["status"], ended.body["resolution"]) == (200, "resolved", "by hand")
    await machine.feed(96, 97)
    assert await machine.states() == ["resolved"]
    await machine.feed(10, 95)
    assert await machine.states() == ["firing", "resolved"]
    events = (await asker.get(f"/events?server_id={machine.server_id}&kind=alert")).body["items"]
    assert [each["data"]["change"] for each in events] == ["fired", "resolved", "fired"]
    audit = (await asker.get("/audit")).body["items"]
    assert "alert.resolve" in {each["action"] for each in audit}


async def test_only_who_operates_the_server_may_see_to_its_alerts(asker: Asker) -> None:
    _, owner = await asker.user("owner", "operator")
    machine = await machine_of(asker, token=owner)
    stranger_id, stranger = await asker.user("eve", "operator")
    made = await asker.post("/alerts/thresholds", {**THRESHOLD, "server_id": machine.server_id}, token=owner)
    await machine.feed(95)
    [alert] = await machine.alerts()
    path = f"/alerts/{alert['id']}"
    assert (await asker.get(path, token=stranger)).status == 404
    assert (await asker.post(f"{path}/acknowledge", None, token=stranger)).status == 404
    assert (await asker.get(f"/alerts/thresholds/{made.body['id']}", token=stranger)).status == 404
    grant = f"/servers/{machine.server_id}/grants/{stranger_id}"
    await asker.put(grant, {"role": "viewer"}, token=owner)
    assert (await asker.get(path, token=stranger)).status == 200
    assert (await asker.post(f"{path}/acknowledge", None, token=stranger)).status == 403
    await asker.put(grant, {"role": "operator"}, token=owner)
    assert (await asker.post(f"{path}/acknowledge", None, token=stranger)).status == 200
    threshold = f"/alerts/thresholds/{made.body['id']}"
    assert (await asker.patch(threshold, {"value": 1}, token=stranger)).status == 403
    await machine.peer.close()


async def test_a_threshold_for_all_is_for_the_servers_its_maker_may_manage(asker: Asker) -> None:
    _, owner = await asker.user("owner", "operator")
    mine, other = await machine_of(asker, "mine", token=owner), await machine_of(asker, "other")
    made = await asker.post("/alerts/thresholds", {**THRESHOLD, "server_id": None}, token=owner)
    assert made.status == 201
    later = await machine_of(asker, "later", token=owner)
    for machine in (mine, other, later):
        await machine.feed(95)
    assert [len(await machine.alerts()) for machine in (mine, other, later)] == [1, 0, 1]
    _, viewer = await asker.user("vera", "viewer")
    refused = await asker.post("/alerts/thresholds", {**THRESHOLD, "server_id": None}, token=viewer)
    assert refused.status == 403
    for machine in (mine, other, later):
        await machine.peer.close()


async def test_a_threshold_may_mean_servers_by_a_selector(asker: Asker) -> None:
    one, two = await machine_of(asker, "db-1"), await machine_of(asker, "web-1")
    await asker.post("/alerts/thresholds", {**THRESHOLD, "select": "db-*, tag:prod"})
    for machine in (one, two):
        await machine.feed(95)
    assert [len(await machine.alerts()) for machine in (one, two)] == [1, 0]
    await asker.patch(f"/servers/{two.server_id}", {"tags": ["prod"]})
    await two.feed(95)
    assert await two.states() == ["firing"]
    await asker.patch(f"/servers/{two.server_id}", {"tags": []})
    await two.feed(95)
    [ended] = await two.alerts()
    assert (ended["status"], ended["resolution"]) == ("resolved", "out of scope")
    for machine in (one, two):
        await machine.peer.close()


async def test_a_threshold_that_changes_takes_its_alert_along_and_one_deleted_ends_it(
    asker: Asker, machine: Machine
) -> None:
    path = f"/alerts/thresholds/{(await machine.threshold())['id']}"
    await machine.feed(95)
    changed = await asker.patch(path, {"value": 80, "severity": "warning"})
    assert (changed.status, changed.body["value"]) == (200, 80)
    await machine.feed(85)
    [alert] = await machine.alerts()
    assert (alert["status"], alert["severity"], alert["threshold_value"]) == ("firing", "warning", 80)
    assert (await asker.patch(path, {"enabled": False})).status == 200
    await machine.feed(86)
    assert await machine.states() == ["resolved"]
    await asker.patch(path, {"enabled": True})
    await machine.feed(86)
    assert (await asker.delete(path)).status == 204
    await machine.feed(87)
    assert [each["resolution"] for each in await machine.alerts()] == ["threshold deleted", "out of scope"]
    assert (await asker.get(path)).status == 404


async def test_a_threshold_may_be_checked_before_it_is_made(asker: Asker, machine: Machine) -> None:
    before = (await asker.get("/alerts/thresholds")).body
    good = {**THRESHOLD, "server_id": machine.server_id}
    assert (await asker.post("/alerts/thresholds/check", good)).status == 204
    refused = await asker.post("/alerts/thresholds/check", {**good, "clear_value": 95})
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert refused.body["detail"].startswith("clear_value: ")
    assert (await asker.get("/alerts/thresholds")).body == before


async def test_an_alert_has_ended_when_the_hub_says_that_its_threshold_is_gone(
    asker: Asker, machine: Machine
) -> None:
    path = f"/alerts/thresholds/{(await machine.threshold())['id']}"
    await machine.feed(95)
    open_ones = f"/alerts?server_id={machine.server_id}&status=firing"
    assert len((await asker.get(open_ones)).body["items"]) == 1
    await asker.patch(path, {"value": 80})
    assert [each["threshold_value"] for each in (await asker.get(open_ones)).body["items"]] == [80]
    await asker.patch(path, {"enabled": False})
    assert (await asker.get(open_ones)).body["items"] == []
    await asker.patch(path, {"enabled": True})
    await machine.feed(95)
    assert len((await asker.get(open_ones)).body["items"]) == 1
    await asker.delete(path)
    assert (await asker.get(open_ones)).body["items"] == []


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("metric", {"metric": "cpu.nonsense"}),
        ("metric", {"metric": "cpu.percent:label"}),
        ("metric", {"metric": "disk.percent:"}),
        ("comparison", {"comparison": "near"}),
        ("value", {"value": "high"}),
        ("for_s", {"for_s": -1}),
        ("clear_value", {"clear_value": 95}),
        ("clear_value", {"comparison": "lt", "clear_value": 80}),
        ("clear_value", {"comparison": "eq", "clear_value": 90}),
        ("severity", {"severity": "loud"}),
        ("select", {"select": "colour:red"}),
        ("select", {"select": "status:online"}),
        ("window_s", {"aggregation": "avg"}),
        ("window_s", {"metric": "server.up", "window_s": 60}),
    ],
)
async def test_a_bad_threshold_is_refused_by_the_name_of_its_field(
    asker: Asker, field: str, body: dict[str, object]
) -> None:
    answer = await asker.post("/alerts/thresholds", {**THRESHOLD, **body})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.body["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("ends_at", {"ends_at": "tomorrow"}),
        ("ends_at", {"ends_at": "2001-01-01T00:00:00Z"}),
        ("starts_at", {"starts_at": "soon"}),
        ("metric", {"metric": "nonsense"}),
        ("weekly.tz", {"weekly": {"from": "22:00", "to": "06:00", "tz": "Mars/Olympus"}}),
        ("weekly.from", {"weekly": {"from": "25:00", "to": "06:00"}}),
    ],
)
async def test_a_bad_silence_is_refused_by_the_name_of_its_field(
    asker: Asker, field: str, body: dict[str, object]
) -> None:
    answer = await asker.post("/alerts/silences", {"ends_at": "2099-01-01T00:00:00Z", **body})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.body["detail"].startswith(f"{field}: ")


async def test_the_timeline_says_what_was_silenced_and_where(asker: Asker) -> None:
    body = {"ends_at": "2099-01-01T00:00:00Z", "select": "tag:ci"}
    made = await asker.post("/alerts/silences", body)
    await asker.post("/alerts/silences", {**body, "metric": "cpu.percent", "select": ""})
    await asker.delete(f"/alerts/silences/{made.body['id']}")
    events = (await asker.get("/events?kind=alert")).body["items"]
    assert [each["message"] for each in events] == [
        "all alerts on tag:ci no longer silenced",
        "cpu.percent silenced until 2099-01-01T00:00:00.000Z",
        "all alerts on tag:ci silenced until 2099-01-01T00:00:00.000Z",
    ]


async def test_what_is_silenced_is_told_once_the_silence_is_over(
    asker: Asker, machine: Machine, receiver: Receiver
) -> None:
    await channel(asker, receiver.url)
    body = {"server_id": machine.server_id, "metric": "cpu.percent", "ends_at": "2099-01-01T00:00:00Z"}
    silence = await asker.post("/alerts/silences", body)
    assert (silence.status, silence.body["active"]) == (201, True)
    await machine.threshold()
    await machine.threshold(metric="memory.percent", value=20)
    await machine.feed(95)
    await receiver.until(1)
    assert [each["alert"]["metric"] for each in receiver.heard] == ["memory.percent"]
    [alert] = [each for each in await machine.alerts() if each["metric"] == "cpu.percent"]
    assert (alert["status"], alert["silenced"], alert["silence_id"]) == ("firing", True, silence.body["id"])
    counts = (await asker.get("/alerts/counts")).body
    assert (counts["firing"], counts["silenced"], counts["by_severity"]["critical"]) == (2, 1, 1)
    assert (await asker.delete(f"/alerts/silences/{silence.body['id']}")).status == 204
    assert (await receiver.until(2))[1]["alert"]["id"] == alert["id"]


async def test_clients_hear_of_every_change(asker: Asker, machine: Machine) -> None:
    peer = Peer(await asker.http.ws_connect("/api/v1/ws"))
    await peer.send({"type": "auth", "token": asker.token})
    await peer.until("auth_success")
    await peer.request(type="subscribe", topic="alerts", server_id=machine.server_id)
    await machine.threshold(for_s=10)
    await machine.feed(95)
    assert (await peer.until("alert"))["alert"]["status"] == "pending"
    await machine.feed(96)
    firing = (await peer.until("alert"))["alert"]
    assert (firing["status"], firing["value"]) == ("firing", 96)
    await asker.post(f"/alerts/{firing['id']}/acknowledge", None)
    assert (await peer.until("alert"))["alert"]["status"] == "acknowledged"
    await machine.feed(10)
    assert (await peer.until("alert"))["alert"]["status"] == "resolved"
    await peer.close()


async def test_a_preview_says_when_it_would_have_fired(asker: Asker, machine: Machine) -> None:
    now_s = asker.running.hub.now_ms() / 1000
    began = now_s - 600 - 1_800_000_000
    for at, value in enumerate((10, 95, 96, 10, 97, 10)):
        await machine.feed(value, at_s=began + at * 60)
    body = {"threshold": {**THRESHOLD, "server_id": machine.server_id}, "hours": 1}
    found = await eventually(lambda: _preview(asker, body))
    assert found is not None
    assert (found["times"], found["servers"]) == (2, 1)
    assert [each["peak"] for each in found["episodes"]] == [97, 96]
    unkept = {"threshold": {**THRESHOLD, "metric": "server.up"}}
    refused = await asker.post("/alerts/thresholds/preview", unkept)
    assert (refused.status, refused.body["detail"].partition(":")[0]) == (400, "threshold.metric")


async def _preview(asker: Asker, body: dict[str, object]) -> dict[str, Any] | None:
    answer = await asker.post("/alerts/thresholds/preview", body)
    assert answer.status == 200, answer
    return dict(answer.body) if answer.body["times"] == 2 else None
