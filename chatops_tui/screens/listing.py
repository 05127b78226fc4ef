"""What screens with a list share: `/` narrows it, `s < > r` and titles sort it, and both are remembered."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from textual import on
from textual.binding import Binding
from textual.widgets import Input

from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.column_choice import ColumnChoice
from chatops_tui.screens.live import LiveScreen
from chatops_tui.store.selectors import Order, SortKey, first_order, known_order, neighbour
from chatops_tui.view_file import Kept, KeptList
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.table_messages import HeaderSelected

LIST_ACTIONS: Final = frozenset({"filter", "sort", "sort_by", "reverse", "columns"})


class Listed(msgspec.Struct, frozen=True):
    """The list one looks at."""

    name: str
    """Under which it is remembered."""
    sorts: Sequence[SortKey[Any]] = ()
    order: Order | None = None
    """None: it has no order but that of its rows."""
    take: Callable[[Order], None] = lambda _order: None
    """Sorts it another way."""
    bar: FilterBar | None = None
    table: LiveTable | None = None
    """Whose columns can be chosen."""


def list_keys(prefix: str, *, shows_sort: bool = True) -> tuple[Binding, ...]:
    """Return the keys of a list; `prefix` begins their ids."""
    return (
        Binding("slash", "filter", "Filter", id=f"{prefix}.filter", key_display="/"),
        Binding("s", "sort", "Sort", show=shows_sort, id=f"{prefix}.sort"),
        Binding("less_than_sign", "sort_by(-1)", "Sort by column left", show=False, id=f"{prefix}.sort-left"),
        Binding(
            "greater_than_sign", "sort_by(1)", "Sort by column right", show=False, id=f"{prefix}.sort-right"
        ),
        Binding("r", "reverse", "Reverse the order", show=False, id=f"{prefix}.reverse"),
        Binding("C", "columns", "Choose the columns", show=False, id=f"{prefix}.columns"),
    )


def kept_order(kept: Kept, name: str, sorts: Sequence[SortKey[Any]], otherwise: str) -> Order:
    """Return the order chosen last time, or the usual one by `otherwise`."""
    last = kept.view.lists.get(name, KeptList())
    return known_order(sorts, last.sort, otherwise, descending=last.descending)


def keep_list(kept: Kept, listed: Listed) -> None:
    """Remember how a list is sorted and filtered."""
    before = kept.view.lists.get(listed.name, KeptList())
    order = listed.order
    now = replace(
        before,
        sort=order.key if order else before.sort,
        descending=order.descending if order else before.descending,
        filter=listed.bar.text if listed.bar is not None else before.filter,
        hidden=tuple(sorted(listed.table.hidden)) if listed.table is not None else before.hidden,
    )
    if now != before:
        kept.change(replace(kept.view, lists={**kept.view.lists, listed.name: now}))


class Listing(LiveScreen):
    """A screen that shows one list at a time; it has the keys of `list_keys` among its own."""

    def listed(self) -> Listed | None:
        """Return the list that is seen; None: what is seen is no list."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the keys where there is a list; leave letters to whoever types."""
        if action not in LIST_ACTIONS:
            return super().check_action(action, parameters)
        listed = self.listed() if self.is_mounted else None
        if listed is None or isinstance(self.focused, Input):
            return False
        if action == "filter":
            return listed.bar is not None
        return (listed.table if action == "columns" else listed.order) is not None

    def on_mount(self) -> None:
        """See the list as it was seen last time."""
        self.recall_list()

    def recall_list(self) -> None:
        """Filter the list that is seen as it was last time, without the columns that were not wanted."""
        listed = self.listed()
        if listed is None:
            return
        last = self.given.kept.view.lists.get(listed.name, KeptList())
        if listed.bar is not None and not listed.bar.text:
            listed.bar.put(last.filter)
        if listed.table is not None:
            listed.table.hide(last.hidden)

    def action_filter(self) -> None:
        """Type a filter."""
        listed = self.listed()
        if listed is not None and listed.bar is not None:
            listed.bar.open()

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        listed = self.listed()
        if listed is not None and listed.order is not None:
            choices = tuple(Choice(sort.id, sort.title) for sort in listed.sorts)
            self.ask(Choose("Sort by", choices, listed.order.key), self._sort_chosen)

    def action_sort_by(self, step: int) -> None:
        """Sort by the column beside the sorted one."""
        listed = self.listed()
        if listed is not None and listed.order is not None:
            self.take_order(neighbour(listed.sorts, listed.order, step))

    def action_reverse(self) -> None:
        """Turn the order round."""
        listed = self.listed()
        if listed is not None and listed.order is not None:
            self.take_order(listed.order.reversed)

    def action_columns(self) -> None:
        """Choose which columns are shown."""
        listed = self.listed()
        if listed is not None and listed.table is not None:
            table = listed.table
            self.ask(ColumnChoice(table.columns, table.hidden), self._columns_chosen)

    def take_order(self, order: Order) -> None:
        """Sort this way, and remember it."""
        listed = self.listed()
        if listed is None:
            return
        listed.take(order)
        self.keep_list()
        self.sync(frozenset())

    def keep_list(self) -> None:
        """Remember how the list is seen."""
        listed = self.listed()
        if listed is not None:
            keep_list(self.given.kept, listed)

    def _sort_chosen(self, key: str | None) -> None:
        listed = self.listed()
        if key is not None and listed is not None:
            self.take_order(first_order(listed.sorts, key))

    def _columns_chosen(self, hidden: frozenset[str] | None) -> None:
        listed = self.listed()
        if hidden is not None and listed is not None and listed.table is not None:
            listed.table.hide(hidden)
            self.keep_list()
            self.sync(frozenset())

    @on(HeaderSelected)
    def _title_clicked(self, event: HeaderSelected) -> None:
        listed = self.listed()
        if listed is None or listed.order is None or all(sort.id != event.key for sort in listed.sorts):
            return
        is_same = event.key == listed.order.key
        self.take_order(listed.order.reversed if is_same else first_order(listed.sorts, event.key))

    @on(FilterBar.Changed)
    def _filter_typed(self) -> None:
        self.keep_list()
        self.sync(frozenset())
