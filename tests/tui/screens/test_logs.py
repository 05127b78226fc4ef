"""The logs of one server: a file or a unit, followed, filtered, paused, coloured."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chatops_wire.streams import LogSource
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble

SYSLOG = LogSource(path="/var/log/syslog", tail=500)


@pytest.fixture
async def logs(start_ui: StartUi, hub: HubDouble) -> AsyncIterator[Ui]:
    """The logs of db-01; a viewer may read them."""
    machine = hub.machines["id-db-01"]
    hub.machines[machine.id] = replace(machine, capabilities=("logs",), role="viewer")
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("6 Logs")
        await ui.press("6")
        await ui.sees("Press o and name a file", "o Open")
        yield ui


async def follow(ui: Ui, hub: HubDouble, name: str = "/var/log/syslog") -> None:
    await ui.press("o")
    await ui.sees("Follow a log")
    await ui.type(name)
    await ui.press("enter")
    await eventually(
        lambda: any(("logs", name) in client.topics for client in hub.clients), what="a follower"
    )
    await ui.sees(f"─ {name} ── ● following")


async def test_a_file_is_followed_and_its_levels_filtered(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub)
    await hub.logs.write(
        SYSLOG, "db-01 sshd: session opened", "app ERROR pool exhausted", "app WARN retry \x1b[31mred"
    )
    await logs.sees("session opened", "pool exhausted", "retry red", "3 lines")
    await logs.press("v", "v")
    await logs.sees("warnings and worse", "pool exhausted", "retry")
    assert "session opened" not in logs.text()
    await logs.press("v")
    await logs.sees_no("retry")
    await logs.press("v")
    await logs.sees("session opened")


async def test_a_filter_narrows_while_one_types_and_escape_clears_it(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub)
    await hub.logs.write(SYSLOG, *(f"line {n}" for n in range(30)), "other")
    await logs.sees("line 29", "other")
    await logs.press("slash")
    await logs.type("line !29")
    await logs.sees("29/31", "line 28")
    assert "line 29" not in logs.text()
    await logs.press("enter", "escape")
    await logs.sees("other", "6 Logs")


async def test_a_pause_stops_the_picture_and_counts_what_comes(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub)
    await hub.logs.write(SYSLOG, "first")
    await logs.sees("first")
    await logs.press("space")
    await logs.sees("‖ paused")
    await hub.logs.write(SYSLOG, "second", "third")
    await logs.sees("paused, 2 new")
    assert "second" not in logs.text()
    await logs.press("space")
    await logs.sees("● following", "second", "third")


async def test_a_log_without_lines_says_so(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub)
    await logs.sees("No lines yet.")
    await hub.logs.write(SYSLOG, "first")
    await logs.sees("first")
    await logs.press("slash")
    await logs.type("nowhere")
    await logs.sees("No line matches.")


async def test_what_cannot_be_followed_says_why(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub, "nginx.service")
    unit = LogSource(unit="nginx.service", tail=500)
    await hub.logs.end(unit, "there is no such unit")
    await logs.sees("✖ there is no such unit")


async def test_the_reason_is_there_to_its_last_word(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub, "/etc/shadow")
    source = LogSource(path="/etc/shadow", tail=500)
    await hub.logs.end(source, "only files below --log-path (/var/log) may be followed, not the last word")
    await logs.sees("✖ only files below", "the last word")


async def test_a_log_is_asked_for_by_a_whole_word(logs: Ui) -> None:
    await logs.press("o")
    await logs.sees("Follow a log", "Log   ", "/var/log/syslog or nginx.service")


async def test_lines_that_are_marked_are_counted(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub)
    await hub.logs.write(SYSLOG, "one", "two", "two")
    await logs.sees("3 lines")
    await logs.press("h")
    await logs.type("one")
    await logs.sees("1 line ")
    await logs.press("ctrl+u")
    await logs.type("two")
    await logs.sees("2 lines")


async def test_another_source_takes_the_place_and_leaving_ends_it(logs: Ui, hub: HubDouble) -> None:
    await follow(logs, hub)
    await logs.press("o")
    await logs.sees("Follow a log")
    await logs.press("ctrl+u")
    await logs.type("cron.service")
    await logs.press("enter")
    await logs.sees("─ cron.service ── ● following", "0 lines")
    await eventually(lambda: not any(("logs", "/var/log/syslog") in client.topics for client in hub.clients))
    await logs.press("escape")
    await eventually(lambda: not any(("logs", "cron.service") in client.topics for client in hub.clients))
