"""The containers of one server or of all: filtered, sorted, grouped by project, and what is done to them."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.container_cells import OF_ALL_SERVERS, OF_ONE_SERVER, Look, cells
from chatops_tui.screens.container_deeds import CHANGES, ContainerDeeds, hindrance, may_change
from chatops_tui.screens.container_facts import overview, project_overview
from chatops_tui.screens.container_orders import CONTAINER_KEYS
from chatops_tui.screens.context import Context
from chatops_tui.screens.facts import rule
from chatops_tui.screens.listing import Listed, kept_order
from chatops_tui.store.container_rows import (
    SORTS,
    ContainerRow,
    ListRow,
    ProjectRow,
    Wish,
    counted,
    is_running,
    rows,
)
from chatops_tui.store.containers import ContainerKey, ContainerMemory
from chatops_tui.store.selectors import Order
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.table_messages import MarksChanged, RowHighlighted, RowSelected

_HINT: Final = "words, project:shop  image:nginx  state:exited  cpu>50  !redis"


class ContainersTable(LiveTable):
    """Has the keys for what is under the cursor, or marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_row", "Open", id="containers.open", key_display="⏎"),
        Binding("l", "wish('logs')", "Logs", id="containers.logs"),
        *CONTAINER_KEYS,
        Binding("space", "toggle_mark", "Mark", show=False, id="containers.mark"),
        Binding("u", "wish('group')", "Group by project", show=False, id="containers.group"),
        Binding("e", "wish('stopped')", "Hide or show stopped", show=False, id="containers.stopped"),
        Binding("i", "wish('stock')", "Images, volumes, nets", show=False, id="containers.stock"),
    ]

    class Wished(Message):
        """A key was pressed; the list knows what to do."""

        def __init__(self, wish: str) -> None:
            super().__init__()
            self.wish = wish

    changes_allowed = True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what the agent of the server under the cursor, or the user's role, does not allow."""
        if action == "wish" and parameters and parameters[0] in CHANGES:
            return True if self.changes_allowed else None
        return super().check_action(action, parameters)

    def action_wish(self, wish: str) -> None:
        """Tell the list."""
        self.post_message(self.Wished(wish))


class ContainerList(Vertical):
    """Draws what it is shown. Its screen has the keys for `order` and for the filter bar."""

    class Opened(Message):
        """The user wants to see one container, or the logs of several."""

        def __init__(self, keys: Sequence[ContainerKey], *, logs: bool, title: str = "") -> None:
            super().__init__()
            self.keys = tuple(keys)
            self.logs = logs
            self.title = title

    class StockWanted(Message):
        """The user wants to see images, volumes and networks of a server."""

        def __init__(self, server_id: str) -> None:
            super().__init__()
            self.server_id = server_id

    def __init__(self, context: Context, *, has_servers: bool) -> None:
        """Make an empty list; `has_servers`: it is of several, so each row names its own."""
        super().__init__()
        self._given = context
        self._has_servers = has_servers
        self.order: Order = kept_order(context.kept, "all-containers", SORTS, "name")
        self.refusal = ""
        """Why nothing may be changed whatever the agent allows; empty: it may."""
        self._with_stopped = True
        self._is_grouped = True
        self._folded: set[str] = set()
        self._shown: dict[str, ListRow] = {}
        self._total = 0

    def compose(self) -> ComposeResult:
        """Lay out filter, table and note."""
        yield FilterBar(_HINT)
        yield ContainersTable(OF_ALL_SERVERS if self._has_servers else OF_ONE_SERVER, markable=True)
        yield TextBlock(id="containers-detail")
        yield TextBlock(id="containers-note")

    @property
    def table(self) -> ContainersTable:
        """The table."""
        return self.query_one(ContainersTable)

    def listed(self, name: str) -> Listed:
        """Return it as its screen sorts and filters it; `name` is what it is remembered by."""
        return Listed(name, SORTS, self.order, self._take_order, self.query_one(FilterBar), self.table)

    def _take_order(self, order: Order) -> None:
        self.order = order

    def show(self, memories: Sequence[ContainerMemory], servers: Mapping[str, str], now_ms: int) -> None:
        """Draw these containers; `servers` are the names by id."""
        bar, table = self.query_one(FilterBar), self.table
        wish = Wish(self.order, bar.text, self._with_stopped, self._is_grouped, self._folded)
        found = rows(memories, servers, wish)
        self._shown = {row.id: row for row in found}
        self._total = len(memories)
        bar.set_counts(counted(found), len(memories))
        # The usual order needs no arrow above lines of projects.
        table.set_sort(self.order.key, reverse=self.order.descending)
        is_grouped = any(isinstance(row, ProjectRow) for row in found)
        look = Look(now_ms, self._given.charset, table.widths, self._has_servers)
        table.sync(
            [row.id for row in found],
            lambda row_id: cells(self._shown[row_id], look, indented=is_grouped),
            dimmed={row.id for row in found if self._is_old(row)},
        )
        self._draw_detail(now_ms)
        self._draw_note(memories)

    def say_when_empty(self, lines: list[Cell]) -> None:
        """Say this where rows would be; a filter that leaves none speaks for itself."""
        if self.query_one(FilterBar).text and self._total:
            lines = [[("No container matches the filter. Esc clears it.", "muted")]]
        elif self._total:
            lines = [[("All are stopped. ", "muted"), ("e", "accent"), (" shows them.", "muted")]]
        self.table.set_empty_message(lines)

    def back(self) -> bool:
        """Take the filter away, else the marks; False when there is neither."""
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.action_clear()
        elif self.table.marked:
            self.table.clear_marks()
            self._changed()
        else:
            return False
        return True

    @on(ContainersTable.Wished)
    def _wished(self, event: ContainersTable.Wished) -> None:
        event.stop()
        match event.wish:
            case "group":
                self._is_grouped = not self._is_grouped
                self._changed()
            case "stopped":
                self._with_stopped = not self._with_stopped
                self._changed()
            case "logs":
                self._open_logs()
            case "stock":
                self._want_stock()
            case _ if self.refusal:
                self.notify(f"{self.refusal}.", severity="warning", markup=False)
            case _:
                project = self._project_under_cursor()
                ContainerDeeds(self.screen, self._given).do(event.wish, self._targets(), project)

    @on(RowSelected)
    def _row_selected(self, event: RowSelected) -> None:
        event.stop()
        row = self._shown.get(event.row_id)
        if isinstance(row, ProjectRow):
            self._folded.symmetric_difference_update((row.project,))
            self._changed()
        elif row is not None:
            self.post_message(self.Opened((row.memory.key,), logs=False))

    @on(RowHighlighted)
    def _row_highlighted(self, event: RowHighlighted) -> None:
        event.stop()
        self._changed()

    @on(MarksChanged)
    def _marks_changed(self, event: MarksChanged) -> None:
        event.stop()
        self._changed()

    def _changed(self) -> None:
        # The screen knows what to draw.
        self.post_message(FilterBar.Changed(self.query_one(FilterBar), self.query_one(FilterBar).text))

    @property
    def _under_cursor(self) -> ListRow | None:
        return self._shown.get(self.table.cursor_row or "")

    def _project_under_cursor(self) -> str:
        row = self._under_cursor
        return row.project if isinstance(row, ProjectRow) and not self._marked() else ""

    def _marked(self) -> list[ContainerRow]:
        marked = (self._shown.get(row_id) for row_id in self.table.order if row_id in self.table.marked)
        chosen: dict[str, ContainerRow] = {}
        for row in marked:
            members = row.members if isinstance(row, ProjectRow) else (row,) if row else ()
            chosen.update((member.id, member) for member in members)
        return list(chosen.values())

    def _targets(self) -> list[ContainerRow]:
        """Return the marked ones, else what is under the cursor, of a project all of it."""
        row = self._under_cursor
        under = row.members if isinstance(row, ProjectRow) else (row,) if row else ()
        return self._marked() or list(under)

    def _open_logs(self) -> None:
        targets = self._targets()
        if targets:
            title = self._project_under_cursor() or (f"{len(targets)} containers" if len(targets) > 1 else "")
            self.post_message(self.Opened([row.memory.key for row in targets], logs=True, title=title))

    def _want_stock(self) -> None:
        targets = self._targets()
        if targets:
            self.post_message(self.StockWanted(targets[0].memory.server_id))

    def _is_old(self, row: ListRow) -> bool:
        if isinstance(row, ProjectRow):
            return all(map(self._is_old, row.members))
        server = self._given.store.server(row.memory.server_id)
        return server is None or not self._given.is_current(server.row)

    def _draw_detail(self, now_ms: int) -> None:
        """Tell of the container under the cursor, where there is room below the list."""
        block, row = self.query_one("#containers-detail", TextBlock), self._under_cursor
        if not block.display:
            return
        if isinstance(row, ContainerRow):
            title = rule(clean(row.item.name), block.content_size.width, clean(row.server))
            block.set_lines([title, *overview(row.memory, self._given, now_ms)])
        elif row is not None:
            title = rule(clean(row.project) or "no project", block.content_size.width)
            block.set_lines([title, *project_overview(row)])
        else:
            block.set_lines([])

    def _draw_note(self, memories: Sequence[ContainerMemory]) -> None:
        running = sum(is_running(memory.item) for memory in memories)
        line: list[Span] = [(f" {running} of {len(memories)} run", "muted")]
        if not self._with_stopped:
            line.append((f", {len(memories) - running} stopped ones hidden (e)", "muted"))
        marked = len(self._marked())
        if marked:
            line.append((f"   {marked} marked", "accent"))
        targets = self._targets()
        why = hindrance(self._given, targets[0].memory.server_id) if targets else ""
        why = self.refusal or why
        if why:
            line.append((f"   {why}", "warn"))
        self.query_one("#containers-note", TextBlock).set_lines([line])
        self._refresh_keys()

    def _refresh_keys(self) -> None:
        targets = self._targets()
        may = not targets or any(may_change(self._given, row.memory.server_id) for row in targets)
        allowed = may and not self.refusal
        if allowed != self.table.changes_allowed:
            self.table.changes_allowed = allowed
            self.screen.refresh_bindings()
