"""The list of shells: what runs and what has ended, ending one, saving what one showed, and what fails."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui
from tests.tui.screens.hub_double import HubDouble
from tests.tui.screens.shell_double import CAST


@pytest.fixture
async def listed(start_ui: StartUi, hub: HubDouble) -> AsyncIterator[Ui]:
    """Three shells, opened by `S`: one left on db-01, one viewed on web-01, one ended and recorded."""
    for name in ("db-01", "web-01"):
        machine = hub.machines[f"id-{name}"]
        hub.machines[machine.id] = replace(machine, capabilities=("terminal",))
    hub.shells.put("t1", "id-db-01")
    hub.shells.put("t2", "id-web-01", detached=False)
    hub.shells.put("t3", "id-db-01", ended="the shell exited", recorded=2048)
    async with start_ui() as ui:
        await ui.sees("db-01", "● live", "t Shell")
        await ui.press("S")
        await ui.sees("Shells", "◐ left", "● viewed", "· ended")
        yield ui


async def test_what_runs_is_told_with_age_and_size_and_what_ended_with_its_reason(listed: Ui) -> None:
    left, ended = listed.line_with("◐ left"), listed.line_with("· ended")
    assert all(part in left for part in ("db-01", "you", "5m ago", "120x40"))
    assert all(part in ended for part in ("db-01", "5m ago", "4m", "2.0K", "the shell ex"))
    assert "web-01" in listed.line_with("● viewed")
    # As far from the edge as every other list.
    assert listed.line_with("STATE").startswith(" STATE")
    assert "D End it" in listed.text()
    assert "p Play" not in listed.text()


async def test_a_shell_is_ended_after_a_question(listed: Ui, hub: HubDouble) -> None:
    await listed.press("g", "D")
    await listed.sees("End this shell?", "db-01")
    await listed.press("n")
    assert "t1" in hub.shells.entries
    await listed.press("D")
    await listed.sees("End this shell?")
    await eventually(lambda: listed.app.screen.check_action("answer", (True,)), what="an armed dialog")
    await listed.press("y")
    await listed.sees("The shell is ended.")
    await listed.sees_no("◐ left")


async def test_somebody_elses_view_is_taken_over_only_after_a_question(listed: Ui) -> None:
    await listed.press("g", "j", "enter")
    await listed.sees("Take it over?", "Somebody views it now")
    await listed.press("escape")
    await listed.sees("● viewed")


async def test_a_recording_is_saved_to_a_new_file(listed: Ui, tmp_path: Path) -> None:
    await listed.press("G")
    await listed.sees("p Play", "w Write to a file")
    await listed.press("w")
    await listed.sees("Save the recording")
    await listed.press("ctrl+u")
    await listed.type(str(tmp_path / "shell.cast"))
    await listed.press("enter")
    await listed.sees(f"{len(CAST)} bytes are in")
    assert (tmp_path / "shell.cast").read_bytes() == CAST


async def test_where_the_terminal_cannot_be_lent_that_is_told(listed: Ui) -> None:
    """In a browser, for instance, or here, where there is none."""
    await listed.press("G", "p")
    await listed.sees("This terminal cannot be lent to anything else.")
    await listed.press("g", "enter")
    await listed.sees("This terminal cannot be lent to anything else.")


async def test_how_one_ended_is_asked_again_until_the_hub_has_written_it_down(
    start_ui: StartUi, hub: HubDouble
) -> None:
    machine = hub.machines["id-db-01"]
    hub.machines[machine.id] = replace(machine, capabilities=("terminal",))
    hub.shells.put("t1", "id-db-01", ended="the shell exited", recorded=2048)
    written = hub.shells.views["t1"]
    hub.shells.views["t1"] = msgspec.structs.replace(written, closed_at=None, reason="", recorded_bytes=None)
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("S")
        await ui.sees("· ended")
        assert "p Play" not in ui.text()
        hub.shells.views["t1"] = written
        await ui.sees("the shell ex", "p Play")


async def test_a_hub_that_cannot_tell_says_why(start_ui: StartUi, hub: HubDouble) -> None:
    hub.shells.is_down = True
    async with start_ui() as ui:
        await ui.sees("db-01", "● live")
        await ui.press("S")
        await ui.sees("storage is not there")
        hub.shells.is_down = False
        await ui.press("R")
        await ui.sees("No shell was opened here yet.")


async def test_without_the_agents_leave_there_is_no_key_for_a_shell(ui: Ui) -> None:
    assert "t Shell" not in ui.text()
    await ui.press("enter")
    await ui.sees("1 Overview")
    assert "t Shell" not in ui.text()


async def test_the_list_of_a_server_has_its_own_only(listed: Ui) -> None:
    await listed.press("escape", "enter")
    await listed.sees("1 Overview", "db-01")
    await listed.press("S")
    await listed.sees("db-01 › Shells", "◐ left")  # noqa: RUF001 - the breadcrumb's arrow
    assert "web-01" not in listed.text()
