"""The last hour of one server's samples in memory: integers, the newest in typed arrays, the rest packed."""

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from typing import Final

from chatops_server.domain.columns import HOST, Scaled
from chatops_server.domain.packed_rows import NARROW, NARROW_LIMIT, NONE, WIDE, PackedRows

# An hour, and some minutes for clients whose "an hour ago" lies a little before ours.
WINDOW_MS: Final = 65 * 60_000
# One sample a second, the shortest interval; at the usual 5 s a ring holds 780 (some 40 KB).
CAPACITY: Final = 3_900
# The first list of a fleet asks every ring for its last five minutes, 60 samples at 5 s: never packed.
_OPEN: Final = 60
# Packed together, and cut off together. More of them pack better, but stand open until there are so many.
_TOGETHER: Final = 30


class Ring:
    """Samples of the last hour.

    Full, it drops what came first and knows from when on it is complete. Samples whose own time is
    older than the window when they arrive are not kept at all.
    """

    def __init__(self, complete_from_ms: int) -> None:
        """Start empty; `complete_from_ms`: no sample is missing whose own time is that or later."""
        self.complete_from_ms = complete_from_ms
        self._packed: deque[PackedRows] = deque()
        self._packed_rows = 0
        self._times: array[int] = array(WIDE)
        # Nearly always so, and then a part of the ring is found without looking at all of it.
        self._is_ascending = True
        self._columns: list[array[int] | None] = [None] * len(HOST)
        self._newest_ms = -1

    def __len__(self) -> int:
        return self._packed_rows + len(self._times)

    @property
    def newest_ms(self) -> int:
        """The latest of the samples' own times, also of one that has left since; -1: there was none."""
        return self._newest_ms

    def add(self, ts_ms: int, values: Scaled, now_ms: int) -> None:
        """Keep one sample; `values` are the columns of HOST, `now_ms` when it was received."""
        if ts_ms < now_ms - WINDOW_MS:
            self.complete_from_ms = max(self.complete_from_ms, ts_ms + 1)
            return
        self._newest_ms = max(self._newest_ms, ts_ms)
        for at, value in enumerate(values):
            self._put(at, value)
        if self._times and ts_ms < self._times[-1]:
            self._is_ascending = False
        self._times.append(ts_ms)
        if len(self._times) >= _OPEN + _TOGETHER:
            self._pack()
        self._make_room(now_ms - WINDOW_MS)

    def times(self, start_ms: int, end_ms: int) -> list[int]:
        """Return the samples' own times in [start_ms, end_ms), by arrival."""
        found: list[int] = []
        for packed in self._around(start_ms, end_ms):
            found.extend(packed.times())
        found.extend(self._times[self._part(start_ms, end_ms)])
        return [ts_ms for ts_ms in found if start_ms <= ts_ms < end_ms]

    def values(self, at: int, start_ms: int, end_ms: int) -> list[tuple[int, int | None]]:
        """Return (ts_ms, value) of one column in [start_ms, end_ms), by arrival; of some, none at all."""
        found: list[tuple[int, int | None]] = []
        for packed in self._around(start_ms, end_ms):
            found.extend(zip(packed.times(), packed.column(at), strict=True))
        column, part = self._columns[at], self._part(start_ms, end_ms)
        if column is not None:
            found.extend(zip(self._times[part], _read(column[part]), strict=True))
        return [(ts_ms, value) for ts_ms, value in found if start_ms <= ts_ms < end_ms]

    def entries(self) -> Iterator[tuple[int, Scaled]]:
        """Yield what is kept, by arrival."""
        for packed in self._packed:
            columns = [packed.column(at) for at in range(len(HOST))]
            yield from zip(packed.times(), zip(*columns, strict=True), strict=True)
        nothing = [None] * len(self._times)
        open_columns = [nothing if column is None else _read(column) for column in self._columns]
        yield from zip(self._times, zip(*open_columns, strict=True), strict=True)

    def _around(self, start_ms: int, end_ms: int) -> list[PackedRows]:
        return [each for each in self._packed if each.last_ms >= start_ms and each.first_ms < end_ms]

    def _part(self, start_ms: int, end_ms: int) -> slice:
        """Return where all open samples of [start_ms, end_ms) stand, perhaps among others."""
        if not self._is_ascending:
            return slice(None)
        return slice(bisect_left(self._times, start_ms), bisect_left(self._times, end_ms))

    def _put(self, at: int, value: int | None) -> None:
        column = self._columns[at]
        if column is None:
            if value is None:
                return
            column = self._columns[at] = array(NARROW, [NONE[NARROW]]) * len(self._times)
        if value is None:
            column.append(NONE[column.typecode])
            return
        if column.typecode == NARROW and not -NARROW_LIMIT <= value <= NARROW_LIMIT:
            column = self._columns[at] = _widened(column)
        column.append(value)

    def _pack(self) -> None:
        columns = [None if column is None else column[:_TOGETHER] for column in self._columns]
        self._packed.append(PackedRows(self._times[:_TOGETHER], columns))
        self._packed_rows += _TOGETHER
        self._cut_open()

    def _make_room(self, oldest_ms: int) -> None:
        while self._packed and (len(self) > CAPACITY or self._packed[0].last_ms < oldest_ms):
            gone = self._packed.popleft()
            self._packed_rows -= gone.rows
            self.complete_from_ms = max(self.complete_from_ms, gone.last_ms + 1)
        if self._packed or len(self._times) < _OPEN or max(self._times[:_TOGETHER]) >= oldest_ms:
            return
        self.complete_from_ms = max(self.complete_from_ms, max(self._times[:_TOGETHER]) + 1)
        self._cut_open()

    def _cut_open(self) -> None:
        del self._times[:_TOGETHER]
        for column in self._columns:
            if column is not None:
                del column[:_TOGETHER]
        if not self._is_ascending:
            left = self._times.tolist()
            self._is_ascending = left == sorted(left)


def _read(column: "array[int]") -> list[int | None]:
    none = NONE[column.typecode]
    return [None if value == none else value for value in column]


def _widened(column: "array[int]") -> "array[int]":
    return array(WIDE, [NONE[WIDE] if value == NONE[NARROW] else value for value in column])
