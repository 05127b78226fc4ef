"""Getting about: `:` and deep links, from what is wrong to its cause, back, and what is remembered."""

from pathlib import Path

import pytest
from textual.events import AppBlur, AppFocus, Key, Paste
from textual.widgets import Input

from chatops_tui.palette import Palette
from chatops_tui.screens.fleet import FleetScreen
from chatops_tui.screens.help import HelpScreen
from chatops_tui.screens.server import ServerScreen
from chatops_tui.widgets.live_table import LiveTable
from tests.deadlines import eventually
from tests.tui.screens.conftest import StartUi, Ui


async def _say(ui: Ui, line: str) -> None:
    await ui.press("colon")
    await ui.type(line)
    await ui.press("enter")


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("db-01 processes", ("Fleet › db-01", "COMMAND", "busiest")),  # noqa: RUF001 - the breadcrumb
        ("db-01/disks", ("MOUNT",)),
        ("alerts", ("1 Alerts",)),
        ("alerts/silences", ("SERVERS", "METRIC")),
        ("containers", ("Fleet › Containers",)),  # noqa: RUF001 - likewise
        ("shells", ("Fleet › Shells",)),  # noqa: RUF001 - likewise
        ("sort name", ("SERVER▲",)),
        ("filter web", ("/ web", "2/12")),
    ],
)
async def test_a_line_goes_there_at_once(ui: Ui, line: str, seen: tuple[str, ...]) -> None:
    await _say(ui, line)
    await ui.sees(*seen)


async def test_an_unknown_name_is_told_with_what_is_near(ui: Ui) -> None:
    await ui.press("colon")
    await ui.type("dbb-01zz")
    await ui.sees("No matches found")
    await ui.press("enter")
    await ui.sees("No server is called 'dbb-01zz'. Did you mean")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("theme foo", "No theme is called 'foo'. There is chatops-dark"),
        ("sort nosuch", "No column is called 'nosuch' here. There is status, name"),
        ("audit zzz", "Nothing is called 'zzz' in audit."),
    ],
)
async def test_a_line_that_says_nothing_is_told_why(ui: Ui, line: str, told: str) -> None:
    await _say(ui, line)
    await eventually(lambda: any(told in toast.message for toast in ui.app._notifications), what=told)  # noqa: SLF001 - Textual's own; a toast is folded on the screen


async def test_keys_that_are_faster_than_the_list_choose_nothing_of_an_older_one(ui: Ui) -> None:
    """Enter behind a line whose list still shows what fewer letters meant opens none of those."""
    await ui.press("colon")
    await eventually(lambda: isinstance(ui.app.focused, Input), what="the line")
    assert ui.app.focused is not None
    ui.app.focused.post_message(Paste("d"))
    await ui.sees("Open db-02")
    # In one go, as a terminal reads what came meanwhile: no list is made between the letters and Enter.
    ui.app.focused.post_message(Paste("bb-01zz"))
    ui.app.post_message(Key("enter", None))
    await ui.sees("No server is called 'dbb-01zz'. Did you mean")
    assert isinstance(ui.app.screen, Palette)


async def test_tab_completes(ui: Ui) -> None:
    await ui.press("colon")
    await ui.type("db-01")
    await ui.sees("Go to db-01 › Docker")  # noqa: RUF001 - the breadcrumb
    await ui.press("tab")
    await eventually(lambda: _typed(ui) == "db-01 ", what="the line")


def _typed(ui: Ui) -> str:
    return ui.app.screen.query_one(Input).value


async def test_a_deep_link_waits_for_the_fleet_and_opens_there(start_ui: StartUi) -> None:
    async with start_ui(address="db-01/processes") as ui:
        await ui.sees("Fleet › db-01", "COMMAND")  # noqa: RUF001 - the breadcrumb
        await ui.press("escape")
        await ui.sees("web-02")
        assert isinstance(ui.app.screen, FleetScreen)


async def test_a_deep_link_to_nobody_says_so_in_the_fleet(start_ui: StartUi) -> None:
    async with start_ui(address="dv-01/logs") as ui:
        await ui.sees("web-02", "No server is called 'dv-01/logs'", "Did you mean")


async def test_from_what_is_wrong_to_its_cause_in_three_keys(ui: Ui) -> None:
    """The fleet's first row is what is worst: open it, and its processes are the busiest first."""
    await ui.press("enter")
    await ui.sees("1 Overview")
    await ui.press("2")
    await ui.sees("COMMAND", "postgres")
    assert isinstance(ui.app.screen, ServerScreen)


async def test_back_always_goes_back(ui: Ui) -> None:
    await _say(ui, "db-01 processes")
    await ui.sees("busiest")
    await _say(ui, "containers")
    await ui.sees("Fleet › Containers")  # noqa: RUF001 - the breadcrumb
    await ui.press("a")
    await ui.sees("1 Alerts")
    for seen in ("Fleet › Containers", "busiest", "web-02"):  # noqa: RUF001 - likewise
        await ui.press("escape")
        await ui.sees(seen)
    assert isinstance(ui.app.screen, FleetScreen)


async def test_how_lists_are_seen_outlives_a_restart(start_ui: StartUi, tmp_path: Path) -> None:
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("db-01", "● live")
        await _say(ui, "filter web")
        await ui.sees("2/12")
        await ui.press("escape")
        await _say(ui, "filter db")
        await _say(ui, "db-01 processes")
        await ui.sees("busiest")
        await _say(ui, "sort memory")
        await ui.sees("MEM▼")
        await ui.press("C")
        await ui.sees("Columns", "● USER")
        await ui.press("enter", "escape")
        await eventually(lambda: "user" not in _table(ui).shown_columns, what="no USER")
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("db-01", "/ db", "/12")
        await _say(ui, "db-01 processes")
        await ui.sees("MEM▼")
        assert "user" not in _table(ui).shown_columns


def _table(ui: Ui) -> LiveTable:
    assert isinstance(ui.app.focused, LiveTable)
    return ui.app.focused


@pytest.mark.parametrize(("tab", "first"), [("disks", "MOUNT▲"), ("network", "INTERFACE▲")])
async def test_disks_and_networks_are_sorted_and_filtered_too(ui: Ui, tab: str, first: str) -> None:
    await _say(ui, f"db-01 {tab}")
    await ui.sees(first)
    await ui.press("r")
    await ui.sees(first.replace("▲", "▼"))
    await ui.press("slash")
    await ui.type("zzz")
    await ui.sees("None matches the filter")
    await ui.press("escape")
    await ui.sees_no("None matches the filter")


async def test_a_newcomer_is_shown_around_once_and_again_from_the_help(
    start_ui: StartUi, tmp_path: Path
) -> None:
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("WELCOME", "esc hides this", "db-01")
        await ui.press("escape")
        await ui.sees_no("WELCOME")
    async with start_ui(state=tmp_path) as ui:
        await ui.sees("db-01", "● live")
        assert "WELCOME" not in ui.text()
        await ui.press("question_mark")
        await ui.sees("w Welcome tour")
        await ui.press("w")
        await ui.sees("WELCOME", "chatops › Fleet")  # noqa: RUF001 - the breadcrumb


async def test_keys_can_be_ones_own(start_ui: StartUi) -> None:
    async with start_ui(keymap={"fleet.sort": "o"}) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("o")
        await ui.sees("Sort by")


_PLACES = (
    "fleet",
    "db-01 overview",
    "db-01 processes",
    "db-01 disks",
    "db-01 network",
    "db-01 host",
    "db-01 logs",
    "db-01 console",
    "db-01 docker",
    "db-01 shells",
    "alerts",
    "alerts thresholds",
    "alerts silences",
    "alerts channels",
    "containers",
    "shells",
    "audit",
)


@pytest.mark.parametrize("place", _PLACES)
async def test_every_place_has_its_keys_in_the_help_and_a_footer_that_fits(
    start_ui: StartUi, place: str
) -> None:
    async with start_ui(size=(80, 50), address=place) as ui:
        await ui.sees("● live")
        await eventually(lambda: ui.app.screen.is_mounted and len(ui.app.screen_stack) > (place != "fleet"))
        await ui.pilot.pause()
        footer = ui.lines()[-1]
        assert "? Help" in footer
        assert "q " in footer
        assert len(footer.rstrip()) <= 80
        bindings = [
            active.binding
            for active in ui.app.screen.active_bindings.values()
            if active.enabled and not active.binding.system and active.binding.description
        ]
        ours = [binding for binding in bindings if binding.id]
        assert ours
        await ui.press("f1")
        await ui.sees("Keys: ")
        shown = ui.app.screen
        assert isinstance(shown, HelpScreen)
        told = {what for group in shown.groups for _keys, what in group.keys}
        assert [one.id for one in ours if (one.tooltip or one.description) not in told] == []


@pytest.mark.parametrize(
    ("place", "first_key"),
    [
        ("alerts", "C"),
        ("alerts thresholds", "s"),
        ("alerts silences", "s"),
        ("alerts channels", "s"),
        ("shells", "s"),
    ],
)
async def test_every_list_is_sorted_and_filtered(ui: Ui, place: str, first_key: str) -> None:
    await _say(ui, place)
    await eventually(lambda: len(ui.app.screen_stack) > 1)
    await ui.press("slash")
    await ui.type("nothing-is-called-this")
    await ui.sees("0/")
    await ui.press("enter")
    await ui.press(first_key)
    await ui.sees("Columns" if first_key == "C" else "As it comes")
    await ui.press("escape")
    await ui.sees_no("As it comes", "enter shows or hides")
    await ui.press("escape")
    await ui.sees_no("0/")


async def test_the_range_of_charts_outlives_a_restart(start_ui: StartUi, tmp_path: Path) -> None:
    async with start_ui(state=tmp_path, address="db-01") as ui:
        await ui.sees("1 Overview", "5m [ ]")
        await ui.press("right_square_bracket")
        await ui.sees("1h [ ]")
    async with start_ui(state=tmp_path, address="web-01") as ui:
        await ui.sees("web-01", "1 Overview", "1h [ ]")


async def test_a_terminal_nobody_looks_at_is_drawn_seldom(ui: Ui) -> None:
    assert ui.app.draws_every_ms == 100
    ui.app.post_message(AppBlur())
    await eventually(lambda: ui.app.draws_every_ms == 5000, what="a slower picture")
    ui.app.post_message(AppFocus())
    await eventually(lambda: ui.app.draws_every_ms == 100, what="the usual one")
