"""One command on many servers: asked about, watched row by row, folded, run again."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.deadlines import eventually
from tests.tui.screens.command_double import CommandOfDouble
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble

WEB = ("web-01", "web-02", "api-01", "api-02")


@pytest.fixture
async def fan(start_ui: StartUi, hub: HubDouble) -> AsyncIterator[Ui]:
    """Four servers that may run commands and an offline one, opened by a filter and `x`."""
    for name in (*WEB, "edge-07"):
        machine = hub.machines[f"id-{name}"]
        hub.machines[machine.id] = replace(machine, capabilities=("commands",), tags=(*machine.tags, "fan"))
    async with start_ui() as ui:
        await ui.sees("db-01", "● live", "x Run")
        await ui.press("slash")
        await ui.type("tag:fan")
        await ui.sees("5/12")
        await ui.press("enter", "x")
        await ui.sees("4 of 5 servers $", "edge-07", "offline", "· ready")
        yield ui


async def run(ui: Ui, hub: HubDouble, command: str = "uptime") -> list[CommandOfDouble]:
    """Type a command, confirm it by the number, and wait until all are followed."""
    await ui.type(command)
    await ui.press("enter")
    await ui.sees("Run on 4 servers?", "web-01", command)
    assert not hub.commands.all
    await ui.type("4")
    await eventually(lambda: getattr(ui.app.screen, "_armed", False), what="an armed dialog")
    await ui.press("enter")
    await followed(hub, 4)
    return [hub.commands.on(f"id-{name}") for name in WEB]


async def confirm(ui: Ui, number: str) -> None:
    """Answer the question by the number of servers."""
    await ui.type(number)
    await eventually(lambda: getattr(ui.app.screen, "_armed", False), what="an armed dialog")
    await ui.press("enter")


async def followed(hub: HubDouble, count: int) -> None:
    def is_followed() -> bool:
        wanted = [("command", one.id) for one in list(hub.commands.all.values())[-count:]]
        return len(wanted) == count and any(client.topics.issuperset(wanted) for client in hub.clients)

    await eventually(is_followed, what="followers")


async def test_many_servers_are_confirmed_by_their_number_and_shown_row_by_row(
    fan: Ui, hub: HubDouble
) -> None:
    commands = await run(fan, hub)
    await fan.sees("● 4 running")
    await hub.commands.prints(commands[0], b"up 3 days\n")
    await hub.commands.ends(commands[0])
    await hub.commands.ends(commands[1], 7)
    await fan.sees("✓ 1  ✖ 1  ● 2 running")
    assert "✓ 0" in fan.line_with("web-01")
    assert "up 3 days" in fan.line_with("web-01")
    assert "✖ 7" in fan.line_with("web-02")
    assert "offline" in fan.line_with("edge-07")


async def test_alike_outputs_fold_into_groups_and_the_others_are_one_key_away(
    fan: Ui, hub: HubDouble
) -> None:
    commands = await run(fan, hub)
    for one in commands:
        await hub.commands.prints(one, b"odd\n" if one.server_id == "id-api-01" else b"same\n")
        await hub.commands.ends(one)
    await fan.sees("✓ 4")
    await fan.press("u")
    await fan.sees("WHICH", "web-01, web-02")
    assert "same" in fan.lines()[2]
    assert "api-01" in fan.lines()[3]
    await fan.press("j")
    await fan.sees("─ api-01")
    assert "odd" in fan.text().partition("─ api-01")[2]


async def test_the_failed_ones_are_run_again_and_the_others_kept(fan: Ui, hub: HubDouble) -> None:
    commands = await run(fan, hub, "make")
    await hub.commands.ends(commands[0])
    for one in commands[1:]:
        await hub.commands.ends(one, 2)
    await fan.sees("✓ 1  ✖ 3", "R Rerun failed")
    await fan.press("R")
    await fan.sees("Run on 3 servers?")
    await fan.type("3")
    await eventually(lambda: getattr(fan.app.screen, "_armed", False), what="an armed dialog")
    await fan.press("enter")
    await followed(hub, 3)
    await fan.sees("✓ 1  ● 3 running")
    assert len(hub.commands.all) == 7


async def test_ctrl_c_stops_all_and_a_second_one_kills(fan: Ui, hub: HubDouble) -> None:
    commands = await run(fan, hub, "sleep 60")
    await fan.press("ctrl+c")
    await eventually(lambda: all(one.cancels == [False] for one in commands))
    await fan.press("ctrl+c")
    await eventually(lambda: all(one.cancels == [False, True] for one in commands))


async def test_a_wrong_number_runs_nothing_and_the_command_is_kept(fan: Ui, hub: HubDouble) -> None:
    await fan.type("uptime")
    await fan.press("enter")
    await fan.sees("Run on 4 servers?")
    await fan.type("5")
    await fan.press("enter", "escape")
    await fan.sees("4 of 5 servers $ uptime")
    assert not hub.commands.all


async def test_for_one_server_no_number_is_promised(start_ui: StartUi, hub: HubDouble) -> None:
    machine = hub.machines["id-web-01"]
    hub.machines[machine.id] = replace(machine, capabilities=("commands",))
    async with start_ui() as ui:
        await ui.sees("db-01", "● live", "x Run")
        await ui.press("slash")
        await ui.type("web-01")
        await ui.sees("1/12")
        await ui.press("enter", "x")
        await ui.sees("1 server $", "What you type runs on this server")
        assert "how many" not in ui.text()


async def test_without_anything_to_run_there_is_no_key(ui: Ui) -> None:
    assert "x Run" not in ui.text()
    await ui.press("x")
    await ui.sees("db-01", "SERVER")


async def test_the_first_servers_go_ahead_and_the_others_wait_for_a_look(fan: Ui, hub: HubDouble) -> None:
    await fan.press("ctrl+o")
    await fan.sees("How to run it on many servers", "First", "Stop after", "At once")
    await fan.type("1")
    await fan.press("enter")
    await fan.type("2")
    await fan.press("enter", "enter")
    await fan.sees("4 of 5 servers, first 1 $")
    await fan.type("uptime")
    await fan.press("enter")
    await fan.sees("Run on 4 servers?", "first 1, the rest when you say so")
    await confirm(fan, "4")
    await followed(hub, 1)
    await fan.sees("· 3 wait", "· waits")
    await hub.commands.ends(hub.commands.newest)
    await fan.sees("✓ 1  · 3 wait", "c Go on")
    await fan.press("c")
    await followed(hub, 3)
    await fan.sees("✓ 1  ● 3 running")
    assert [
        (len(one.server_ids), one.stop_after_failures, one.concurrency) for one in hub.commands.batches
    ] == [
        (1, 2, 20),
        (3, 2, 20),
    ]


async def test_where_the_first_one_failed_going_on_is_asked_about(fan: Ui, hub: HubDouble) -> None:
    await fan.press("ctrl+o")
    await fan.sees("How to run it on many servers")
    await fan.type("1")
    await fan.press("enter", "enter", "enter")
    await fan.type("make")
    await fan.press("enter")
    await fan.sees("Run on 4 servers?")
    await confirm(fan, "4")
    await followed(hub, 1)
    await hub.commands.ends(hub.commands.newest, 2)
    await fan.sees("✖ 1  · 3 wait", "c Go on")
    await fan.press("c")
    await fan.sees("Go on all the same?", "3 more servers")
    await fan.press("n")
    await fan.sees("· 3 wait")
    assert len(hub.commands.all) == 1


async def test_what_is_no_number_is_told_and_changes_nothing(fan: Ui, hub: HubDouble) -> None:
    await fan.press("ctrl+o")
    await fan.sees("How to run it on many servers")
    await fan.type("some")
    await fan.press("enter", "enter", "enter")
    await fan.sees("First takes a number from 0 to 100000, or nothing.")
    await fan.press("escape")
    await fan.sees("4 of 5 servers $")
    assert not hub.commands.batches


async def test_marked_servers_alone_are_asked(start_ui: StartUi, hub: HubDouble) -> None:
    for name in WEB:
        machine = hub.machines[f"id-{name}"]
        hub.machines[machine.id] = replace(machine, capabilities=("commands",))
    async with start_ui() as ui:
        await ui.sees("db-01", "● live", "x Run")
        await ui.press("slash")
        await ui.type("web")
        await ui.sees("2/12")
        await ui.press("enter", "space", "space")
        assert all("▌" in ui.line_with(name) for name in ("web-01", "web-02"))
        await ui.press("x")
        await ui.sees("2 servers $", "web-01", "web-02")
        await ui.press("escape", "escape")
        await ui.sees("2/12")
        await ui.press("escape")
        await ui.sees("db-01")
        assert "▌" in ui.line_with("web-01")
        await ui.press("escape")
        await ui.sees_no("▌")
