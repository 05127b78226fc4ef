"""Alerts as rows of a table. Remote text passes `clean` here."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import Final

import msgspec

from chatops_tui.clock import moment
from chatops_tui.render import numbers
from chatops_tui.render.alerts import amount, condition, severity_ink, severity_mark
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell, Ink, Span
from chatops_tui.render.text import clean
from chatops_tui.store.alerts import Alert, Standing

COLUMNS: Final = (
    Column("mark", "", 1, sortable=False),
    Column("status", "STATUS", 8, sortable=False),
    Column("server", "SERVER", 10, flex=2, max_width=24, sortable=False),
    Column("what", "WHAT", 28, flex=4, max_width=48, sortable=False),
    Column("value", "VALUE", 7, align="right", sortable=False),
    Column("lasts", "FOR", 4, align="right", sortable=False),
    Column("since", "SINCE", 12, align="right", priority=3, sortable=False),
    Column("by", "BY", 8, flex=1, max_width=16, priority=1, sortable=False),
    Column("name", "THRESHOLD", 12, flex=3, max_width=40, priority=4, sortable=False),
)
_WORDS: Final[Mapping[Standing, tuple[str, Ink]]] = {
    Standing.FIRING: ("firing", "strong"),
    Standing.QUIET: ("silenced", "off"),
    Standing.ACKNOWLEDGED: ("acked", "info"),
    Standing.PENDING: ("pending", "muted"),
    Standing.RESOLVED: ("ended", "ok"),
}


class Look(msgspec.Struct, frozen=True):
    """What cells depend on besides the alert."""

    now_ms: int
    zone: tzinfo


def cells(alert: Alert, look: Look) -> list[Cell]:
    """Return one cell for each of COLUMNS."""
    view = alert.view
    return [
        [mark(alert)],
        [state(alert)],
        [(clean(view.server_name or view.server_id), "strong" if alert.is_open else "text")],
        [(what(alert), "text")],
        [(amount(view.metric, value(alert)), severity_ink(view.severity) if alert.is_open else "text")],
        [(numbers.duration(lasted_s(alert, look.now_ms)), "muted")],
        [(moment(alert.started_ms, look.now_ms, look.zone), "muted")],
        [(clean(view.acknowledged_by or ""), "muted")],
        [(clean(view.threshold_name), "muted")],
    ]


def mark(alert: Alert) -> Span:
    """Return the one-cell mark of its severity, without colour when nobody is wanted for it."""
    wanted = alert.standing in {Standing.FIRING, Standing.ACKNOWLEDGED}
    return severity_mark(alert.view.severity), severity_ink(alert.view.severity) if wanted else "off"


def state(alert: Alert) -> Span:
    """Return in one word how it stands."""
    view = alert.view
    if alert.standing is Standing.QUIET and view.muted:
        return "muted", "off"
    if alert.standing is Standing.FIRING and view.flapping:
        return "flapping", "warn"
    if alert.is_open and view.no_data:
        return "no data", "warn"
    return _WORDS[alert.standing]


def what(alert: Alert) -> str:
    """Return what is watched, and against what; clean text."""
    view = alert.view
    metric = view.metric
    if view.target and ":" not in metric:
        # Which of several mounts or sensors it is.
        metric = f"{metric}:{view.target}"
    return clean(condition(metric, view.comparison, view.threshold_value))


def value(alert: Alert) -> float | None:
    """Return the newest value while it is open, and what it fired with once it has ended."""
    view = alert.view
    return view.value if view.last_value is None or not alert.is_open else view.last_value


def lasted_s(alert: Alert, now_ms: int) -> float:
    """Return how long it has lasted, or did, in seconds."""
    return ((alert.resolved_ms or now_ms) - alert.started_ms) / 1000
