"""What the tabs of the alerts screen share: a list with its keys, loaded when it is looked at."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens import facts
from chatops_tui.screens.alerts_form import AlertForm, FormPlan
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed
from chatops_tui.screens.plain_list import arranged, arrow, kept_plain_order, plain_sorts
from chatops_tui.store.selectors import Order
from chatops_tui.store.store import Store
from chatops_tui.widgets.confirm import Confirm, Question
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.table_messages import RowSelected

if TYPE_CHECKING:
    from textual.widget import Widget

T = TypeVar("T")

_HEADER: Final = 1
_LEAST_ROWS: Final = 4
# A blank line, a title, and three lines.
_NOTE_ROWS: Final = 5


class AlertTab(Container):
    """One list behind a tab."""

    def __init__(self, context: Context, columns: Sequence[Column], *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.given = context
        self.order = kept_plain_order(context.kept, self.list_name, columns)

    def show(self, store: Store, now_ms: int) -> None:
        """Draw what is known at `now_ms`."""
        raise NotImplementedError

    def opened(self) -> None:
        """Ask for what only this tab shows; it has come into view."""

    def listed(self) -> Listed:
        """Return its list."""
        bar, table = self.query_one(FilterBar), self.query_one(LiveTable)
        return Listed(self.list_name, plain_sorts(table.columns), self.order, self.take_order, bar, table)

    @property
    def list_name(self) -> str:
        """Under which its list is remembered."""
        return f"alerts-{self.id}"

    def take_order(self, order: Order) -> None:
        """Sort its list this way."""
        self.order = order

    @property
    def target(self) -> "Widget":
        """What gets the focus when the tab is shown."""
        return self.query_one(LiveTable)

    def back(self) -> bool:
        """Take the filter away, or leave something else within the tab; False: there is nothing to leave."""
        bar = self.query_one(FilterBar)
        if not bar.text:
            return False
        bar.action_clear()
        return True

    def ask_form(self, plan: FormPlan) -> None:
        """Open a form, and say what was done by it."""
        self.app.push_screen(AlertForm(plan), self._told)  # type: ignore[unused-awaitable]

    def ask_first(self, question: Question, deed: Callable[[], Awaitable[str]]) -> None:
        """Ask a question, and on yes do it and say what was done."""
        self.app.push_screen(Confirm(question), lambda yes: self.carry_out(deed) if yes else None)  # type: ignore[unused-awaitable]

    def carry_out(self, deed: Callable[[], Awaitable[str]]) -> None:
        """Do something and say what was done, or why not."""
        self.run_worker(self._carried_out(deed), name="alert-deed", exit_on_error=False)

    def names(self) -> dict[str, str]:
        """Return the names of servers, by id."""
        return {row.id: row.name for row in self.given.store.rows()}

    def changed(self) -> None:
        """Look again at what a deed has changed."""

    async def _carried_out(self, deed: Callable[[], Awaitable[str]]) -> None:
        try:
            said = await deed()
        except RequestFailedError as exc:
            self.app.notify(clean(str(exc)), severity="error", markup=False)
        else:
            self._told(said)

    def _told(self, said: str | None) -> None:
        if said is not None:
            self.app.notify(clean(said), markup=False)
            self.changed()


def share_height(tab: AlertTab, table: LiveTable, rows: int, below: int) -> None:
    """Give the list what it needs and leave at least `below` rows to what is said under it."""
    most = max(_LEAST_ROWS, tab.size.height - below)
    table.styles.height = min(rows + _HEADER, most) if rows else "1fr"


class AlertTable(LiveTable):
    """Tells in the footer that Enter opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_row", "Open", id="alert-list.open", key_display="⏎"),
    ]


class ListTab(AlertTab, Generic[T]):
    """A list of things that somebody has set up, one a row; a line below says more of the chosen one."""

    columns: ClassVar[Sequence[Column]]
    nothing: ClassVar[Sequence[Cell]]
    """Stands in place of the rows when there are none."""

    def __init__(self, context: Context, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(context, self.columns, id=id)
        self._items: dict[str, T] | None = None
        self._fault = ""

    def compose(self) -> ComposeResult:
        """Lay out list and line."""
        yield FilterBar(" ".join(f"{column.key}:" for column in self.columns if column.title))
        yield AlertTable(self.columns, id=f"{self.id}-table")
        yield TextBlock(id=f"{self.id}-note", classes="alert-note")

    async def fetch(self) -> Sequence[tuple[str, T]]:
        """Return the things with their ids, in the order they are shown; RequestFailedError."""
        raise NotImplementedError

    def cells(self, item: T, now_ms: int) -> list[Cell]:
        """Return one cell a column."""
        raise NotImplementedError

    def title(self, item: T) -> str:
        """Return what the chosen one is called; clean text."""
        raise NotImplementedError

    def note(self, item: T, now_ms: int) -> list[Cell]:
        """Return lines about the chosen one."""
        raise NotImplementedError

    def edit(self, item: T) -> None:
        """Change it: Enter."""
        raise NotImplementedError

    @property
    def chosen(self) -> T | None:
        """The one under the cursor."""
        row_id = self.query_one(LiveTable).cursor_row if self.is_mounted else None
        return None if row_id is None else (self._items or {}).get(row_id)

    def opened(self) -> None:
        """Load the list."""
        self._load()

    def changed(self) -> None:
        """Load it again."""
        self._load()

    def show(self, store: Store, now_ms: int) -> None:  # noqa: ARG002 - what it shows is not in the store
        """Draw the list."""
        items = self._items or {}
        table = self.query_one(LiveTable)
        if self._items is None:
            table.set_empty_message([[(self._fault or "loading…", "muted")]])
        else:
            table.set_empty_message(self.nothing)
        rows = {row_id: self.cells(item, now_ms) for row_id, item in items.items()}
        bar = self.query_one(FilterBar)
        found = arranged(rows, self.columns, self.order, bar.text)
        bar.set_counts(len(found), len(rows))
        if rows and not found:
            table.set_empty_message([[("None matches the filter. Esc clears it.", "muted")]])
        table.set_sort(arrow(self.order), reverse=self.order.descending)
        table.sync(found, rows.__getitem__)
        share_height(self, table, len(items), _NOTE_ROWS)
        chosen, note = self.chosen, self.query_one(".alert-note", TextBlock)
        lines: list[Cell] = []
        if chosen is not None:
            lines = [facts.rule(self.title(chosen), note.content_size.width), *self.note(chosen, now_ms)]
        note.set_lines(lines)

    @work(exclusive=True, exit_on_error=False, group="load")
    async def _load(self) -> None:
        try:
            self._items = dict(await self.fetch())
        except RequestFailedError as exc:
            self._items, self._fault = None, clean(str(exc))
        self.show(self.given.store, self.given.now_ms())
        # What can be done may depend on what is there.
        self.screen.refresh_bindings()

    @on(RowSelected)
    def _row_selected(self, event: RowSelected) -> None:
        event.stop()
        if self.chosen is not None:
            self.edit(self.chosen)
