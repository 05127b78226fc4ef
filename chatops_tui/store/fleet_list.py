"""The fleet as one looks at it: filtered, sorted, in groups, summed up; found anew only when it differs."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from chatops_tui.store.fleet_rows import ListedRow, Totals, listed, totals
from chatops_tui.store.models import Row
from chatops_tui.store.selectors import Order, servers


class View(msgspec.Struct, frozen=True):
    """What one wants to see of the fleet."""

    order: Order
    text: str = ""
    """The filter."""
    groups: str = ""
    folded: frozenset[str] = frozenset()


class FleetList:
    """One picture of the fleet; what nobody asks it for is not made."""

    def __init__(self, rows: Sequence[Row], view: View) -> None:
        """Take rows that are not changed afterwards."""
        self._rows = rows
        self._view = view

    def is_of(self, rows: Sequence[Row], view: View) -> bool:
        """Return whether it would be made the same way again."""
        return rows is self._rows and view == self._view

    @cached_property
    def found(self) -> list[Row]:
        """The servers the filter leaves, in their order."""
        return servers(self._rows, self._view.order, self._view.text)

    @cached_property
    def listed(self) -> list[ListedRow]:
        """The lines of the list."""
        return listed(self.found, self._view.groups, self._view.folded)

    @cached_property
    def by_id(self) -> Mapping[str, ListedRow]:
        """The same by their ids."""
        return {row.id: row for row in self.listed}

    @cached_property
    def ids(self) -> Sequence[str]:
        """Their ids, from top to bottom."""
        return tuple(self.by_id)

    @cached_property
    def totals(self) -> Totals:
        """What the servers do together."""
        return totals(self.found)

    @cached_property
    def away(self) -> frozenset[str]:
        """The ids of the servers whose agents are not heard."""
        return frozenset([row.view.id for row in self.found if row.view.status != "online"])

    @cached_property
    def servers(self) -> frozenset[str]:
        """The ids of all of them."""
        return frozenset([row.view.id for row in self.found])
