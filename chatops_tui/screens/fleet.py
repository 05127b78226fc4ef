"""The fleet: every server in a table, the one under the cursor in detail."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from chatops_tui.render.spans import Cell, width
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs
from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.context import Context
from chatops_tui.screens.fleet_deeds import FleetDeeds
from chatops_tui.screens.fleet_detail import FleetDetail
from chatops_tui.screens.fleet_keys import FLEET_KEYS
from chatops_tui.screens.fleet_layout import FleetLayout, fleet_layout
from chatops_tui.screens.fleet_map import map_line, next_heat, tile_groups
from chatops_tui.screens.fleet_table import COLUMNS, Look, cells, columns_for, group_cells, totals_line
from chatops_tui.screens.listing import LIST_ACTIONS, Listed
from chatops_tui.screens.notice import Notice, fleet_notice
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.screens.tour import Tour
from chatops_tui.store.fleet_list import FleetList, View
from chatops_tui.store.fleet_rows import BY_TAG, NO_GROUPS, GroupRow, ListedRow, groupings
from chatops_tui.store.models import LinkPhase, Row
from chatops_tui.store.ranges import labelled, longer, shorter
from chatops_tui.store.selectors import SERVER_SORTS, Order, known_order
from chatops_tui.view_file import Kept
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.heat_map import HeatMap
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.table_messages import RowHighlighted, RowSelected

if TYPE_CHECKING:
    from textual.timer import Timer

    from chatops_tui.render.columns import Column

# A cursor that only passes by asks the hub for nothing.
FOLLOW_AFTER_S: Final = 0.15

# Their keys are shown, or not, by what there is.
_DIMMED: Final = ("add", "edit", "filter", "run", "shell")


class FleetTable(LiveTable):
    """Tells in the footer that Enter opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_row", "Open", id="fleet.open", key_display="⏎"),
        Binding("space", "toggle_mark", "Mark", show=False, id="fleet.mark", key_display="space"),
    ]


class FleetScreen(FleetDeeds):
    """The root of the program."""

    BINDINGS: ClassVar[list[BindingType]] = list(FLEET_KEYS)

    def __init__(self, context: Context, kept: Kept, *, tour: bool = False) -> None:
        super().__init__(context)
        self._kept = kept
        self._tour = tour
        self._order = known_order(SERVER_SORTS, kept.view.sort, "status", descending=kept.view.descending)
        self._span = labelled(kept.view.range)
        self._followed = ""
        self._follow_timer: Timer | None = None
        self._abilities: tuple[bool | None, ...] = ()
        self._layout_drawn: FleetLayout | None = None
        self._columns: tuple[Column, ...] = COLUMNS
        self._groups, self._heat = kept.view.groups, kept.view.heat
        self._folded: set[str] = set()
        self._list = FleetList((), View(self._order))

    def compose(self) -> ComposeResult:
        """Lay out bars, table and detail."""
        yield StatusBar()
        yield TooSmall()
        yield FilterBar()
        yield Notice()
        yield TextBlock(id="fleet-totals", classes="-gone")
        with Container(id="body"):
            yield FleetTable(COLUMNS, markable=True, id="fleet-table")
            yield HeatMap(id="fleet-map")
            yield FleetDetail(self.given)
        yield Tour(self.given.charset, id="tour", classes="" if self._tour else "-gone")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Say at once that it is loading."""
        self._show_order()
        # Not called mounted yet, but complete: so the first picture says it, and not the second.
        self.paint(frozenset())
        if self._tour:
            # Once: whoever wants to see it again finds it in the help.
            self._kept.change(replace(self._kept.view, toured=True))

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Fleet",)

    def needs(self) -> Needs:
        """Return every sample of the server in detail, and its history."""
        if not self._followed:
            return Needs()
        memory = self.store.server(self._followed)
        if memory is None or memory.row.status == "never":
            return Needs()
        watched = frozenset({self._followed})
        return Needs(watched, frozenset({(self._followed, self._span)}))

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - whatever changed, only lines that differ are drawn
        """Draw the list and the detail, or what stands in their place."""
        rows = self.store.rows()
        notice = self.query_one(Notice)
        notice.set_class(bool(rows), "-gone")
        self.query_one("#body").set_class(not rows, "-gone")
        self._refresh_keys()
        self._keep_focus(has_rows=bool(rows))
        if not rows:
            notice.say(fleet_notice(self.store, self.given.hub.address, self.given.now_ms()))
            return
        self._lay_out(rows)
        self._draw_table(rows)
        self._draw_detail()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what needs a row while there is none."""
        if action in LIST_ACTIONS and not self.store.rows():
            return None
        return super().check_action(action, parameters)

    def listed(self) -> Listed:
        """Return the table."""
        bar, table = self.query_one(FilterBar), self.query_one(FleetTable)
        return Listed("fleet", SERVER_SORTS, self._order, self._take_order, bar, table)

    def members_of(self, row_id: str) -> Sequence[str]:
        """Return the servers of a group's row, or the one of a server's."""
        row = self._list.by_id.get(row_id)
        return [member.id for member in row.members] if isinstance(row, GroupRow) else (row_id,)

    def action_retry(self) -> None:
        """Try again at once while there is no fleet; the table opens its rows."""
        self.given.hub.reconnect_now()

    def show_tour(self) -> None:
        """Tell what to press, until Escape."""
        self.query_one(Tour).remove_class("-gone")
        self.call_after_refresh(self.sync, frozenset())

    def action_clear(self) -> None:
        """Take the filter away, or else the marks, or else the tour."""
        bar, table = self.query_one(FilterBar), self.query_one(LiveTable)
        if bar.text:
            bar.action_clear()
        elif table.marked:
            table.clear_marks()
        else:
            self.query_one(Tour).add_class("-gone")
            self.call_after_refresh(self.sync, frozenset())

    def action_group(self) -> None:
        """Choose by which tags the servers are grouped."""
        ways = groupings(self.store.rows())
        words = {NO_GROUPS: "No groups", BY_TAG: "The first tag"}
        choices = tuple(Choice(way, words.get(way, f"The tag {clean(way)}")) for way in ways)
        current = self._groups if self._groups in ways else NO_GROUPS
        self.ask(Choose("Group by", choices, current), self._grouped_by)

    def action_heat(self) -> None:
        """See the map instead of the table, or the table again."""
        self._heat = "" if self._heat else next_heat("")
        self._keep()
        self._layout_drawn = None
        self.sync(frozenset())
        self.set_focus(self.query_one(HeatMap) if self._heat else self.query_one(LiveTable))

    def action_heat_of(self) -> None:
        """Have the map tell something else."""
        if self._heat:
            self._heat = next_heat(self._heat)
            self._keep()
            self.sync(frozenset())

    def action_range(self, step: int) -> None:
        """Show more or less of the past, up to now: what was frozen ends where it was frozen."""
        self.thaw()
        self._span = longer(self._span) if step > 0 else shorter(self._span)
        self._keep()
        self.sync(frozenset())

    @on(RowSelected)
    def _row_selected(self, event: RowSelected) -> None:
        row = self._list.by_id.get(event.row_id)
        if isinstance(row, GroupRow):
            self._folded.symmetric_difference_update((row.tag,))
            self.sync(frozenset())
            return
        self._open(event.row_id)

    @on(HeatMap.Opened)
    def _tile_opened(self, event: HeatMap.Opened) -> None:
        self._open(event.server_id)

    @on(HeatMap.Moved)
    def _tile_reached(self, event: HeatMap.Moved) -> None:
        # What is done to a server is done to the one under the table's cursor.
        self.query_one(LiveTable).move_to(event.server_id)

    def _open(self, server_id: str) -> None:
        if self.given.store.link.phase is not LinkPhase.LIVE:
            self.given.hub.reconnect_now()
        self.post_message(self.Wanted("open", server_id))

    def _grouped_by(self, way: str | None) -> None:
        if way is not None:
            self._groups = way
            self._folded.clear()
            self._keep()
            self.sync(frozenset())

    @on(RowHighlighted)
    def _row_highlighted(self, event: RowHighlighted) -> None:
        if self._follow_timer is not None:
            self._follow_timer.stop()
        wanted = event.row_id or ""
        self._follow_timer = self.set_timer(FOLLOW_AFTER_S, lambda: self._follow(wanted))

    def _take_order(self, order: Order) -> None:
        self._order = order
        self._show_order()

    def _show_order(self) -> None:
        self._keep()
        # The usual order needs no arrow, and the column of marks has no title to put it at.
        key = None if self._order.key == "status" else self._order.key
        self.query_one(LiveTable).set_sort(key, reverse=self._order.descending)
        self.sync(frozenset())

    def _keep(self) -> None:
        order, view = self._order, self._kept.view
        self._kept.change(
            replace(
                view,
                sort=order.key,
                descending=order.descending,
                range=self._span.label,
                groups=self._groups,
                heat=self._heat,
            )
        )

    def _follow(self, server_id: str) -> None:
        self._followed = server_id
        self.sync(frozenset())

    def _lay_out(self, rows: list[Row]) -> None:
        columns = columns_for(tuple([row.view.name for row in rows]))
        if columns != self._columns:
            self._columns = columns
            self.query_one(LiveTable).set_columns(columns)
        body = self.query_one("#body")
        # Of a map more tiles than lines are in view; a long list is what it is like.
        count = len(rows) if self._heat else len(self._list.ids) or len(rows)
        layout = fleet_layout(body.size.width, body.size.height, count)
        if layout == self._layout_drawn:
            return
        self._layout_drawn = layout
        body.set_class(layout.beside, "-beside")
        has_detail = not self.has_class("-short")
        height = layout.table_rows if has_detail else None
        for shown in (self.query_one(LiveTable), self.query_one(HeatMap)):
            shown.styles.height = "1fr" if height is None else height
        detail = self.query_one(FleetDetail)
        detail.set_class(layout.square, "-square")
        detail.set_class(layout.processes, "-processes")
        detail.set_class(layout.facts, "-facts")
        # Once everything has its new size, not a second later.
        self.call_after_refresh(self.sync, frozenset())

    def _draw_table(self, rows: list[Row]) -> None:
        table, bar = self.query_one(LiveTable), self.query_one(FilterBar)
        # In the map nothing is folded, and the table's cursor goes everywhere.
        folded = frozenset() if self._heat else frozenset(self._folded)
        view = View(self._order, bar.text, self._groups, folded)
        if not self._list.is_of(rows, view):
            self._list = FleetList(rows, view)
        fleet = self._list
        bar.set_counts(len(fleet.found), len(rows))
        table.set_empty_message([[("No server matches the filter. Esc clears it.", "muted")]])
        look = Look(self.shown_ms, self.given.zone, self.given.charset, table.widths)
        is_live = self.given.store.link.phase is LinkPhase.LIVE
        old = fleet.away if is_live else fleet.servers
        table.sync(fleet.ids, lambda row_id: self._cells(row_id, look), dimmed=old)
        self._draw_map(fleet.listed)
        self._draw_totals()

    def _draw_map(self, rows: Sequence[ListedRow]) -> None:
        table, heat_map = self.query_one(LiveTable), self.query_one(HeatMap)
        table.set_class(bool(self._heat), "-gone")
        heat_map.set_class(not self._heat, "-gone")
        if self._heat:
            heat_map.show(tile_groups(rows, self._heat))
            if table.cursor_row:
                heat_map.move_to(table.cursor_row)

    def _draw_totals(self) -> None:
        """Sum up what cannot be seen at one glance."""
        block, table = self.query_one("#fleet-totals", TextBlock), self.query_one(LiveTable)
        # What the table was given, not what it has: in the first frames it has nothing of it yet.
        given = self._layout_drawn.table_rows if self._layout_drawn and not self.has_class("-short") else None
        height = given or table.size.height
        fits = not height or len(self._list.ids) < height
        is_gone = not self._heat and fits and not self._groups
        block.set_class(is_gone, "-gone")
        if not is_gone:
            lead = map_line(self._heat) if self._heat else []
            block.set_lines([[*lead, *totals_line(self._list.totals, self.size.width - width(lead))]])

    def _cells(self, row_id: str, look: Look) -> list[Cell]:
        row = self._list.by_id.get(row_id)
        if isinstance(row, GroupRow):
            return group_cells(row, look)
        memory = self.store.server(row_id)
        return [] if memory is None else cells(memory, look)

    def _keep_focus(self, *, has_rows: bool) -> None:
        """Enter opens a row where there is one, and else tries again."""
        table, heat_map = self.query_one(LiveTable), self.query_one(HeatMap)
        if not has_rows and self.focused in {table, heat_map}:
            self.set_focus(None)
        elif has_rows and self.focused is None:
            self.set_focus(heat_map if self._heat else table)

    def _refresh_keys(self) -> None:
        """Draw the footer anew once other keys do something."""
        abilities = tuple(self.check_action(action, ()) for action in _DIMMED)
        if abilities != self._abilities:
            self._abilities = abilities
            self.refresh_bindings()

    def _draw_detail(self) -> None:
        detail = self.query_one(FleetDetail)
        cursor = self.query_one(LiveTable).cursor_row
        if not self._followed and cursor:
            self._followed = cursor
        memory = self.store.server(self._followed)
        detail.set_class(memory is None, "-empty")
        if memory is not None:
            detail.show(memory, self._span, self.shown_ms)
