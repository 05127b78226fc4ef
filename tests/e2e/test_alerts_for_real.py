"""Alerts from the machine to the screen: real hub, real agent, the command line, and the UI in a terminal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.demo_process import Demo, running
from tests.integration.client.program import Ran, chatops, in_terminal

HOT = "memory.percent > 0"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("alerts") / "demo") as demo:
        yield demo


def who(demo: Demo) -> dict[str, str]:
    return {
        "CHATOPS_URL": demo.facts["url"],
        "CHATOPS_USERNAME": demo.facts["username"],
        "CHATOPS_PASSWORD": demo.facts["password"],
    }


async def run(demo: Demo, *arguments: str, stdin: bytes = b"") -> Ran:
    return await chatops(*arguments, stdin=stdin, **who(demo))


async def asked(demo: Demo, *arguments: str, stdin: bytes = b"") -> Any:  # noqa: ANN401 - JSON
    """Return what a command that must succeed has printed as JSON."""
    ran = await run(demo, *arguments, "--json", stdin=stdin)
    assert (ran.status, ran.err) == (0, "")
    return json.loads(ran.out)


async def alerts_of(demo: Demo, threshold_id: str, *arguments: str) -> list[dict[str, Any]]:
    found = await asked(demo, "alerts", "--all", *arguments)
    return [alert for alert in found if alert["threshold_id"] == threshold_id]


async def fired(demo: Demo, threshold_id: str) -> dict[str, Any]:
    """Return the alert of a threshold once it fires."""

    async def firing() -> list[dict[str, Any]]:
        return [one for one in await alerts_of(demo, threshold_id) if one["status"] == "firing"]

    found: list[dict[str, Any]] = await eventually(firing, deadline_s=3 * DEADLINE_S)
    return found[0]


async def test_an_alert_is_acknowledged_and_resolved_by_hand(demo: Demo) -> None:
    made = await asked(demo, "thresholds", "add", HOT, "--name", "by hand", "--severity", "info")
    alert = await fired(demo, made["id"])
    assert (alert["server_id"], alert["severity"]) == (demo.facts["server_id"], "info")

    (acked,) = await asked(demo, "ack", alert["id"], "-m", "mine")
    assert (acked["status"], acked["acknowledged_by"]) == ("acknowledged", demo.facts["username"])
    assert acked["comments"][-1]["text"] == "mine"
    (ended,) = await asked(demo, "resolve", alert["id"])
    assert ended["status"] == "resolved"
    await asked(demo, "thresholds", "remove", made["id"])


async def test_a_silence_holds_and_ends(demo: Demo) -> None:
    made = await asked(demo, "thresholds", "add", HOT, "--name", "silenced", "--severity", "warning")
    await fired(demo, made["id"])
    name = next(one["name"] for one in await asked(demo, "servers"))
    silence = await asked(demo, "silence", name, "--metric", "memory.percent", "--for", "1h")
    await eventually(lambda: _silenced(demo, made["id"], wanted=True), deadline_s=3 * DEADLINE_S)
    await asked(demo, "silence", "--end", silence["id"])
    await eventually(lambda: _silenced(demo, made["id"], wanted=False), deadline_s=3 * DEADLINE_S)
    await asked(demo, "thresholds", "remove", made["id"])


async def _silenced(demo: Demo, threshold_id: str, *, wanted: bool) -> bool:
    found = [one for one in await alerts_of(demo, threshold_id) if one["status"] == "firing"]
    return bool(found) and found[0]["silenced"] is wanted


async def test_a_preview_tells_what_would_have_been(demo: Demo) -> None:
    told = await asked(demo, "thresholds", "preview", HOT)
    assert told["servers"] == 1
    assert told["times"] >= 1
    assert (await asked(demo, "thresholds", "preview", "memory.percent > 100"))["times"] == 0


async def test_a_file_is_planned_applied_and_then_as_it_is(demo: Demo, tmp_path: Path) -> None:
    file = tmp_path / "thresholds.toml"
    text = '[[threshold]]\nname = "from file"\nwhen = "disk.percent > {value}"\nfor = "5m"\nclear = 80\n'
    file.write_text(text.format(value=97))
    before = await asked(demo, "thresholds")
    planned = await asked(demo, "plan", str(file))
    assert [one["name"] for one in planned["create"]] == ["from file"]
    assert await asked(demo, "thresholds") == before

    assert (await asked(demo, "apply", str(file)))["applied"] is True
    assert (await asked(demo, "plan", str(file)))["create"] == []
    file.write_text(text.format(value=98))
    changed = (await asked(demo, "apply", str(file)))["change"]
    assert [one["fields"] for one in changed] == [{"value": 98.0}]
    again = await asked(demo, "apply", str(file))
    assert (again["create"], again["change"]) == ([], [])
    assert len(again["unmanaged"]) == len(before)
    await asked(demo, "thresholds", "remove", "from file")


async def test_what_the_hub_refuses_names_the_field(demo: Demo) -> None:
    ran = await run(demo, "thresholds", "add", "load.1 > 3", "--clear", "9")
    assert ran.status == 1
    assert "clear_value" in ran.err


async def test_the_audit_log_tells_who_made_a_threshold(demo: Demo) -> None:
    made = await asked(demo, "thresholds", "add", "load.1 > 1000", "--name", "audited")
    await asked(demo, "thresholds", "remove", made["id"])
    entries = await asked(demo, "audit", "--user", demo.facts["username"], "--action", "threshold", "-n", "2")
    assert len(entries) == 2
    assert {entry["result"] for entry in entries} == {"ok"}
    assert await asked(demo, "audit", "--user", "nobody") == []


async def test_a_terminal_hears_of_a_new_critical_alert(demo: Demo) -> None:
    async with in_terminal(size=(100, 30), LC_ALL="C.UTF-8", **who(demo)) as terminal:
        await terminal.shows("● live".encode())
        # The bar of the screen that waits; what fires before the UI knows what did is no news.
        terminal.type(b"a")
        await terminal.shows(b"Thresholds")
        made = await asked(demo, "thresholds", "add", HOT, "--name", "loud", "--severity", "critical")
        await fired(demo, made["id"])
        await terminal.shows(b"\x1b]9;ChatOps: ")
        await asked(demo, "thresholds", "remove", made["id"])
        terminal.type(b"\x11")
        assert await terminal.ends() == 0
