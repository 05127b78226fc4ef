"""The bytes that were sent, replayed, show what Textual would have shown by a full repaint."""

from collections.abc import Awaitable, Callable

import pytest
from textual.app import ComposeResult
from textual.binding import Binding
from textual.driver import Driver
from textual.messages import TerminalSupportsSynchronizedOutput
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from chatops_tui.driver.congestion import QUESTION
from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.render.charset import Charset
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.widgets import themes
from chatops_tui.widgets.live_table import LiveTable
from tests.deadlines import eventually
from tests.tui.driver.replay import (
    RecordingDriver,
    cells,
    dirty,
    recording,
    terminal,
    what_textual_would_show,
)

SIZE = (60, 20)


def test_in_ascii_a_key_is_called_by_its_name() -> None:
    enter = Binding("enter", "run", "Run", key_display="⏎")
    assert Scene(charset="ascii").get_key_display(enter) == "enter"
    assert Scene(charset="ascii").get_key_display(Binding("up", "up", "Up")) == "up"
    assert Scene().get_key_display(enter) == "⏎"


class Question(ModalScreen[None]):
    DEFAULT_CSS = """
    Question { align: center bottom; background: transparent; }
    Question Static { width: 31; height: 3; border: round red; }
    """

    def compose(self) -> ComposeResult:
        yield Static("Restart 漢字 on db-01?")


class Scene(LeanApp[None]):
    """Everything that draws in ways of its own: wide characters, a table, an input, a scroll bar."""

    CSS = "LiveTable { height: 10; } #text { height: 3; padding: 0 1; }"

    def __init__(self, *, charset: Charset = "braille", cell_diff: bool = True) -> None:
        super().__init__(charset=charset, cell_diff=cell_diff)
        self.ids = [f"row-{number:02d}" for number in range(40)]
        self.generation = 0
        themes.register(self)

    def get_driver_class(self) -> type[Driver]:
        return RecordingDriver

    def compose(self) -> ComposeResult:
        yield Static("汉字 in a title, and cafe\u0301 ✖ ● ⣿ ▍", id="text", markup=False)
        yield LiveTable([Column("name", "名前", 10), Column("value", "VALUE", 12, flex=1, align="right")])
        yield Input("typed", compact=True)

    def on_mount(self) -> None:
        self.theme = "chatops-dark"
        self.query_one(Input).cursor_blink = False
        self.query_one(LiveTable).focus()
        self.show()

    def show(self) -> None:
        self.query_one(LiveTable).sync(self.ids, self.cells_of)

    def cells_of(self, row_id: str) -> list[Cell]:
        number = self.ids.index(row_id) * 7 + self.generation
        return [
            [(row_id if number % 3 else f"行{row_id[-2:]}漢", "text")],
            [(f"{number * 13 % 101}%", "crit")],
        ]


async def nothing(_pilot: Pilot[None]) -> None:
    """Show the first picture."""


async def modal(pilot: Pilot[None]) -> None:
    await pilot.app.push_screen(Question())


async def modal_gone(pilot: Pilot[None]) -> None:
    await modal(pilot)
    await pilot.app.pop_screen()


async def toast(pilot: Pilot[None]) -> None:
    pilot.app.notify("restarted 漢字", timeout=600)
    await pilot.pause()


async def another_theme(pilot: Pilot[None]) -> None:
    pilot.app.theme = "chatops-light"
    await pilot.pause()


async def sixteen_colours(pilot: Pilot[None]) -> None:
    pilot.app.theme = "ansi-dark"
    await pilot.pause()


async def scroll(pilot: Pilot[None]) -> None:
    await pilot.press(*["pagedown"] * 3, "up", "up")


async def values_change(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, Scene)
    for generation in range(1, 6):
        app.generation = generation
        app.show()
        await pilot.pause()


async def rows_go(pilot: Pilot[None]) -> None:
    app = pilot.app
    assert isinstance(app, Scene)
    app.ids = app.ids[3:9]
    app.show()
    await pilot.pause()


async def typing(pilot: Pilot[None]) -> None:
    await pilot.press("tab", "漢", "x", "left", "y")


async def resize(pilot: Pilot[None]) -> None:
    await pilot.resize_terminal(43, 15)
    await eventually(lambda: pilot.app.size == (43, 15), what="the new size")
    await pilot.pause()


Step = Callable[[Pilot[None]], Awaitable[None]]
STEPS: list[Step] = [
    nothing,
    modal,
    modal_gone,
    toast,
    another_theme,
    sixteen_colours,
    scroll,
    values_change,
    rows_go,
    typing,
    resize,
]


@pytest.mark.parametrize("step", STEPS)
async def test_what_was_sent_shows_what_there_is(step: Step) -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE, notifications=True) as pilot:
        await step(pilot)
        await settled(pilot)
        sent = "".join(recording(app).written)
        expected = cells(what_textual_would_show(app))
        assert cells(terminal(*app.size, sent)) == expected


async def test_everything_in_a_row() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE, notifications=True) as pilot:
        for step in STEPS[:-1]:
            await step(pilot)
        await settled(pilot)
        sent = "".join(recording(app).written)
        assert cells(terminal(*app.size, sent)) == cells(what_textual_would_show(app))


async def test_a_change_of_one_figure_sends_that_figure() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await settled(pilot)
        recording(app).written.clear()
        app.query_one(LiveTable).sync(
            app.ids, lambda row: [app.cells_of(row)[0], [("66%", "crit")]], {"row-01"}
        )
        await settled(pilot)
        sent = "".join(recording(app).written)
        assert "66" in sent
        assert len(sent) < 60


async def test_where_there_is_only_ascii_only_ascii_is_sent() -> None:
    app = Scene(charset="ascii")
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await modal(pilot)
        await settled(pilot)
        sent = "".join(recording(app).written)
        assert sent.isascii()
        assert "+--" in sent


async def test_a_picture_that_changes_nothing_sends_nothing() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await settled(pilot)
        recording(app).written.clear()
        app.screen.refresh()
        await settled(pilot)
        assert recording(app).written == []


async def test_ctrl_l_sends_everything_again() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await settled(pilot)
        recording(app).written.clear()
        await pilot.press("ctrl+l")
        await settled(pilot)
        again = "".join(recording(app).written)
        assert cells(terminal(*SIZE, again)) == cells(what_textual_would_show(app))


async def test_after_a_suspension_everything_is_sent_again() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await settled(pilot)
        recording(app).written.clear()
        app.app_resume_signal.publish(app)
        app.refresh(layout=True)
        await settled(pilot)
        again = "".join(recording(app).written)
        assert cells(terminal(*SIZE, again)) == cells(what_textual_would_show(app))


async def test_without_the_cell_diff_textual_draws() -> None:
    app = Scene(cell_diff=False)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await values_change(pilot)
        await settled(pilot)
        sent = "".join(recording(app).written)
        assert cells(terminal(*SIZE, sent)) == cells(what_textual_would_show(app))


async def test_the_terminal_s_own_cursor_stands_on_the_row() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await pilot.press("down", "down")
        await settled(pilot)
        screen = terminal(*SIZE, "".join(recording(app).written))
        assert (screen.cursor.x, screen.cursor.y) == (0, 3 + 1 + 2)


async def test_while_the_wire_is_full_nothing_is_drawn_and_then_the_newest() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await settled(pilot)
        driver = recording(app)
        driver.stuck = True
        await values_change(pilot)
        assert len(driver.waiting) == 1
        assert app.congested
        assert app.skipped_pictures > 0
        driver.unstick()
        await eventually(
            lambda: picture(app) == cells(what_textual_would_show(app)), what="the newest picture"
        )
        assert not app.congested


async def test_a_terminal_that_can_show_whole_pictures_gets_them_in_one_write() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await settled(pilot)
        app._sync_available = True  # noqa: SLF001 - what the answer of such a terminal sets
        recording(app).written.clear()
        await pilot.press("down")
        await settled(pilot)
        for write in recording(app).written:
            assert write.startswith("\x1b[?2026h")
            assert write.removesuffix(QUESTION).endswith("\x1b[?2026l")


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing is left to be drawn."""
    await pilot.pause()
    await eventually(lambda: not dirty(pilot.app), what="a finished picture")
    await pilot.pause()


def picture(app: Scene) -> list[list[tuple[object, ...]]]:
    return cells(terminal(*app.size, "".join(recording(app).written)))


async def test_nothing_is_drawn_until_the_last_large_picture_was_seen_and_then_all_that_changed() -> None:
    app = Scene()
    async with app.run_test(headless=False, size=SIZE) as pilot:
        await settled(pilot)
        app.post_message(TerminalSupportsSynchronizedOutput())
        await settled(pilot)
        app.action_repaint()
        await settled(pilot)
        assert app.congested
        recording(app).written.clear()
        await values_change(pilot)
        assert recording(app).written == []
        assert app.skipped_pictures
        while app.congested:
            app.post_message(TerminalSupportsSynchronizedOutput())
            await pilot.pause()
        await eventually(lambda: recording(app).written, what="what was left out")
        # Of five generations the last: 5 * 13.
        assert "row-00\x1b[50C\x1b[91m65" in "".join(recording(app).written)
