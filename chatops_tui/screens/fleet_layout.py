"""How table and detail share the fleet screen. Pure."""

from typing import Final

import msgspec

# From here on a table and a detail side by side are both readable.
BESIDE_FROM: Final = 140
# A title, and charts with axes and three rows of plot.
_LEAST_DETAIL: Final = 8
_ROOMY_DETAIL: Final = 13
_ROOMY_FROM: Final = 28
# Two rows of charts, each with its title and axis and five rows of plot.
_SQUARE_FROM: Final = 17
# Below these the busiest processes: a title, six of them, and a line apart; and above them state and disks.
_PROCESSES_FROM: Final = _SQUARE_FROM + 8
_FACTS_FROM: Final = _PROCESSES_FROM + 4
# Beside a table that fills less than this share of the height, half the screen would be empty.
_FEW_SHARE: Final = 0.3
_HEADER: Final = 1
_LEAST_TABLE: Final = 3


class FleetLayout(msgspec.Struct, frozen=True):
    """`table_rows` None: the table takes the whole height."""

    table_rows: int | None
    beside: bool
    """The detail is to the right of the table, not below it."""
    square: bool
    """Four charts in two rows, not in one."""
    processes: bool = False
    """Whether there is room for the busiest ones below such charts."""
    facts: bool = False
    """Whether there is room for state and disks above them, too."""


def fleet_layout(columns: int, rows: int, servers: int) -> FleetLayout:
    """Return how `columns` x `rows` cells are shared; the detail gets what the table does not need."""
    needed = servers + _HEADER
    if columns >= BESIDE_FROM and needed > rows * _FEW_SHARE:
        return FleetLayout(None, beside=True, square=False)
    least = _ROOMY_DETAIL if rows >= _ROOMY_FROM else _LEAST_DETAIL
    table = max(_LEAST_TABLE, min(needed, rows - least))
    detail = rows - table
    return FleetLayout(
        table,
        beside=False,
        square=detail >= _SQUARE_FROM,
        processes=detail >= _PROCESSES_FROM,
        facts=detail >= _FACTS_FROM,
    )
