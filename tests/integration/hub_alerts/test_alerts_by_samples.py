"""Alerts of a real hub, by an agent that feeds chosen values: comparisons, times, hysteresis, labels."""

from typing import Any

import pytest

from tests.deadlines import eventually
from tests.integration.hub_alerts.conftest import Machine, sample, stamp

DISKS: list[dict[str, Any]] = [
    {"mount": "/", "total": 100, "used": 40, "percent": 40.0},
    {"mount": "/var", "total": 100, "used": 96, "percent": 96.0},
]


@pytest.mark.parametrize(
    ("comparison", "breaching", "fine"),
    [
        ("gt", 50.1, 50.0),
        ("gte", 50.0, 49.9),
        ("lt", 49.9, 50.0),
        ("lte", 50.0, 50.1),
        ("eq", 50.0, 50.1),
        ("ne", 50.1, 50.0),
    ],
)
async def test_a_comparison_fires_and_ends(
    machine: Machine, comparison: str, breaching: float, fine: float
) -> None:
    await machine.threshold(comparison=comparison, value=50)
    await machine.feed(fine)
    assert await machine.alerts() == []
    await machine.feed(breaching)
    [alert] = await machine.alerts()
    assert (alert["status"], alert["value"], alert["comparison"]) == ("firing", breaching, comparison)
    await machine.feed(fine)
    [ended] = await machine.alerts()
    assert (ended["id"], ended["status"], ended["last_value"]) == (alert["id"], "resolved", fine)


async def test_a_breach_waits_for_its_time_by_the_samples_own_clock(machine: Machine) -> None:
    await machine.threshold(for_s=30)
    await machine.feed(95, at_s=0)
    await machine.feed(95, at_s=29.999)
    [pending] = await machine.alerts()
    assert (pending["status"], pending["started_at"]) == ("pending", stamp(0))
    await machine.feed(95, at_s=30)
    assert await machine.states() == ["firing"]


async def test_a_pending_alert_that_goes_by_leaves_nothing(machine: Machine) -> None:
    await machine.threshold(for_s=30)
    await machine.feed(95, 95, 10)
    assert await machine.alerts() == []


async def test_an_alert_ends_only_beyond_its_clear_value(machine: Machine) -> None:
    await machine.threshold(clear_value=80)
    await machine.feed(95, 85, 81, 91)
    assert await machine.states() == ["firing"]
    await machine.feed(79)
    assert await machine.states() == ["resolved"]


async def test_a_new_breach_is_a_new_alert_and_there_is_one_open_at_most(machine: Machine) -> None:
    await machine.threshold()
    await machine.feed(95, 96, 97, 10, 95, 96)
    newer, older = await machine.alerts()
    assert (newer["status"], older["status"]) == ("firing", "resolved")
    assert newer["id"] != older["id"]


async def test_severities_of_one_metric_do_not_disturb_each_other(machine: Machine) -> None:
    await machine.threshold(value=80, severity="warning")
    await machine.threshold(value=95, severity="critical")
    await machine.feed(85, 97, 85, 97, 85)
    found = [(alert["severity"], alert["status"]) for alert in await machine.alerts()]
    assert found == [("critical", "resolved"), ("critical", "resolved"), ("warning", "firing")]


async def test_a_label_means_one_thing_and_none_means_all_together(machine: Machine) -> None:
    await machine.threshold(metric="disk.percent:/", value=90)
    await machine.threshold(metric="disk.percent:/var", value=90)
    await machine.threshold(metric="disk.percent", value=90)
    await machine.threshold(metric="disk.used", value=130)
    await machine.threshold(metric="disk.used", value=140)
    await machine.feed(1, disks=DISKS)
    found = {(alert["metric"], alert["target"], alert["value"]) for alert in await machine.alerts()}
    assert found == {
        ("disk.percent:/var", "/var", 96),
        ("disk.percent", "/var", 96),
        ("disk.used", None, 136),
    }


async def test_live_samples_are_judged_and_those_of_a_backlog_are_not(machine: Machine) -> None:
    await machine.threshold()
    batch = [{"seq": seq, **sample(99, seq)} for seq in (1, 2)]
    await machine.peer.send({"type": "metrics_batch", "samples": batch})
    assert (await machine.peer.until("ack"))["seq"] == 2
    assert await machine.alerts() == []
    await machine.peer.send({"type": "live", **sample(99, 3)})
    machine.seq = 2
    await machine.feed(98)
    [alert] = await machine.alerts()
    assert (alert["status"], alert["value"]) == ("firing", 99)


async def test_an_alert_says_what_the_machine_was_doing(machine: Machine) -> None:
    await machine.threshold(name="CPU busy", runbook="Look at it.")
    processes = [{"pid": pid, "name": f"p{pid}", "cpu_percent": float(pid)} for pid in range(1, 9)]
    await machine.feed(95.25, processes=processes)
    [listed] = await machine.alerts()
    assert listed["context"] is None
    alert = (await machine.asker.get(f"/alerts/{listed['id']}")).body
    assert alert["message"] == f"cpu.percent is 95.2 % > 90 % since {stamp(10)[:19].replace('T', ' ')} UTC"
    assert [each["pid"] for each in alert["context"]["processes"]] == [8, 7, 6, 5, 4]
    assert (alert["threshold_name"], alert["runbook"]) == ("CPU busy", "Look at it.")


async def test_a_window_tells_load_from_a_spike(machine: Machine) -> None:
    await machine.threshold(window_s=60, aggregation="avg", value=50)
    await machine.feed(10, 10, 10, 10, 10, 100, 10, 10)
    assert await machine.alerts() == []
    await machine.feed(90, 90, 90, 90)
    assert await machine.states() == ["firing"]


async def test_an_alert_keeps_firing_until_it_was_well_for_long_enough(machine: Machine) -> None:
    await machine.threshold(keep_firing_s=30)
    await machine.feed(95, 10, 10, 95, 10, 10, 10)
    assert await machine.states() == ["firing"]
    await machine.feed(10)
    assert await machine.states() == ["resolved"]


async def test_containers_that_ail_are_counted(machine: Machine) -> None:
    for metric in ("container.unhealthy", "container.stopped", "container.restarting:db"):
        await machine.threshold(metric=metric, comparison="gte", value=1)
    containers: list[dict[str, Any]] = [
        {"name": "web", "state": "running", "health": "unhealthy"},
        {"name": "job", "state": "exited", "exit_code": 0},
        {"name": "old", "state": "exited", "exit_code": 143},
        {"name": "bad", "state": "exited", "exit_code": 1},
        {"name": "db", "state": "running", "restarts": 4},
    ]
    await machine.feed(1, containers=containers)
    found = {(alert["metric"], alert["value"]) for alert in await machine.alerts()}
    assert found == {("container.unhealthy", 1), ("container.stopped", 1)}
    containers[-1]["restarts"] = 7
    await machine.feed(1, containers=containers)
    assert "container.restarting:db" in {alert["metric"] for alert in await machine.alerts()}


async def test_the_last_lines_of_the_machine_s_log_are_kept_with_an_alert(machine: Machine) -> None:
    await machine.reconnect(capabilities=["logs"])
    await machine.threshold()
    await machine.peer.send({"type": "metrics", "seq": 1, **sample(95, 0)})
    asked = await machine.peer.until("stream_open")
    assert asked["source"] == {"path": "/var/log/syslog", "tail": 20, "follow": False}
    stream = {"stream_id": asked["stream_id"]}
    await machine.peer.send({"type": "stream_close", **stream, "code": "not_found", "reason": "no file"})
    stream = {"stream_id": (await machine.peer.until("stream_open"))["stream_id"]}
    lines = [{"ts": None, "stream": "stdout", "line": f"line {at}"} for at in range(3)]
    await machine.peer.send(
        {"type": "stream_data", **stream, "lines": lines}, {"type": "stream_close", **stream}
    )
    alert = await eventually(lambda: _with_logs(machine))
    assert alert is not None
    assert [each["line"] for each in alert["logs"]] == ["line 0", "line 1", "line 2"]
    assert alert["log_source"] == "/var/log/messages"


async def _with_logs(machine: Machine) -> dict[str, Any] | None:
    [alert] = await machine.alerts()
    context = (await machine.asker.get(f"/alerts/{alert['id']}")).body["context"]
    return context if "logs" in context else None
