"""What a threshold would have done: the same machine, run over what was recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chatops_server.domain.alerts.machine import OK, evaluate
from chatops_server.domain.alerts.rules import Rule
from chatops_server.domain.alerts.windows import Window


class Recorded(Protocol):
    """One bucket of a chart (storage.base.Bucket)."""

    @property
    def ts_ms(self) -> int:
        """Where it begins."""

    @property
    def avg(self) -> float:
        """Of its samples."""

    @property
    def min(self) -> float:
        """Likewise."""

    @property
    def max(self) -> float:
        """Likewise."""


@dataclass(frozen=True, slots=True)
class Episode:
    """One time it would have fired; `ended_ms` None: to this day."""

    started_ms: int
    ended_ms: int | None
    peak: float


def episodes(rule: Rule, buckets: Sequence[Recorded], window: Window | None) -> list[Episode]:
    """Return when an alert would have fired, oldest first.

    Of a bucket counts its worst sample where one is enough to fire, and else its average: a spike is
    not what lasts.
    """
    found: list[Episode] = []
    state, began_ms, peak = OK, 0, 0.0
    for at_ms, value in _judged(rule, buckets, window):
        after = evaluate(rule, state, value, at_ms)
        if after.is_firing:
            if not state.is_firing:
                began_ms, peak = at_ms, value
            peak = _worse(rule, peak, value)
        elif state.is_firing:
            found.append(Episode(began_ms, at_ms, peak))
        state = after
    if state.is_firing:
        found.append(Episode(began_ms, None, peak))
    return found


def _judged(rule: Rule, buckets: Iterable[Recorded], window: Window | None) -> Iterable[tuple[int, float]]:
    for bucket in buckets:
        if window is not None:
            value = window.add(bucket.ts_ms, bucket.avg)
        elif rule.for_ms or rule.comparison in ("eq", "ne"):
            value = bucket.avg
        else:
            value = bucket.max if rule.comparison in ("gt", "gte") else bucket.min
        if value is not None:
            yield bucket.ts_ms, value


def _worse(rule: Rule, one: float, other: float) -> float:
    return min(one, other) if rule.comparison in ("lt", "lte") else max(one, other)
