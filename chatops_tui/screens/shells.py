"""The shells one has opened: back to those that run, and what the others showed."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from chatops_tui.relay.place import Place
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed, Listing, list_keys
from chatops_tui.screens.plain_list import arranged, arrow, kept_plain_order, plain_sorts
from chatops_tui.screens.run_keeping import SaveForm
from chatops_tui.screens.shell_rows import COLUMNS, Look, cells
from chatops_tui.screens.tabs import can
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.screens.wanted import PlayWanted, ShellWanted
from chatops_tui.store.selectors import Order
from chatops_tui.store.shells import Shell
from chatops_tui.widgets.confirm import Confirm, Question
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.table_messages import RowHighlighted, RowSelected

_LOOKS: Final = 5
_LOOK_AGAIN_S: Final = 1.0


class ShellTable(LiveTable):
    """Tells in the footer what Enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_row", "Go there", id="shells.open", key_display="⏎"),
    ]


class ShellsScreen(Listing):
    """Of one server, or of all. Asked for anew whenever one comes to it, and by `R`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "new", "New shell", id="shells.new"),
        Binding("p", "play", "Play", id="shells.play"),
        Binding("w", "save", "Write to a file", id="shells.save"),
        Binding("D", "end", "End it", id="shells.end"),
        *list_keys("shells", shows_sort=False),
        Binding("R", "reload", "Ask again", show=False, id="shells.reload"),
        Binding("escape", "back", "Back", id="shells.back", key_display="esc"),
    ]

    def __init__(self, context: Context, server_id: str = "") -> None:
        super().__init__(context)
        self._server_id = server_id
        self._shells: dict[str, Shell] = {}
        self._said = "Asking…"
        self._looks_left = 0
        self._order = kept_plain_order(context.kept, "shells", COLUMNS)

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield StatusBar()
        yield TooSmall()
        yield FilterBar(" ".join(f"{column.key}:" for column in COLUMNS if column.title))
        yield ShellTable(COLUMNS, id="shells-table")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin in the table."""
        self.set_focus(self.query_one(LiveTable))
        self.app.app_resume_signal.subscribe(self, lambda _app: self.action_reload())

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        name = self._name_of(self._server_id)
        return ("Fleet", name, "Shells") if self._server_id else ("Fleet", "Shells")

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the rows."""
        table = self.query_one(LiveTable)
        table.set_empty_message([[(self._said, "muted")]])
        user = self.store.user
        user_id = user.id if user else ""
        now_ms = self.given.now_ms()

        def row(terminal_id: str) -> list[Cell]:
            shell = self._shells[terminal_id]
            return cells(shell, Look(now_ms, user_id, self._name_of(shell.server_id)))

        rows, bar = {one: row(one) for one in self._shells}, self.query_one(FilterBar)
        found = arranged(rows, COLUMNS, self._order, bar.text)
        bar.set_counts(len(found), len(rows))
        if rows and not found:
            table.set_empty_message([[("None matches the filter. Esc clears it.", "muted")]])
        table.set_sort(arrow(self._order), reverse=self._order.descending)
        table.sync(found, rows.__getitem__)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys where they do something."""
        shell = self._chosen
        match action:
            case "end":
                return bool(shell and shell.runs)
            case "play" | "save":
                return bool(shell and shell.is_recorded)
            case "new":
                return bool(self._place_for_new)
            case "freeze":
                return False
            case _:
                return super().check_action(action, parameters)

    def listed(self) -> Listed:
        """Return the list."""
        bar, table = self.query_one(FilterBar), self.query_one(LiveTable)
        return Listed("shells", plain_sorts(COLUMNS), self._order, self._take_order, bar, table)

    def _take_order(self, order: Order) -> None:
        self._order = order

    def action_reload(self) -> None:
        """Ask the hub again."""
        self._looks_left = _LOOKS
        self._load_again()

    def action_new(self) -> None:
        """Open one more shell."""
        place = self._place_for_new
        if place is not None:
            self.post_message(ShellWanted(place))

    def action_play(self) -> None:
        """Play what the chosen one showed."""
        shell = self._chosen
        if shell is not None:
            self.notify("Fetching the recording.", markup=False)
            self.post_message(PlayWanted(shell.terminal_id, self._name_of(shell.server_id)))

    def action_save(self) -> None:
        """Save what the chosen one showed."""
        shell = self._chosen
        if shell is not None:
            name = self._name_of(shell.server_id).replace("/", "_")
            proposal = Path(f"{name}-{clean(shell.terminal_id)[-8:]}.cast")
            form = SaveForm(proposal, "Save the recording (asciicast v2)")
            self.ask(form, lambda path: self._save(shell, path))

    def action_end(self) -> None:
        """End the chosen one, after a question."""
        shell = self._chosen
        if shell is not None:
            question = Question(
                "End this shell?",
                [
                    [
                        ("It and what runs in it ends, on ", "text"),
                        (self._name_of(shell.server_id), "strong"),
                        (".", "text"),
                    ]
                ],
                "End",
            )
            self.ask(Confirm(question), lambda yes: self._end(shell) if yes else None)

    def action_back(self) -> None:
        """Leave the filter, then the screen."""
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.action_clear()
        else:
            close(self, None)

    def on_screen_resume(self) -> None:
        """Ask again: one may come from a shell that has just been left."""
        super().on_screen_resume()
        self.action_reload()

    @on(RowHighlighted)
    def _row_highlighted(self) -> None:
        self.refresh_bindings()

    @on(RowSelected)
    def _row_selected(self) -> None:
        shell = self._chosen
        if shell is None:
            return
        if shell.state == "viewed":
            question = Question(
                "Take it over?",
                [[("Somebody views it now; that view ends, the shell does not.", "text")]],
                "Take over",
            )
            self.ask(Confirm(question), lambda yes: self._go_back_to(shell) if yes else None)
        elif shell.runs:
            self._go_back_to(shell)
        elif shell.is_recorded:
            self.action_play()
        else:
            self.notify("It has ended, and was not recorded.", markup=False)

    @property
    def _chosen(self) -> Shell | None:
        return self._shells.get(self.query_one(LiveTable).cursor_row or "") if self.is_mounted else None

    @property
    def _place_for_new(self) -> Place | None:
        """On this screen's server, or on that of the chosen shell."""
        shell = self._chosen
        memory = self.store.server(self._server_id or (shell.server_id if shell else ""))
        if memory is None or not can(memory.row, "terminal"):
            return None
        return Place(memory.row.id, memory.row.name)

    def _go_back_to(self, shell: Shell) -> None:
        memory = self.store.server(shell.server_id)
        name = memory.row.name if memory else "?"
        self.post_message(ShellWanted(Place(shell.server_id, name, shell.terminal_id)))

    def _name_of(self, server_id: str) -> str:
        memory = self.store.server(server_id)
        return clean(memory.row.name) if memory else "gone"

    def _reachable(self) -> frozenset[str]:
        rows = self.store.rows()
        return frozenset(row.id for row in rows if row.status == "online" and can(row, "terminal"))

    async def _load(self) -> None:
        try:
            known = await self.given.shells.known(self._server_id, self._reachable())
        except RequestFailedError as exc:
            self._said = clean(str(exc))
        else:
            self._shells = {shell.terminal_id: shell for shell in known}
            self._said = "No shell was opened here yet."
            if any(shell.state == "ended" and shell.closed_ms is None for shell in known):
                self._look_again()
        self.sync(frozenset())
        self.refresh_bindings()

    def _look_again(self) -> None:
        """Ask once more for how a shell ended and what was recorded: its agent tells sooner than the hub."""
        if self._looks_left > 0:
            self._looks_left -= 1
            self.set_timer(_LOOK_AGAIN_S, self._load_again)

    def _load_again(self) -> None:
        self.run_worker(self._load(), name="shells", group="shells", exclusive=True, exit_on_error=False)

    def _end(self, shell: Shell) -> None:
        self.run_worker(self._ended(shell), name="end-shell", exit_on_error=False)

    async def _ended(self, shell: Shell) -> None:
        try:
            await self.given.shells.end(shell.server_id, shell.terminal_id)
        except RequestFailedError as exc:
            self.notify(clean(str(exc)), severity="error", markup=False)
        else:
            self.notify("The shell is ended.", markup=False)
        self.action_reload()

    def _save(self, shell: Shell, path: Path | None) -> None:
        if path is not None:
            self.run_worker(self._saved(shell, path), name="save-recording", exit_on_error=False)

    async def _saved(self, shell: Shell, path: Path) -> None:
        try:
            size = await self.given.shells.save(shell.terminal_id, path)
        except RequestFailedError as exc:
            self.notify(clean(str(exc)), severity="error", markup=False)
        except OSError as exc:
            self.notify(f"{path}: {exc.strerror}", severity="error", markup=False)
        else:
            self.notify(f"{size:,} bytes are in {path}.", markup=False)
