"""Samples gathered into columns of time that never move.

Column k holds the samples of [k·step, (k+1)·step) counted from the epoch. When time goes on, old columns keep
their contents and only shift: nothing flickers, and little is sent.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import isfinite

import msgspec

from chatops_tui.render.numbers import is_number


class Series(msgspec.Struct, frozen=True):
    """A line to be drawn: values at times, oldest first.

    Without `lows` and `highs` a column shows the range of its samples. With them (history that was already
    averaged) it shows the mean of the averages, and the band between the extremes.
    """

    label: str
    times_ms: Sequence[int]
    """Unix milliseconds, ascending."""
    values: Sequence[float | None]
    """As many as `times_ms`; None and NaN are gaps."""
    lows: Sequence[float | None] | None = None
    highs: Sequence[float | None] | None = None
    gap_ms: int = 15_000
    """Neighbours farther apart than this are not joined: nobody knows what was between them. A good value is
    two and a half times the interval of the samples."""


class Column(msgspec.Struct, frozen=True):
    """What one column of time holds."""

    low: float
    value: float
    high: float
    band: bool
    """Whether `low` to `high` is a band round an average, and not the path of the line itself."""


def step_for(span_ms: int, count: int) -> int:
    """Return how many milliseconds a column holds when `count` columns cover `span_ms`; at least 1."""
    return max(1, -(-span_ms // max(1, count)))


def columns(series: Series, end_ms: int, step_ms: int, count: int) -> list[Column | None]:
    """Return the `count` columns that end with the one `end_ms` falls in; None where nothing is known.

    A column without a sample between two samples no farther apart than `series.gap_ms` lies on the straight
    line between them.
    """
    first = end_ms // step_ms - count + 1
    found: list[Column | None] = [None] * count
    before: _Group | None = None
    # One gap to either side: a line may enter and leave the picture.
    begin = bisect_left(series.times_ms, first * step_ms - series.gap_ms)
    stop = bisect_right(series.times_ms, (first + count) * step_ms + series.gap_ms)
    for group in _groups(series, range(begin, stop), step_ms):
        if before is not None and group.since_ms - before.until_ms <= series.gap_ms:
            _bridge(found, first, before, group)
        if 0 <= group.index - first < count:
            found[group.index - first] = group.column
        before = group
    return found


class _Group(msgspec.Struct):
    """The samples of one column."""

    index: int
    since_ms: int
    until_ms: int
    column: Column


def _groups(series: Series, indices: range, step_ms: int) -> Iterator[_Group]:
    """Yield the columns that have samples, in one pass: six charts see two thousand samples a second."""
    values, times = series.values, series.times_ms
    gathered: list[int] = []
    index = 0
    for at in indices:
        value = values[at]
        if value is None or not isfinite(value):
            continue
        own = times[at] // step_ms
        if gathered and own != index:
            yield _Group(index, times[gathered[0]], times[gathered[-1]], _column(series, gathered))
            gathered = []
        index = own
        gathered.append(at)
    if gathered:
        yield _Group(index, times[gathered[0]], times[gathered[-1]], _column(series, gathered))


def _column(series: Series, indices: list[int]) -> Column:
    values = _numbers(series.values, indices)
    mean = values[0] if len(values) == 1 else sum(values) / len(values)
    if series.lows is None and series.highs is None:
        if len(values) == 1:
            return Column(mean, mean, mean, band=False)
        return Column(min(*values, mean), mean, max(*values, mean), band=False)
    lows, highs = _numbers(series.lows, indices), _numbers(series.highs, indices)
    return Column(min(*values, *lows, mean), mean, max(*values, *highs, mean), band=bool(lows or highs))


def _numbers(values: Sequence[float | None] | None, indices: list[int]) -> list[float]:
    return [] if values is None else [value for i in indices if is_number(value := values[i])]


def _bridge(found: list[Column | None], first: int, left: _Group, right: _Group) -> None:
    """Fill the columns strictly between two groups with the straight line."""
    start, rise = left.column.value, right.column.value - left.column.value
    width = right.index - left.index
    for index in range(max(left.index + 1, first), min(right.index, first + len(found))):
        value = start + rise * (index - left.index) / width
        found[index - first] = Column(value, value, value, band=False)
