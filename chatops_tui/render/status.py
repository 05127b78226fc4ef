"""The line at the top of every screen: where one is, whether it is live, how many are well, the time."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from chatops_tui.render import numbers
from chatops_tui.render.alerts import severity_ink, severity_mark
from chatops_tui.render.severity import Level, glyph, ink
from chatops_tui.render.spans import Cell, Ink, Span, fit, width
from chatops_wire.rest_alerts import Severity

LinkKind = Literal["live", "stale", "connecting", "reconnecting", "offline", "sign-in", "update"]


class LinkState(msgspec.Struct, frozen=True):
    """How the connection to the hub is."""

    kind: LinkKind
    round_trip_ms: float | None = None
    age_s: float | None = None
    """Since the last message, when it is stale."""
    attempt: int = 0
    retry_in_s: float | None = None


class Status(msgspec.Struct, frozen=True):
    """Everything the top line says."""

    crumbs: Sequence[str] = ()
    """From the outermost to where one is; clean text."""
    link: LinkState = LinkState("connecting")
    counts: Sequence[tuple[Level, int]] = ()
    """Shown where not zero."""
    alerts: Sequence[tuple[Severity, int]] = ()
    """How many fire and nobody looks after; likewise."""
    note: str = ""
    """Something short that holds for the whole screen: `read-only`, `paused`."""
    clock: str = ""


_LOOK: Final[dict[LinkKind, tuple[str, str, Ink]]] = {
    "live": ("●", "live", "ok"),
    "stale": ("◐", "stale", "warn"),
    "connecting": ("↻", "connecting", "info"),
    "reconnecting": ("↻", "reconnecting", "warn"),
    "offline": ("✖", "offline", "crit"),
    "sign-in": ("⚿", "sign in again", "crit"),
    "update": ("⇡", "update needed", "crit"),
}
_COUNT_WORDS: Final[dict[Level, str]] = {
    Level.OK: "up",
    Level.WARN: "warn",
    Level.CRIT: "crit",
    Level.OFF: "off",
}
_APART: Final[Span] = ("   ", "text")


def link_cell(link: LinkState) -> Cell:
    """Return glyph, word and the one number that matters: `● live 38ms`, `↻ reconnecting #2 in 4s`."""
    mark, word, colour = _LOOK[link.kind]
    details = {
        "live": [numbers.milliseconds(link.round_trip_ms)] if link.round_trip_ms is not None else [],
        "stale": [numbers.age(link.age_s)] if link.age_s is not None else [],
        "reconnecting": _attempt(link),
    }.get(link.kind, [])
    return [(f"{mark} {word}", colour), *((f" {detail}", "muted") for detail in details)]


def status_line(status: Status, columns: int) -> Cell:
    """Return the line, `columns` wide, with what matters least left out when it is narrow.

    First the words of the counts go, then the numbers of the link, the counts, the clock, the note, the
    alerts, and the outer crumbs; where one is and the state of the link stay.
    """
    short_link = link_cell(status.link)[:1]
    crumbs = _crumbs(status.crumbs)
    note, alerts, clock = _note(status), _alerts(status), _clock(status)
    tries: tuple[tuple[Cell, Sequence[Cell]], ...] = (
        (crumbs, (link_cell(status.link), note, alerts, _counts(status), clock)),
        (crumbs, (link_cell(status.link), note, alerts, _counts(status, words=False), clock)),
        (crumbs, (short_link, note, alerts, _counts(status, words=False), clock)),
        (crumbs, (short_link, note, alerts, clock)),
        (crumbs, (short_link, note, alerts)),
        (crumbs, (short_link, alerts)),
        (crumbs, (short_link,)),
    )
    for left, parts in tries:
        right = _apart(parts)
        if width(left) + width(right) + len(_APART[0]) <= columns:
            return _spread(left, right, columns)
    right = [*short_link, (" ", "text")]
    last = _crumbs(status.crumbs[-1:])
    return _spread(fit(last, max(0, columns - width(right) - 1)), right, columns)


def _spread(left: Cell, right: Cell, columns: int) -> Cell:
    gap: Span = (" " * max(0, columns - width(left) - width(right)), "text")
    return fit([*left, gap, *right], columns)


def _apart(parts: Sequence[Cell]) -> Cell:
    shown = [part for part in parts if part]
    spans: list[Span] = []
    for part in shown:
        spans.extend(part if not spans else (_APART, *part))
    return [*spans, (" ", "text")]


def _attempt(link: LinkState) -> list[str]:
    parts = [f"#{link.attempt}"] if link.attempt else []
    if link.retry_in_s is not None:
        parts.append(f"in {numbers.duration(link.retry_in_s)}")
    return parts


def _crumbs(crumbs: Sequence[str]) -> Cell:
    spans: list[Span] = [(" ", "text")]
    for place, crumb in enumerate(crumbs, 1):
        spans.append((crumb, "strong" if place == len(crumbs) else "muted"))
        if place < len(crumbs):
            spans.append((" › ", "rule"))  # noqa: RUF001 - the breadcrumb's arrow
    return spans


def _counts(status: Status, *, words: bool = True) -> Cell:
    spans: list[Span] = []
    for level, number in status.counts:
        if number:
            mark = f"{glyph(level)} {number}"
            spans.append((f"  {mark}" if spans else mark, ink(level)))
            if words:
                spans.append((f" {_COUNT_WORDS[level]}", "muted"))
    return spans


def _alerts(status: Status) -> Cell:
    spans: list[Span] = [
        (f" {severity_mark(severity)}{number}", severity_ink(severity))
        for severity, number in status.alerts
        if number
    ]
    return [("alerts", "muted"), *spans] if spans else []


def _note(status: Status) -> Cell:
    return [(status.note, "accent")] if status.note else []


def _clock(status: Status) -> Cell:
    return [(status.clock, "muted")] if status.clock else []
