"""The containers of every server the user may see, in one list."""

from collections.abc import Set as AbstractSet
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs
from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.closing import close
from chatops_tui.screens.container_list import ContainerList
from chatops_tui.screens.container_visits import ContainerVisits
from chatops_tui.screens.context import Context
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.container_rows import SORTS
from chatops_tui.store.containers import EVERYWHERE
from chatops_tui.store.selectors import first_order, neighbour
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.table_messages import HeaderSelected


class ContainersScreen(ContainerVisits, LiveScreen):
    """Grouped by project, so that what runs on several machines stands together."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="all-containers.filter", key_display="/"),
        Binding("s", "sort", "Sort", show=False, id="all-containers.sort"),
        Binding("less_than_sign", "sort_by(-1)", "Sort by column left", show=False, id="all-containers.left"),
        Binding(
            "greater_than_sign", "sort_by(1)", "Sort by column right", show=False, id="all-containers.right"
        ),
        Binding("r", "reverse", "Reverse the order", show=False, id="all-containers.reverse"),
        Binding("escape", "back", "Back", id="all-containers.back", key_display="esc"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._list = ContainerList(context, has_servers=True)

    def compose(self) -> ComposeResult:
        """Lay out bars and list."""
        yield StatusBar()
        yield TooSmall()
        yield self._list
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin in the table."""
        self.set_focus(self._list.table)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Fleet", "Containers")

    def needs(self) -> Needs:
        """Return the containers of all servers."""
        return Needs(containers=frozenset({EVERYWHERE}))

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the list."""
        names = {row.id: row.name for row in self.store.rows()}
        self._list.show(self.store.containers.rows(), names, self.shown_ms)
        self._list.say_when_empty(self._nothing())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave letters to whoever types."""
        if action in {"filter", "sort", "sort_by", "reverse"}:
            return not isinstance(self.focused, Input)
        return super().check_action(action, parameters)

    def action_filter(self) -> None:
        """Type a filter."""
        self._list.query_one(FilterBar).open()

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        choices = tuple(Choice(sort.id, sort.title) for sort in SORTS)
        self.ask(Choose("Sort by", choices, self._list.order.key), self._sort_chosen)

    def action_sort_by(self, step: int) -> None:
        """Sort by the column beside the sorted one."""
        self._list.order = neighbour(SORTS, self._list.order, step)
        self.sync(frozenset())

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._list.order = self._list.order.reversed
        self.sync(frozenset())

    def action_back(self) -> None:
        """Leave the filter, then the marks, then the screen."""
        if not self._list.back():
            close(self, None)

    @on(FilterBar.Changed)
    def _list_changed(self) -> None:
        self.sync(frozenset())

    @on(HeaderSelected)
    def _header_selected(self, event: HeaderSelected) -> None:
        order = self._list.order
        self._list.order = order.reversed if event.key == order.key else first_order(SORTS, event.key)
        self.sync(frozenset())

    def _sort_chosen(self, key: str | None) -> None:
        if key is not None:
            self._list.order = first_order(SORTS, key)
            self.sync(frozenset())

    def _nothing(self) -> list[Cell]:
        containers = self.store.containers
        if containers.failure(EVERYWHERE):
            return [[(f"✖ {clean(containers.failure(EVERYWHERE))}", "crit")]]
        if not containers.is_loaded(EVERYWHERE):
            return [[("Loading the containers…", "muted")]]
        return [
            [("No server you see has a container.", "muted")],
            [],
            [("Where an agent finds Docker or Podman they come by themselves.", "muted")],
        ]
