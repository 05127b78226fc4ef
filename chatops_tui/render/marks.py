"""Alerts on the time axis of a chart: where one fired a mark, and a thicker line for as long as it did."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from chatops_tui.render.alerts import severity_ink, severity_mark
from chatops_tui.render.spans import Ink
from chatops_wire.rest_alerts import Severity

_ORDER: Final[tuple[Severity, ...]] = ("info", "warning", "critical")


class Mark(msgspec.Struct, frozen=True):
    """One alert: from when until when it fired, Unix milliseconds; None: it still does."""

    start_ms: int
    end_ms: int | None
    severity: Severity


class MarkedCell(msgspec.Struct, frozen=True):
    """What stands in one cell of the axis."""

    text: str
    ink: Ink
    is_start: bool = False


def marked_cells(marks: Sequence[Mark], span_ms: tuple[int, int], across: int) -> dict[int, MarkedCell]:
    """Return the cells of an axis of `across` cells that belong to alerts, by their place from 0.

    The cell a moment falls in is that of the plot above it. Worse ones lie over others, beginnings over
    everything.
    """
    start_ms, end_ms = span_ms
    if across <= 0 or end_ms <= start_ms:
        return {}
    ordered = sorted(marks, key=lambda mark: _ORDER.index(mark.severity))
    found: dict[int, MarkedCell] = {}
    for mark in ordered:
        for place in _lasting(mark, span_ms, across):
            found[place] = MarkedCell("═", severity_ink(mark.severity))
    for mark in ordered:
        if start_ms <= mark.start_ms < end_ms:
            cell = MarkedCell(severity_mark(mark.severity), severity_ink(mark.severity), is_start=True)
            found[_place(mark.start_ms, span_ms, across)] = cell
    return found


def _lasting(mark: Mark, span_ms: tuple[int, int], across: int) -> Iterator[int]:
    start_ms, end_ms = span_ms
    until_ms = end_ms if mark.end_ms is None else mark.end_ms
    first, last = max(mark.start_ms, start_ms), min(until_ms, end_ms - 1)
    if first <= last:
        yield from range(_place(first, span_ms, across), _place(last, span_ms, across) + 1)


def _place(at_ms: int, span_ms: tuple[int, int], across: int) -> int:
    start_ms, end_ms = span_ms
    return (at_ms - start_ms) * across // (end_ms - start_ms)
