"""Processor time: shares of it, in total and per core, from the difference of two readings."""

import os
from typing import Any, Final

import psutil

from chatops_wire.samples import Cpu

# Idle and waiting for a disk is not work.
_IDLE: Final = ("idle", "iowait")
# Linux counts a guest's time in `user` and `nice` too.
_COUNTED_TWICE: Final = ("guest", "guest_nice")

CoreTimes = dict[str, float]


class CpuCollector:
    """Shares since the last call; the first call's are those since the machine started."""

    def __init__(self) -> None:
        self._before: list[CoreTimes] = []
        self._last: Cpu | None = None

    def collect(self, now: float) -> Cpu:
        """Return the shares of processor time; the clock is that of the counters themselves."""
        del now
        current = [_counted(core) for core in psutil.cpu_times(percpu=True)]
        shares = difference(self._before, current)
        if shares is None:
            # Asked again before the counters moved (they tick every 10 ms): what was true then still is.
            return self._last or Cpu(percent=0.0, load=_load())
        self._before = current
        self._last = _as_sample(shares)
        return self._last


class Shares:
    """What part of its time each core spent on what, percent."""

    def __init__(self, total: CoreTimes, cores: tuple[float, ...]) -> None:
        self.total = total
        self.cores = cores


def difference(before: list[CoreTimes], after: list[CoreTimes]) -> Shares | None:
    """Return the shares between two readings; None if no time passed.

    Cores that came or went leave no telling which is which: then there are no figures per core, and the
    total is that since the start of the machine.
    """
    same_cores = len(before) == len(after)
    deltas = [
        {kind: max(0.0, value - (before[index][kind] if same_cores else 0.0)) for kind, value in core.items()}
        for index, core in enumerate(after)
    ]
    spent = {kind: sum(core[kind] for core in deltas) for kind in (deltas[0] if deltas else {})}
    elapsed = sum(spent.values())
    if elapsed <= 0:
        return None
    total = {kind: _percent(value, elapsed) for kind, value in spent.items()}
    return Shares(total, tuple(busy(core) for core in deltas) if same_cores else ())


def busy(times: CoreTimes) -> float:
    """Return the percent of these times that was work, 0-100; 0 for a core that counted no time."""
    elapsed = sum(times.values())
    idle = sum(times.get(kind, 0.0) for kind in _IDLE)
    return _percent(elapsed - idle, elapsed)


def _percent(part: float, whole: float) -> float:
    # Two decimals are 10 ms of a core in 100 s: finer than the counters.
    return round(min(100.0, max(0.0, 100.0 * part / whole)), 2) if whole > 0 else 0.0


def _counted(core: Any) -> CoreTimes:  # noqa: ANN401 - psutil's fields differ by system
    return {kind: value for kind, value in core._asdict().items() if kind not in _COUNTED_TWICE}


def _as_sample(shares: Shares) -> Cpu:
    total = shares.total
    return Cpu(
        percent=busy(total),
        user=round(total.get("user", 0.0) + total.get("nice", 0.0), 2),
        system=round(sum(total.get(kind, 0.0) for kind in ("system", "irq", "softirq")), 2),
        iowait=total.get("iowait"),
        steal=total.get("steal"),
        cores=shares.cores,
        load=_load(),
    )


def _load() -> tuple[float, float, float] | None:
    try:
        one, five, fifteen = os.getloadavg()
    except (OSError, AttributeError):
        return None
    return round(one, 2), round(five, 2), round(fifteen, 2)
