"""Which metric stands in which column of the hourly tables, and as which integer.

Integers take 2.5 times less room than floats and add up exactly, so that every source of a chart gives
the same answer. A position is for ever; a new metric is appended with the version that brings it, and
VERSION counts up: the hour that is being written then gets a second table.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chatops_wire import metrics
from chatops_wire.metrics import CATALOGUE, Group, Unit
from chatops_wire.samples import SampleParts

# 2 brought the table of processes (storage/sql/hot.py), and no column.
VERSION: Final = 2

# What a unit is multiplied by before it is rounded.
SCALES: Final[dict[Unit, int]] = {
    "percent": 100,
    "load": 100,
    "celsius": 10,
    "seconds": 10,
    "bytes": 1,
    "bytes/s": 1,
    "count": 1,
    "bool": 1,
}
# The databases hold signed 64-bit integers; one absurd float may not cost a whole batch.
LIMIT: Final = 2**63 - 1

Scaled = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One metric; `since` is the VERSION that brought it."""

    metric: str
    since: int = 1

    @property
    def scale(self) -> int:
        """What its values were multiplied by."""
        return SCALES[CATALOGUE[self.metric].unit]


# One row a sample: everything that takes no label, the combined values of the labelled families included.
HOST: Final = tuple(
    Column(name)
    for name in (
        "cpu.percent",
        "cpu.user",
        "cpu.system",
        "cpu.iowait",
        "cpu.steal",
        "load.1",
        "load.5",
        "load.15",
        "memory.percent",
        "memory.used",
        "swap.percent",
        "swap.used",
        "disk.percent",
        "disk.used",
        "disk.read_bps",
        "disk.write_bps",
        "net.rx_bps",
        "net.tx_bps",
        "temperature.celsius",
        "process.count",
        "container.cpu_percent",
        "container.memory_used",
        "uptime.s",
    )
)
# One row for each labelled thing of a sample; the kinds share the first columns of one table.
PARTS: Final[dict[Group, tuple[Column, ...]]] = {
    "disk": tuple(Column(name) for name in ("disk.percent", "disk.used", "disk.read_bps", "disk.write_bps")),
    "net": (Column("net.rx_bps"), Column("net.tx_bps")),
    "temp": (Column("temperature.celsius"),),
    "ctr": (Column("container.cpu_percent"), Column("container.memory_used")),
}
PART_WIDTH: Final = max(len(columns) for columns in PARTS.values())

_HOST_SCALES: Final = tuple((column.metric, column.scale) for column in HOST)
_PART_SCALES: Final = {
    kind: tuple((column.metric, column.scale) for column in columns) for kind, columns in PARTS.items()
}
_PADDING: Final[dict[Group, Scaled]] = {
    kind: (None,) * (PART_WIDTH - len(columns)) for kind, columns in PARTS.items()
}


def host_width(version: int) -> int:
    """Return how many columns of HOST a table of that version has."""
    return sum(column.since <= version for column in HOST)


def position(kind: Group, metric: str, version: int = VERSION) -> int | None:
    """Return the column of a metric in a table of that version; None where it has none."""
    columns = HOST if kind == "host" else PARTS[kind]
    for at, column in enumerate(columns):
        if column.metric == metric and column.since <= version:
            return at
    return None


def host_row(sample: SampleParts) -> Scaled:
    """Return the columns of HOST for one sample; None where it does not tell."""
    return _scaled(metrics.combined_values(sample), _HOST_SCALES)


def part_rows(sample: SampleParts) -> list[tuple[Group, str, Scaled]]:
    """Return kind, label and PART_WIDTH columns of each labelled thing of one sample."""
    return [
        (kind, label, _scaled(values, _PART_SCALES[kind]) + _PADDING[kind])
        for kind, label, values in metrics.labelled_values(sample)
    ]


def _scaled(values: Mapping[str, float | None], scales: Sequence[tuple[str, int]]) -> Scaled:
    # Once a value of every sample: kept in one loop, which takes half the time of a call for each.
    row: list[int | None] = []
    for name, scale in scales:
        value = values.get(name)
        if value is None:
            row.append(None)
            continue
        try:
            whole = round(value * scale)
        except (OverflowError, ValueError):
            row.append(_limited(value))
            continue
        row.append(whole if -LIMIT <= whole <= LIMIT else _limited(value))
    return tuple(row)


def _limited(value: float) -> int | None:
    """Return what stands for a number that no column holds: the nearest one; None for "not a number"."""
    if math.isnan(value):
        return None
    return LIMIT if value > 0 else -LIMIT
