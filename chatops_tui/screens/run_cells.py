"""How a run looks: its state in a few words, its headline, and what is said below its output."""

import signal
from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.spans import Cell, Ink, Span
from chatops_tui.render.text import clean
from chatops_tui.store.runs import Run

_LOOKS: Final[dict[str, tuple[str, str, Ink]]] = {
    "asked": ("·", "sending", "muted"),
    "running": ("●", "running", "info"),
    "succeeded": ("✓", "0", "ok"),
    "failed": ("✖", "failed", "crit"),
    "timed_out": ("✖", "timed out", "crit"),
    "cancelled": ("○", "stopped", "warn"),
    "refused": ("✖", "refused", "crit"),
    "rejected": ("✖", "not run", "crit"),
    "lost": ("○", "lost", "warn"),
}
_LOST: Final = "The connection to its agent ended; how it went on is not known."


def state(run: Run, *, is_live: bool = True) -> Span:
    """Return glyph and word; of a run that goes on while the hub cannot be heard `unknown`."""
    if run.is_open and not is_live:
        return "○ unknown", "warn"
    glyph, word, ink = _LOOKS[run.status]
    if run.status == "failed":
        word = _ending(run)
    return f"{glyph} {word}", ink


def took(run: Run, now_ms: int) -> str:
    """Return for how long it ran, or has been running."""
    if run.status in {"rejected", "refused"}:
        return ""
    ms = now_ms - run.asked_ms if run.duration_ms is None else run.duration_ms
    if run.duration_ms is None and not run.is_open:
        return ""
    return numbers.duration(ms / 1000) if ms >= 10_000 else f"{max(0, ms) / 1000:.1f}s"  # noqa: PLR2004 - of 9.9 s tenths count


def headline(run: Run, now_ms: int, *, is_live: bool = True) -> Cell:
    """Return the line above the output: number, state, duration, command."""
    stop: list[Span] = [("   ctrl+c stops", "muted")] if run.is_open and is_live else []
    return [
        (f"#{run.key} ", "muted"),
        state(run, is_live=is_live),
        (f"  {took(run, now_ms)}  ", "muted"),
        (clean(run.command), "strong"),
        *stop,
    ]


def remark(run: Run) -> Cell:
    """Return what is to be said below the output, mostly nothing."""
    if run.status == "lost":
        return [("  " + (clean(run.reason) or _LOST), "warn")]
    if run.reason:
        return [("  " + clean(run.reason), "warn")]
    if run.status == "timed_out":
        return [("  It took longer than it may and was ended.", "warn")]
    if run.truncated:
        return [("  The output was too long: beginning and end are kept.", "warn")]
    return []


def _ending(run: Run) -> str:
    if run.signal is not None:
        return _signal_name(run.signal)
    return "failed" if run.exit_code is None else str(run.exit_code)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
