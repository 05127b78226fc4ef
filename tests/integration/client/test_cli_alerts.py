"""`chatops alerts` and its kin as a shell runs them: output, exit status, what the hub is asked for."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_wire.codes import ErrorCode
from chatops_wire.rest_alerts import ChannelTest
from tests.integration.client.program import Ran, chatops
from tests.tui.screens.alert_seeds import seed
from tests.tui.screens.hub_double import PASSWORD, HubDouble


@pytest.fixture
async def hub() -> AsyncIterator[HubDouble]:
    """A hub with something of everything."""
    double = HubDouble()
    seed(double.alerts)
    await double.start()
    yield double
    await double.stop()


async def run(hub: HubDouble, *arguments: str, stdin: bytes = b"") -> Ran:
    who = {"CHATOPS_USERNAME": "admin", "CHATOPS_PASSWORD": PASSWORD, "CHATOPS_URL": hub.url}
    return await chatops(*arguments, stdin=stdin, **who)


async def told(hub: HubDouble, *arguments: str, stdin: bytes = b"") -> str:
    """Return what a command that must succeed has printed."""
    ran = await run(hub, *arguments, stdin=stdin)
    assert (ran.status, ran.err) == (0, "")
    return ran.out.decode()


async def test_open_alerts_come_with_what_fires_first(hub: HubDouble) -> None:
    lines = (await told(hub, "alerts")).splitlines()
    assert [line.split()[3] for line in lines[1:]] == [
        *("db-01", "edge-07", "api-03", "backup-01", "cache-01", "build-01"),
    ]
    assert "disk.percent:/var > 90%" in lines[1]
    assert "silenced" in lines[4]


async def test_alerts_as_json_by_status_and_server(hub: HubDouble) -> None:
    found = json.loads(await told(hub, "alerts", "--json", "--status", "resolved", "--server", "db-01"))
    assert [(item["server_name"], item["status"]) for item in found] == [("db-01", "resolved")] * 3
    every = json.loads(await told(hub, "alerts", "--json", "--all"))
    assert len(every) == len(hub.alerts.all)


async def test_an_alert_is_acknowledged_by_the_beginning_of_its_id(hub: HubDouble) -> None:
    hub.alerts.make("web-01", id="f00dcafe-1")
    assert await told(hub, "ack", "f00d", "-m", "mine") == "web-01: cpu.percent is acknowledged\n"
    assert hub.alerts.all["f00dcafe-1"].comments[0].text == "mine"
    hub.alerts.make("web-02", id="f00dcafe-2")
    ran = await run(hub, "resolve", "f00d", "f00dcafe-2", "--json")
    assert (ran.status, ran.err) == (1, "chatops: f00d: 2 ids begin so, type more of it\n")
    assert [item["status"] for item in json.loads(ran.out)] == ["resolved"]


async def test_what_the_hub_refuses_is_told_for_each(hub: HubDouble) -> None:
    hub.alerts.refuse = (403, ErrorCode.FORBIDDEN, "your role only reads")
    ran = await run(hub, "ack", "a1", "a2")
    assert ran.status == 1
    assert ran.err.count("your role only reads") == 2


async def test_silences_are_made_shown_and_ended(hub: HubDouble) -> None:
    hub.alerts.silences.clear()
    assert await told(hub, "silence") == "no silences\n"
    made = json.loads(
        await told(hub, "silence", "db-01", "--metric", "disk.percent", "--for", "2h", "-m", "copy", "--json")
    )
    assert (made["server_id"], made["metric"], made["comment"]) == ("id-db-01", "disk.percent", "copy")
    assert "for ever" in await told(hub, "silence", "--select", "tag:web", "--weekly", "sun 02:00-04:00")
    shown = await told(hub, "silence", "--list")
    assert "db-01" in shown
    assert "tag:web" in shown
    assert await told(hub, "silence", "--end", made["id"]) == "the silence has ended\n"
    assert made["id"] not in hub.alerts.silences


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("silence", "db-01"), 2, "for: how long is missing"),
        (("silence", "db-01", "--select", "x", "--for", "1h"), 2, "a server or --select, not both"),
        (("silence", "nobody", "--for", "1h"), 1, "no server is called 'nobody'"),
        (("thresholds", "add", "cpu > 3"), 2, "condition: unknown metric 'cpu'"),
        (("thresholds", "add", "load.1 > 3", "--for", "x"), 2, "for: 'x' is no duration"),
        (("thresholds", "edit", "nothing", "--for", "1m"), 1, "no threshold is called 'nothing'"),
        (("thresholds", "remove", "load", "nothing"), 1, "no threshold is called 'nothing'"),
        (("channels", "remove", "nothing"), 1, "no channel is called 'nothing'"),
        (("channels", "add", "x", "json://h:1", "--repeat", "often"), 2, "repeat: 'often' is no duration"),
        (("channels", "add", "x", "-"), 2, "address: nothing has come"),
        (("plan", "/nowhere/thresholds.toml"), 2, "/nowhere/thresholds.toml cannot be read"),
        (("ack",), 2, "the following arguments are required: ID"),
        (("alerts", "--status", "loud"), 2, "invalid choice"),
    ],
)
async def test_what_is_wrong_is_told_with_a_status(
    hub: HubDouble, arguments: tuple[str, ...], status: int, said: str
) -> None:
    ran = await run(hub, *arguments)
    assert ran.status == status
    assert said in ran.err
    assert ran.out == b""
    assert len(hub.alerts.thresholds) == 4


async def test_thresholds_are_added_edited_tried_and_removed(hub: HubDouble) -> None:
    assert "disk.percent > 95% for 1m, ends at 93%" in await told(hub, "thresholds")
    made = json.loads(
        await told(
            hub,
            *("thresholds", "add", "disk.percent:/srv > 90", "--name", "srv", "--for", "5m"),
            *("--severity", "crit", "--on", "web-01", "--disable", "--json"),
        )
    )
    assert (made["server_id"], made["for_s"], made["enabled"]) == ("id-web-01", 300.0, False)
    edited = json.loads(
        await told(hub, "thresholds", "edit", "srv", "--for", "", "--clear", "80", "--enable", "--json")
    )
    assert (edited["for_s"], edited["clear_value"], edited["enabled"]) == (0.0, 80.0, True)
    assert (edited["server_id"], edited["severity"]) == ("id-web-01", "critical")
    assert "would have fired 3 times" in await told(hub, "thresholds", "preview", "load.1 > 8")
    assert await told(hub, "thresholds", "remove", "srv") == "removed srv\n"
    assert made["id"] not in hub.alerts.thresholds


async def test_channels_are_added_edited_tested_and_removed(hub: HubDouble) -> None:
    added = ("channels", "add", "pager", "-", "--severity", "critical", "--escalate-after", "15m")
    made = json.loads(
        await told(hub, *added, "--escalate-to", "team", "--json", stdin=b"json://h:1/secret\n")
    )
    assert (made["min_severity"], made["escalate_after_s"]) == ("critical", 900.0)
    assert hub.alerts.channels[made["escalate_to"]].name == "team"
    assert "pager" in await told(hub, "channels")
    assert "changed: pager" in await told(hub, "channels", "edit", "pager", "--quiet", "22:00-07:00 UTC")
    assert "delivered to pager: status 200 (38 ms)" in await told(hub, "channels", "test", "pager")
    hub.alerts.test = ChannelTest(delivered=False, message="refused", duration_ms=1)
    ran = await run(hub, "channels", "test", "pager")
    assert (ran.status, ran.err) == (1, "chatops: not delivered to pager: refused (1 ms)\n")
    assert await told(hub, "channels", "remove", "pager") == "removed pager\n"


FILE = """
[[threshold]]
name = "disk full"
when = "disk.percent > 97"
for = "1m"
severity = "critical"
clear = 93

[[threshold]]
name = "busy web"
when = "cpu.percent > 90"
on = "web-01"
"""


async def test_a_plan_changes_nothing_and_applying_it_leaves_nothing_to_do(
    hub: HubDouble, tmp_path: Path
) -> None:
    file = tmp_path / "thresholds.toml"
    file.write_text(FILE)
    shown = await told(hub, "plan", str(file))
    assert "+ busy web: warning, cpu.percent > 90%, on web-01" in shown
    assert "~ disk full\n    value: 95.0 -> 97.0\n" in shown
    assert "? load: " in shown
    assert "1 to add, 1 to change, 0 to remove, 0 as they are, 3 not in the file" in shown
    assert len(hub.alerts.thresholds) == 4
    assert not hub.alerts.patches

    assert (await told(hub, "apply", str(file))).endswith("applied\n")
    assert "0 to add, 0 to change, 0 to remove, 2 as they are" in await told(hub, "plan", str(file))
    again = json.loads(await told(hub, "apply", str(file), "--json"))
    assert (again["create"], again["change"], again["remove"]) == ([], [], [])
    assert {item["name"] for item in again["unmanaged"]} == {"disk nearly full", "server down", "load"}


async def test_pruning_removes_what_one_may(hub: HubDouble) -> None:
    await told(hub, "apply", "-", "--prune", stdin=FILE.encode())
    names = {one.name for one in hub.alerts.thresholds.values()}
    assert names == {"disk full", "busy web", "server down"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[", "- is no TOML"),
        ('[[threshold]]\nwhen = "load.1 > 3"', "threshold 1 has no name"),
        ('[[threshold]]\nname = "a"\nwhen = "load.1 > 3"\nserver = "x"', "server: no server"),
    ],
)
async def test_a_file_that_is_wrong_changes_nothing(hub: HubDouble, text: str, said: str) -> None:
    ran = await run(hub, "apply", "-", stdin=text.encode())
    assert ran.status == 2
    assert said in ran.err
    assert not hub.alerts.patches


@pytest.mark.parametrize("job", ["plan", "apply"])
async def test_what_only_the_hub_knows_to_be_wrong_changes_nothing_either(hub: HubDouble, job: str) -> None:
    hub.alerts.refuse = (400, ErrorCode.INVALID_REQUEST, "clear_value: with gt it may not be above value")
    ran = await run(hub, job, "-", stdin=FILE.encode())
    said = "chatops: 'disk full': clear_value: with gt it may not be above value\n"
    assert (ran.status, ran.out, ran.err) == (2, b"", said)
    assert not hub.alerts.patches
    hub.alerts.refuse = (403, ErrorCode.FORBIDDEN, "not yours")
    assert (await run(hub, job, "-", stdin=FILE.encode())).status == 1
    assert not hub.alerts.patches


async def test_events_of_a_server(hub: HubDouble) -> None:
    assert "agent connected" in await told(hub, "events", "db-01")
    found = json.loads(await told(hub, "events", "db-01", "-n", "1", "--json"))
    assert [item["server_id"] for item in found] == ["id-db-01"]


async def test_a_terminal_is_sent_nothing_remote_can_abuse(hub: HubDouble) -> None:
    hub.alerts.make("web-01", message="\x1b]0;owned\x07x", threshold_name="\x1b[31m")
    assert "\x1b" not in await told(hub, "alerts")
