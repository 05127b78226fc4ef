"""A person's own dashboards, out of a TOML file that is read again whenever it changes."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import PurePath
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs
from chatops_tui.screens.board_panels import (
    BoardPanel,
    ChartPanel,
    FiguresPanel,
    HeatPanel,
    Look,
    panel_of,
    wishes,
)
from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.notice import Notice
from chatops_tui.screens.time_screen import TimeScreen
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.dashboards import EXAMPLE, Boards, Dashboard, Panel
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar

# A person saves and looks up: later than this it seems not to have worked.
LOOK_EVERY_S: Final = 1.0
_FAULTS: Final = 3


class DashboardScreen(TimeScreen):
    """Shows one dashboard at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "board_step(1)", "Next", id="dashboard.next", tooltip="Next dashboard"),
        Binding("shift+tab", "board_step(-1)", "Previous dashboard", show=False, id="dashboard.previous"),
        Binding("b", "boards", "Boards", id="dashboard.choose", tooltip="Choose a dashboard"),
        Binding("space,P", "freeze", "Freeze", show=False, id="dashboard.freeze", key_display="space"),
        Binding("escape", "back", "Back", id="dashboard.back", key_display="esc"),
    ]

    def __init__(self, context: Context, name: str = "") -> None:
        """Show the dashboard of this name; empty: the first of the file."""
        super().__init__(context)
        self._board_name = name
        self._boards = Boards()
        self._stamp: object = None
        self._is_missing = False
        self._shown: Dashboard | None = None
        self._needs = Needs()

    def compose(self) -> ComposeResult:
        """Lay out bars, and room for panels."""
        yield StatusBar()
        yield TooSmall()
        yield TextBlock(id="board-faults")
        yield Notice()
        yield Container(id="body")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read the file now, and whenever it changes."""
        self._look()
        self.set_interval(LOOK_EVERY_S, self._look)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Dashboards", clean(self._shown.name) if self._shown else "none")

    def needs(self) -> Needs:
        """Return the histories of what is charted; the newest values come with the fleet."""
        return self._needs

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - whatever changed, only lines that differ are drawn
        """Draw every panel, or why there is none."""
        faults = self.query_one("#board-faults", TextBlock)
        lines = self._fault_lines()
        faults.set_class(not lines, "-gone")
        faults.set_lines(lines)
        notice = self.query_one(Notice)
        notice.set_class(self._shown is not None, "-gone")
        self.query_one("#body").set_class(self._shown is None, "-gone")
        if self._shown is None:
            self._needs = Needs()
            notice.say(self._nothing())
            return
        # With each picture, not with each look at what is needed: of thousands of servers it takes a while.
        curves, reels = wishes(self._shown.panels, self.store, self.times, self.present_ms)
        self._needs = Needs(curves=curves, reels=reels)
        look = Look(self.store, self.times, self.shown_ms)
        for panel in self._panels():
            panel.show(look)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what needs another dashboard while there is none."""
        if action in {"boards", "board_step"}:
            return True if len(self._boards.dashboards) > 1 else None
        return super().check_action(action, parameters)

    def alert_times(self) -> Sequence[int]:
        """Return when any alert of the fleet began."""
        fired = (alert for alert in self.given.store.alerts.all() if alert.has_fired)
        return sorted(alert.fired_ms or alert.started_ms for alert in fired)

    def action_board_step(self, step: int) -> None:
        """Show the dashboard beside this one."""
        boards = self._boards.dashboards
        at = boards.index(self._shown) if self._shown in boards else 0
        self._show(boards[(at + step) % len(boards)])

    def action_boards(self) -> None:
        """Choose a dashboard."""
        choices = tuple(Choice(one.name, clean(one.name)) for one in self._boards.dashboards)
        self.ask(Choose("Dashboard", choices, self._board_name), self._chosen)

    def action_back(self) -> None:
        """Leave the past, then the screen."""
        if self.times.is_live:
            close(self, None)
        else:
            self.action_live()

    def _panels(self) -> list[BoardPanel]:
        return [
            one
            for one in self.query_one("#body").children
            if isinstance(one, ChartPanel | HeatPanel | FiguresPanel)
        ]

    def _chosen(self, name: str | None) -> None:
        found = next((one for one in self._boards.dashboards if one.name == name), None)
        if found is not None:
            self._show(found)

    def _look(self) -> None:
        self.run_worker(self._read(), name="dashboards", group="dashboards", exit_on_error=False)

    async def _read(self) -> None:
        read = await self.given.boards.read(self._stamp)
        if read is None:
            return
        self._stamp, self._boards, self._is_missing = read.stamp, read.boards, read.is_missing
        boards = read.boards.dashboards
        wanted = next((one for one in boards if one.name == self._board_name), boards[0] if boards else None)
        self.refresh_bindings()
        await self._put(wanted)

    def _show(self, board: Dashboard) -> None:
        self.run_worker(
            self._put(board), name="dashboard", group="board", exclusive=True, exit_on_error=False
        )

    async def _put(self, board: Dashboard | None) -> None:
        """Lay out a dashboard; one that has not changed keeps its panels, and where one looks at."""
        if board != self._shown:
            body = self.query_one("#body")
            await body.remove_children()
            if board is not None:
                if self._shown is None or board.name != self._shown.name:
                    self.times = self.times.spanning(board.span_ms, self.present_ms)
                self._board_name = board.name
                self._arrange(body, board)
                await body.mount(*(self._panel(one) for one in board.panels))
            self._shown = board
        self.call_after_refresh(self.sync, frozenset())

    def _arrange(self, body: Widget, board: Dashboard) -> None:
        # Below 60 columns a panel says nothing any more: they lie below each other.
        columns = board.columns if not self.has_class("-narrow") else min(2, board.columns)
        body.styles.grid_size_columns = columns

    def _panel(self, panel: Panel) -> BoardPanel:
        widget = panel_of(panel, self.given)
        widget.styles.column_span = panel.width
        widget.styles.row_span = panel.height
        return widget

    def _fault_lines(self) -> list[Cell]:
        faults = self._boards.faults
        if not faults:
            return []
        lines: list[Cell] = [
            [
                ("✖ ", "crit"),
                (f"{PurePath(self.given.boards.path).name} ", "muted"),
                (clean(str(one)), "text"),
            ]
            for one in faults[:_FAULTS]
        ]
        if len(faults) > _FAULTS:
            lines.append([(f"  and {len(faults) - _FAULTS} more", "muted")])
        return lines

    def _nothing(self) -> list[Cell]:
        if self._stamp is None:
            return [[("Reading the dashboards…", "muted")]]
        path = self.given.boards.path
        first = "There are no dashboards yet." if self._is_missing else "No dashboard can be shown."
        lines: list[Cell] = [[(first, "strong")], [], [("They stand in a file, for example:", "muted")]]
        lines += [[(path or "dashboards.toml", "accent")], []]
        example = EXAMPLE.splitlines()
        # Centred as one block, not line by line.
        lines += [[(f"{line:<{max(map(len, example))}}", "text")] for line in example]
        lines += [[], [("It is read again as soon as it is saved.", "muted")]]
        return lines
