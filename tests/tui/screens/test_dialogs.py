"""Adding, changing and deleting servers; help, palette, themes; every binding has a name."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields
from textual.binding import Binding
from textual.filter import Monochrome, NoColor
from textual.screen import Screen
from textual.widget import Widget

from chatops_tui.agent_line import agent_line, enroll_line
from chatops_tui.app import ChatopsApp
from chatops_tui.config import Settings, ThemeName
from chatops_tui.screens.choose import Choose
from chatops_tui.screens.fleet import FleetScreen, FleetTable
from chatops_tui.screens.form import Entry, Form
from chatops_tui.screens.help import HelpScreen, KeyGroup, laid_out
from chatops_tui.screens.login import LoginScreen
from chatops_tui.screens.new_key import NewKeyScreen
from chatops_tui.screens.server import ServerScreen
from chatops_tui.screens.server_form import ServerForm
from chatops_tui.screens.shells import ShellsScreen
from chatops_tui.screens.spread_form import SpreadForm
from chatops_tui.terminal import Wishes, decide
from chatops_tui.themes import after, names
from chatops_tui.view_file import View, remember, remembered
from tests.deadlines import eventually
from tests.tui.screens.conftest import COLOURS, StartUi, Ui
from tests.tui.screens.enrol_double import TOKEN_LINE
from tests.tui.screens.hub_double import KEY, HubDouble

OURS: tuple[type[Widget | Screen[object] | ChatopsApp], ...] = (
    ChatopsApp,
    FleetScreen,
    FleetTable,
    ServerScreen,
    LoginScreen,
    ServerForm,
    ShellsScreen,
    SpreadForm,
    NewKeyScreen,
    HelpScreen,
    Choose,
    Form,
    Entry,
)


def test_every_binding_has_an_id_of_its_own() -> None:
    bindings = [binding for owner in OURS for binding in owner.BINDINGS if isinstance(binding, Binding)]
    ids = [binding.id for binding in bindings]
    assert None not in ids
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["[/z]", "[b]x[/b]", "[@click=app.quit]x"])
async def test_a_name_in_a_box_title_is_no_markup(ui: Ui, name: str) -> None:
    """Read as markup the first of these ended the UI, and the new key with it."""
    await ui.press("A")
    await ui.sees("Add a server")
    await ui.type(name)
    await ui.press("enter", "enter")
    await ui.sees(f"{name} is added", "shown only now")


async def test_adding_a_server_shows_its_key_once_with_the_line_to_run(ui: Ui, hub: HubDouble) -> None:
    await ui.press("A")
    await ui.sees("Add a server", "Name", "Tags")
    await ui.press("enter")
    await ui.sees("A server needs a name.")
    await ui.type("db-09")
    await ui.sees("⏎ Next")
    await ui.press("enter")
    await ui.sees("⏎ OK")
    await ui.type("env=prod, db")
    await ui.press("enter")
    await ui.sees("db-09 is added", "shown only now", "Waiting for its agent", "y Copy the line")
    # It is wrapped between words, and a pasted line needs no more than they.
    text = "".join(line.replace("│", "").replace(" ", "") for line in ui.lines())
    assert agent_line(hub.url, KEY).replace(" ", "") in text
    assert "--host0.0.0.0" in text
    assert hub.machines["id-db-09"].tags == ("env=prod", "db")
    await ui.press("y")
    await eventually(lambda: ui.app.clipboard == agent_line(hub.url, KEY))
    await ui.press("Y")
    await ui.sees("This terminal cannot do that")
    await ui.press("escape")
    await ui.sees("no agent yet")
    assert "chops_" not in ui.text()
    assert "db-09" in ui.rows()


async def test_a_machine_may_enrol_itself_by_one_line(ui: Ui, hub: HubDouble) -> None:
    await ui.press("A")
    await ui.sees("Add a server", "^n Let it enrol itself")
    await ui.press("tab")
    await ui.type("env=prod, db")
    await ui.press("ctrl+n")
    await ui.sees("A machine enrols itself", "lets one machine in, until 2027-01-15 08:15 UTC")
    await ui.sees("by its host name")
    text = "".join(line.replace("│", "").replace(" ", "") for line in ui.lines())
    assert enroll_line(hub.url, TOKEN_LINE).replace(" ", "") in text
    assert hub.enrolling.tags == ["env=prod", "db"]
    await ui.press("y")
    await eventually(lambda: ui.app.clipboard == enroll_line(hub.url, TOKEN_LINE))
    await ui.press("escape")
    assert "chope_" not in ui.text()


async def test_what_the_hub_refuses_stays_in_the_form(ui: Ui) -> None:
    await ui.press("A")
    await ui.sees("Add a server")
    await ui.type("db-01")
    await ui.press("enter", "enter")
    await ui.sees("a server named db-01 exists already")
    await ui.press("escape")
    await ui.sees_no("Add a server")


async def test_tags_are_changed(ui: Ui, hub: HubDouble) -> None:
    await ui.press("e")
    await ui.sees("Edit db-01")
    await ui.press("tab", "end")
    await ui.type(" new")
    await ui.press("enter")
    await ui.sees_no("Edit db-01")
    assert hub.machines["id-db-01"].tags == ("env=prod", "db", "new")


async def test_what_was_wrong_goes_away_as_one_types(ui: Ui) -> None:
    await ui.press("A")
    await ui.sees("Add a server")
    await ui.press("enter")
    await ui.sees("A server needs a name.")
    await ui.type("db-09")
    await ui.sees_no("A server needs a name.")


async def test_deleting_takes_the_name(ui: Ui, hub: HubDouble) -> None:
    await ui.press("D")
    await ui.sees("Delete db-01 with all its samples?", "Type db-01")
    assert "esc Cancel" in ui.lines()[-1]
    assert "Filter" not in ui.lines()[-1]
    await ui.press("escape")
    await ui.sees_no("Type db-01")
    assert "id-db-01" in hub.machines
    await ui.press("D")
    await ui.sees("Type db-01")
    await ui.type("db-01")
    # Nothing confirms in the first 0.3 s, so one Enter may come too early.
    await eventually(lambda: _delete(ui, hub))
    await ui.sees("db-01 is deleted.")
    assert "db-01" not in ui.rows()


async def _delete(ui: Ui, hub: HubDouble) -> bool:
    if "id-db-01" in hub.machines:
        await ui.press("enter")
    return "id-db-01" not in hub.machines


async def test_help_lists_the_keys_of_this_screen(ui: Ui) -> None:
    await ui.press("question_mark")
    await ui.sees(
        "Keys: Fleet", "On this screen", "In the list", "Everywhere", "Sort by column left", "Find anything"
    )
    await ui.press("escape")
    await ui.sees_no("Keys: Fleet")
    await ui.press("enter")
    await ui.sees("1 Overview")
    await ui.press("f1")
    await ui.sees("Keys: Fleet › db-01", "Overview", "Network")  # noqa: RUF001 - the breadcrumb's arrow
    await ui.press("q")
    await ui.sees_no("Keys:")


def test_help_is_one_column_where_it_is_narrow() -> None:
    groups = [KeyGroup("A", [("a", "do")]), KeyGroup("B", [("b", "go")]), KeyGroup("C", [])]
    assert len(laid_out(groups, 60)) == 6
    assert len(laid_out(groups, 80)) == 3


async def test_help_on_a_wide_terminal_cuts_nothing_and_lists_every_key_of_the_range(
    start_ui: StartUi,
) -> None:
    async with start_ui(size=(200, 50)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("question_mark")
        await ui.sees("Keys: Fleet", "Quit at once", "Command line", "Reconnect, load anew")
        assert ui.line_with("Longer range").split("Longer")[0].split()[-1] == "]"
        assert ui.line_with("Shorter range").split("Shorter")[0].split()[-1] == "["


async def test_help_on_a_small_terminal_is_read_page_by_page_to_its_end_and_cuts_nothing(
    start_ui: StartUi,
) -> None:
    async with start_ui(size=(80, 17)) as ui:
        await ui.sees("db-01", "● live")
        await ui.press("question_mark")
        await ui.sees("On this screen")
        assert "Reconnect" not in ui.text()
        await ui.press("pagedown", "pagedown", "pagedown")
        await ui.sees("Reconnect, load anew", "Back, in the fleet quit")
        await ui.press("home")
        await ui.sees("On this screen")
        await ui.press("end")
        await ui.sees("Reconnect, load anew")


async def test_help_opens_above_a_dialog_and_lists_its_keys(ui: Ui) -> None:
    await ui.press("A")
    await ui.sees("Add a server", "F1 Help")
    # Where one types it is a character.
    await ui.press("question_mark")
    await ui.sees("Add a server", "?")
    await ui.press("f1")
    await ui.sees("Keys: ", "In this dialog", "Cancel")
    await ui.press("escape")
    await ui.sees("Add a server")


async def test_help_opens_above_a_choice_by_its_own_key(ui: Ui) -> None:
    await ui.press("s")
    await ui.sees("Sort by")
    await ui.press("question_mark")
    await ui.sees("Keys: ", "In this dialog")
    await ui.press("question_mark")
    await ui.sees("Sort by")


async def test_help_lists_no_keys_that_the_role_hides(ui: Ui) -> None:
    user = ui.app.store.user
    assert user is not None
    ui.app.store.user = replace_fields(user, role="viewer")
    await ui.press("j")
    await ui.press("question_mark")
    await ui.sees("Keys: Fleet", "Sort by column left")
    assert "Add" not in ui.text().split("Keys: Fleet")[1]


async def test_a_server_whose_key_cannot_be_made_is_taken_back(ui: Ui, hub: HubDouble) -> None:
    hub.refuses_keys = True
    await ui.press("A")
    await ui.sees("Add a server")
    await ui.type("db-09")
    await ui.press("enter", "enter")
    await ui.sees("The hub failed (500)")
    assert "id-db-09" not in hub.machines
    hub.refuses_keys = False
    await ui.press("enter")
    await ui.sees("db-09 is added")


async def test_the_palette_offers_only_what_does_something_here(ui: Ui) -> None:
    await ui.press("enter")
    await ui.sees("1 Overview", "NET ↓")
    for tab, offered in (("1", {"sort"}), ("2", {"sort", "filter"}), ("5", set())):
        await ui.press(tab)
        titles = {command.title for command in ui.app.palette_commands()}
        words = {"sort": "Sort the list", "filter": "Filter the list", "add": "Add a server"}
        assert {word for word, title in words.items() if title in titles} == offered


async def test_the_palette_finds_servers_and_deeds(ui: Ui) -> None:
    await ui.press("ctrl+p")
    await ui.sees("Open db-01  env=prod  db", "online")
    await ui.type("web-02")
    await ui.sees_no("Open db-01")
    await ui.press("enter", "enter")
    await ui.sees("1 Overview", "web-02")
    await ui.press("colon")
    await ui.type("theme chatops-light")
    await ui.sees("Theme chatops-light")
    await ui.press("enter", "enter")
    await eventually(lambda: ui.app.theme == "chatops-light")
    await ui.press("ctrl+p")
    await ui.type("reconnect")
    await ui.press("enter", "enter")
    await ui.sees("1 Overview", "● live")


@pytest.mark.parametrize(("setting", "first"), [("", "chatops-light"), ("ansi-dark", "ansi-dark")])
async def test_a_theme_that_was_chosen_is_there_at_the_next_start_unless_a_setting_names_one(
    hub: HubDouble, tmp_path: Path, setting: ThemeName, first: str
) -> None:
    await asyncio.to_thread(remember, tmp_path, View(theme="chatops-light"))
    terminal = decide(COLOURS, is_tty=True, encoding="UTF-8", wishes=Wishes(theme=setting))
    app = await asyncio.to_thread(ChatopsApp, Settings(url=hub.url, theme=setting), terminal)
    await asyncio.to_thread(app.kept.keep_in, tmp_path)
    async with app.run_test() as pilot:
        assert app.theme == first
        app.action_next_theme()
        await pilot.pause()
        chosen = app.theme
        assert chosen != first
        keeping = [one for one in app.workers if one.name == "keep-view"]
        await eventually(lambda: all(one.is_finished for one in keeping), what="the view in its file")
    assert (await asyncio.to_thread(remembered, tmp_path)).theme == chosen


async def test_themes_go_round(ui: Ui) -> None:
    seen = {ui.app.theme}
    for _ in names(is_poor=False):
        await ui.press("T")
        seen.add(ui.app.theme)
    assert seen == set(names(is_poor=False))
    assert ui.app.theme == "chatops-dark"


def test_a_theme_that_is_not_offered_is_followed_by_the_first() -> None:
    assert after("unknown", ("a", "b")) == "a"
    assert after("b", ("a", "b")) == "a"


@pytest.mark.parametrize("environ", [{"TERM": "xterm"}, {"TERM": "xterm-256color", "NO_COLOR": "1"}])
async def test_sixteen_colours_get_the_terminals_own(start_ui: StartUi, environ: dict[str, str]) -> None:
    async with start_ui(environ=environ) as ui:
        await ui.sees("db-01", "● live")
        assert ui.app.theme == "ansi-dark"
        await ui.press("T")
        assert ui.app.theme == "ansi-light"
        await ui.press("enter")
        await ui.sees("1 Overview", "checkpointer")


async def test_no_color_means_none(start_ui: StartUi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with start_ui(environ={"TERM": "xterm-256color", "NO_COLOR": "1"}) as ui:
        await ui.sees("db-01", "● live")
        kinds = {type(one) for one in ui.app.get_line_filters()}
        assert NoColor in kinds
        assert Monochrome not in kinds


async def test_ctrl_c_says_how_to_leave_and_ctrl_q_leaves(ui: Ui) -> None:
    await ui.press("ctrl+c")
    await ui.sees("Press q to go back or quit")
    await ui.press("enter")
    await ui.sees("1 Overview")
    await ui.press("ctrl+q")
    await eventually(lambda: not ui.app.is_running)
