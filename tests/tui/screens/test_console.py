"""The console of one server: run, watch, stop, read, find, keep."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from chatops_tui.render.charset import Charset, substitute
from chatops_wire.codes import ErrorCode
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble


@pytest.fixture
async def console(start_ui: StartUi, hub: HubDouble) -> AsyncIterator[Ui]:
    """The console of db-01, open."""
    machine = hub.machines["id-db-01"]
    hub.machines[machine.id] = replace(machine, capabilities=("commands",))
    hub.commands.past = ["df -h", "uptime"]
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("7 Console")
        await ui.press("7")
        await ui.sees("db-01 $", "audit log")
        yield ui


async def run(ui: Ui, hub: HubDouble, command: str) -> None:
    """Type a command, and wait until the hub has it and is followed."""
    before = len(hub.commands.all)
    await ui.type(command)
    await ui.press("enter")
    await eventually(lambda: len(hub.commands.all) > before, what="a command at the hub")
    wanted = ("command", hub.commands.newest.id)
    await eventually(lambda: any(wanted in client.topics for client in hub.clients), what="a follower")


async def test_output_comes_live_and_the_end_with_exit_code_and_duration(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "df -h /var")
    await console.sees("#1 ● running", "df -h /var")
    await hub.commands.prints(
        hub.commands.newest, b"Filesystem  Size\n\x1b[31m/dev/sda\x1b[0m\x1b]0;title\x07  1T\n"
    )
    await console.sees("Filesystem  Size", "/dev/sda  1T", "● running")
    await hub.commands.ends(hub.commands.newest, 3)
    await console.sees("#1 ✖ 3  1.4s  df -h /var")
    assert "title" not in console.text()


@pytest.mark.parametrize("charset", get_args(Charset))
async def test_what_comes_from_stderr_has_a_bar_in_every_character_set(
    console: Ui, hub: HubDouble, charset: Charset
) -> None:
    await run(console, hub, "ls /nowhere")
    await hub.commands.prints(hub.commands.newest, b"fine\n")
    await hub.commands.prints(hub.commands.newest, b"no such file\n", "stderr")
    await console.sees("no such file", " fine")
    before = substitute(console.line_with("no such file").split("no such file")[0], charset)
    assert before.strip(), "no bar"


async def test_several_run_at_once(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "sleep 60")
    first = hub.commands.newest
    await run(console, hub, "uptime")
    await hub.commands.prints(hub.commands.newest, b"up 41 days\n")
    await hub.commands.prints(first, b"still here\n")
    await hub.commands.ends(hub.commands.newest)
    await console.sees("#1 ● running", "still here", "#2 ✓ 0", "up 41 days")


async def test_ctrl_c_stops_and_a_second_one_kills(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "sleep 60")
    await console.press("ctrl+c")
    await eventually(lambda: hub.commands.newest.cancels == [False])
    await console.press("ctrl+c")
    await eventually(lambda: hub.commands.newest.cancels == [False, True])
    await hub.commands.ends(hub.commands.newest, None, status="cancelled", signal=9)
    await console.sees("#1 ○ stopped")
    await console.press("ctrl+c")
    await console.sees("Press q to go back")


async def test_the_key_that_stops_is_in_sight_while_one_reads(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "sleep 60")
    await console.press("escape")
    await console.sees("f Follow", "^c Stop", "? Help")
    await hub.commands.ends(hub.commands.newest)
    await console.sees_no("^c Stop")


async def test_arrows_go_through_the_history_of_the_hub_and_this_session(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "w")
    await console.press("up", "up")
    await console.sees("db-01 $ df -h")
    await console.press("up")
    await console.sees("db-01 $ uptime")
    await console.press("down", "down", "down")
    await eventually(lambda: console.line_with("db-01 $").strip() == "db-01 $")


async def test_ctrl_r_finds_a_command_and_only_puts_it_on_the_line(console: Ui, hub: HubDouble) -> None:
    await console.press("ctrl+r")
    await console.sees("Search the history", "df -h", "uptime", "⏎ Put on the line", "esc Cancel")
    await console.type("upt")
    await console.sees_no("df -h")
    await console.press("enter")
    await console.sees("db-01 $ uptime")
    assert not hub.commands.all


async def test_a_dangerous_command_is_asked_about_first(console: Ui, hub: HubDouble) -> None:
    await console.type("rm -rf /var/lib/db")
    await console.press("enter")
    await console.sees("Run this?", "rm -rf", "db-01", "n Cancel")
    await console.press("n")
    await console.sees("db-01 $ rm -rf /var/lib/db")
    assert not hub.commands.all
    await console.press("enter")
    await console.sees("Run this?")
    await eventually(lambda: console.app.screen.check_action("answer", (True,)), what="an armed dialog")
    await console.press("y")
    await eventually(lambda: hub.commands.newest.command == "rm -rf /var/lib/db")


async def test_what_the_hub_refuses_is_said_at_the_command(console: Ui, hub: HubDouble) -> None:
    hub.commands.refuse = (403, ErrorCode.NOT_ALLOWED, "this agent does not allow commands")
    await console.type("id")
    await console.press("enter")
    await console.sees("#1 ✖ not run", "this agent does not allow commands")


async def test_a_run_whose_agent_is_gone_is_lost_and_keeps_its_output(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "make")
    await hub.commands.prints(hub.commands.newest, b"cc main.c\n")
    await hub.commands.ends(hub.commands.newest, None, status="lost")
    await console.sees("#1 ○ lost", "cc main.c", "how it went on is not known")


async def test_a_run_survives_the_loss_of_the_hub_with_nothing_twice(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "seq 3")
    await hub.commands.prints(hub.commands.newest, b"one\n")
    await console.sees("one")
    await hub.stop()
    await console.sees("#1 ○ unknown", "nothing can be run")
    await hub.commands.prints(hub.commands.newest, b"two\n")
    await hub.start()
    await console.press("f5")
    await console.sees("#1 ● running", "two")
    assert console.text().count("one") == 1


async def test_an_offline_server_takes_no_commands(console: Ui, hub: HubDouble) -> None:
    await hub.change(replace(hub.machines["id-db-01"], status="offline"))
    await console.sees("db-01 is offline: nothing can be run there.")


@pytest.mark.parametrize(("capabilities", "role"), [((), "admin"), (("commands",), "viewer")])
async def test_without_the_agents_leave_or_the_role_there_is_no_console(
    start_ui: StartUi, hub: HubDouble, capabilities: tuple[str, ...], role: str
) -> None:
    hub.machines["id-db-01"] = replace(hub.machines["id-db-01"], capabilities=capabilities, role=role)  # type: ignore[arg-type]
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("5 Host", "checkpointer")
        await ui.press("7")
        await ui.sees("checkpointer")
        assert "Console" not in ui.text()


async def test_escape_goes_up_into_the_output_to_search_choose_copy_and_save(
    console: Ui, hub: HubDouble, tmp_path: Path
) -> None:
    await run(console, hub, "seq 100")
    await hub.commands.prints(hub.commands.newest, b"".join(b"line %d\n" % n for n in range(100)))
    await hub.commands.ends(hub.commands.newest)
    await run(console, hub, "true")
    await hub.commands.ends(hub.commands.newest)
    await console.sees("#2 ✓ 0", "line 99")
    await console.press("escape", "left_square_bracket")
    await console.sees("#1 ✓ 0", "line 3")
    await console.press("y")
    await eventually(lambda: console.app.clipboard.startswith("line 0\nline 1\n"))
    await console.press("slash")
    await console.type("line 42")
    await console.sees("line 42", "1 line")
    await console.press("enter", "s")
    await console.sees("Save the whole output")
    await console.press("ctrl+u")
    await console.type(str(tmp_path / "out.log"))
    await console.press("enter")
    await console.sees("790 bytes are in")
    assert (tmp_path / "out.log").read_bytes().endswith(b"line 99\n")
    await console.press("enter")
    await console.type("x")
    await console.sees("db-01 $ x")


async def test_a_setting_replaces_what_is_asked_about(start_ui: StartUi, hub: HubDouble) -> None:
    hub.machines["id-db-01"] = replace(hub.machines["id-db-01"], capabilities=("commands",))
    async with start_ui(confirm=("upt.me",)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("enter")
        await ui.sees("7 Console")
        await ui.press("7")
        await ui.sees("db-01 $")
        await run(ui, hub, "rm -rf /tmp/x")
        await ui.type("uptime")
        await ui.press("enter")
        await ui.sees("Run this?", "`uptime` cannot be undone")


async def test_a_command_the_hub_does_not_know_any_more_is_lost(console: Ui, hub: HubDouble) -> None:
    await run(console, hub, "sleep 1")
    await hub.stop()
    hub.commands.forgotten.add(hub.commands.newest.id)
    await hub.start()
    await console.press("f5")
    await console.sees("#1 ○ lost", "No such command.")
