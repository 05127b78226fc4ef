"""The processes that use the most processor time or memory, and how many there are."""

import heapq
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from chatops_agent.collectors.process_table import ProcessReader, Reading
from chatops_agent.collectors.text import clean, command_line
from chatops_wire.samples import Process

# Union of both: the figure, and what a screen shows.
TOP: Final = 15
# A name may be looked up again this late: a daemon drops its rights once, shortly after its start.
_DESCRIBED_FOR_S: Final = 60.0

_Identity = tuple[int, float, str]


@dataclass(frozen=True, slots=True)
class Processes:
    """Those shown, by processor time then memory, and the number of all."""

    top: tuple[Process, ...]
    count: int


@dataclass(frozen=True, slots=True)
class _Shown:
    user: str
    command: str
    until: float


class ProcessesCollector:
    """One cheap pass over all; names and command lines only of the winners, remembered.

    The first call knows no processor time: it ranks by memory only.
    """

    def __init__(self, reader: ProcessReader) -> None:
        self._reader = reader
        self._read_at: float | None = None
        self._spent: dict[tuple[int, float], float] = {}
        self._shown: dict[_Identity, _Shown] = {}

    def collect(self, now: float) -> Processes:
        """Return the winners.

        Args:
            now: Monotonic seconds; when it has not advanced, processor time counts as none.
        """
        readings = self._reader.scan()
        shares = self._shares(readings, now)
        winners = select(readings, shares)
        return Processes(
            top=tuple(self._process(reading, share, now) for reading, share in winners),
            count=len(readings),
        )

    def _shares(self, readings: list[Reading], now: float) -> list[float]:
        """Return percent of a core for each reading since the last pass."""
        elapsed = 0.0 if self._read_at is None else now - self._read_at
        before = self._spent
        self._read_at = now
        self._spent = {(reading.pid, reading.started): reading.cpu_s for reading in readings}
        if elapsed <= 0:
            return [0.0] * len(readings)
        # One not seen before started since: all it has spent, it spent meanwhile.
        return [
            max(0.0, 100.0 * (reading.cpu_s - before.get((reading.pid, reading.started), 0.0)) / elapsed)
            for reading in readings
        ]

    def _process(self, reading: Reading, share: float, now: float) -> Process:
        shown = self._describe(reading, now)
        return Process(
            pid=reading.pid,
            name=clean(reading.name),
            user=shown.user,
            cpu_percent=round(share, 1),
            memory_used=reading.resident,
            command=shown.command,
        )

    def _describe(self, reading: Reading, now: float) -> _Shown:
        # exec keeps pid and start and changes the name.
        identity = (reading.pid, reading.started, reading.name)
        known = self._shown.get(identity)
        if known is not None and now < known.until:
            return known
        if known is None:
            self._shown = {key: shown for key, shown in self._shown.items() if now < shown.until}
        description = self._reader.describe(reading.pid)
        shown = _Shown(
            user=clean(description.user),
            command=command_line(description.command),
            until=now + _DESCRIBED_FOR_S,
        )
        self._shown[identity] = shown
        return shown


def select(readings: list[Reading], shares: list[float], top: int = TOP) -> list[tuple[Reading, float]]:
    """Return the union of the `top` by share and the `top` by memory, each once, by share then memory.

    A process without any share is no winner by it.
    """
    both = list(zip(readings, shares, strict=True))
    by_share = heapq.nlargest(top, (pair for pair in both if pair[1] > 0), key=itemgetter(1))
    by_memory = heapq.nlargest(
        top, (pair for pair in both if pair[0].resident > 0), key=lambda pair: pair[0].resident
    )
    union = {pair[0].pid: pair for pair in (*by_share, *by_memory)}
    return sorted(union.values(), key=lambda pair: (-pair[1], -pair[0].resident, pair[0].pid))
