"""The last hour of one server's samples in memory: integers in typed arrays, by arrival."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from chatops_server.domain.columns import HOST, Scaled

# An hour, and some minutes for clients whose "an hour ago" lies a little before ours.
WINDOW_MS: Final = 65 * 60_000
# One sample a second, the shortest interval; at the usual 5 s a ring holds 780 (about 75 KB).
CAPACITY: Final = 3_900
# Old entries are cut off this many at a time, since cutting moves the rest.
_CUT: Final = 64

# Most values fit into 32 bits; a column that meets a larger one moves to 64. The smallest one of each
# means "no value": the columns never hold it (domain/columns.py, LIMIT; and 32 bits give way before).
_NARROW: Final = "i"
_WIDE: Final = "q"
_NONE: Final = {_NARROW: -(2**31), _WIDE: -(2**63)}
_NARROW_LIMIT: Final = 2**31 - 1


class Ring:
    """Samples of the last hour.

    Full, it drops what came first and knows from when on it is complete. Samples whose own time is
    older than the window when they arrive are not kept at all.
    """

    def __init__(self, complete_from_ms: int) -> None:
        """Start empty; `complete_from_ms`: no sample is missing whose own time is that or later."""
        self.complete_from_ms = complete_from_ms
        self._times: array[int] = array(_WIDE)
        # Nearly always so, and then a part of the ring is found without looking at all of it: the first
        # list of a fleet asks every ring for its last five minutes.
        self._is_ascending = True
        self._columns: list[array[int] | None] = [None] * len(HOST)

    def __len__(self) -> int:
        return len(self._times)

    @property
    def newest_ms(self) -> int:
        """The latest of the samples' own times; -1 when empty."""
        return max(self._times, default=-1)

    def add(self, ts_ms: int, values: Scaled, now_ms: int) -> None:
        """Keep one sample; `values` are the columns of HOST, `now_ms` when it was received."""
        if ts_ms < now_ms - WINDOW_MS:
            self.complete_from_ms = max(self.complete_from_ms, ts_ms + 1)
            return
        for at, value in enumerate(values):
            self._put(at, value)
        if self._times and ts_ms < self._times[-1]:
            self._is_ascending = False
        self._times.append(ts_ms)
        self._make_room(now_ms - WINDOW_MS)

    def times(self, start_ms: int, end_ms: int) -> list[int]:
        """Return the samples' own times in [start_ms, end_ms), by arrival."""
        return [ts_ms for ts_ms in self._times[self._around(start_ms, end_ms)] if start_ms <= ts_ms < end_ms]

    def values(self, at: int, start_ms: int, end_ms: int) -> list[tuple[int, int | None]]:
        """Return (ts_ms, value) of one column in [start_ms, end_ms), by arrival."""
        column = self._columns[at]
        if column is None:
            return []
        none, around = _NONE[column.typecode], self._around(start_ms, end_ms)
        return [
            (ts_ms, None if value == none else value)
            for ts_ms, value in zip(self._times[around], column[around], strict=True)
            if start_ms <= ts_ms < end_ms
        ]

    def entries(self) -> Iterator[tuple[int, Scaled]]:
        """Yield what is kept, by arrival."""
        for index, ts_ms in enumerate(self._times):
            yield ts_ms, tuple(_read(column, index) for column in self._columns)

    def _around(self, start_ms: int, end_ms: int) -> slice:
        """Return where all samples of [start_ms, end_ms) stand, perhaps among others."""
        if not self._is_ascending:
            return slice(None)
        return slice(bisect_left(self._times, start_ms), bisect_left(self._times, end_ms))

    def _put(self, at: int, value: int | None) -> None:
        column = self._columns[at]
        if column is None:
            if value is None:
                return
            column = self._columns[at] = array(_NARROW, [_NONE[_NARROW]]) * len(self._times)
        if value is None:
            column.append(_NONE[column.typecode])
            return
        if column.typecode == _NARROW and not -_NARROW_LIMIT <= value <= _NARROW_LIMIT:
            column = self._columns[at] = _widened(column)
        column.append(value)

    def _make_room(self, oldest_ms: int) -> None:
        excess = max(0, len(self._times) - CAPACITY)
        if excess == 0 and (len(self._times) < _CUT or self._times[_CUT - 1] >= oldest_ms):
            return
        cut = min(len(self._times), max(excess, _CUT))
        self.complete_from_ms = max(self.complete_from_ms, max(self._times[:cut]) + 1)
        del self._times[:cut]
        for column in self._columns:
            if column is not None:
                del column[:cut]
        if not self._is_ascending:
            left = self._times.tolist()
            self._is_ascending = left == sorted(left)


def _read(column: "array[int] | None", index: int) -> int | None:
    if column is None:
        return None
    value = column[index]
    return None if value == _NONE[column.typecode] else value


def _widened(column: "array[int]") -> "array[int]":
    return array(_WIDE, [_NONE[_WIDE] if value == _NONE[_NARROW] else value for value in column])
