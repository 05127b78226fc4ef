"""One alert that two hubs have changed, each without knowing of the other. Pure."""

from msgspec.structs import replace

from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.machine import Phase


def is_remembered(alert: Alert) -> bool:
    """Return whether it goes on after a start: open, or closed by hand while the breach lasts."""
    return alert.resolved_ms is None or alert.state.phase is Phase.CLOSED


def merged(stored: Alert, mine: Alert) -> Alert:
    """Return what is to be stored of two states of the same alert.

    What has fired or ended stays so, and who saw to it, what was said of it and whom it was told to is kept
    of both; everything else is `mine`.
    """
    comments = tuple(dict.fromkeys((*stored.comments, *mine.comments)))
    if stored.resolved_ms is not None:
        # A breach that was closed by hand is over with its state.
        state = mine.state if mine.resolved_ms is not None else stored.state
        return replace(stored, state=state, comments=comments)
    is_behind = stored.fired_ms is not None and mine.fired_ms is None and mine.resolved_ms is None
    newer = stored if is_behind else mine
    return replace(
        newer,
        comments=comments,
        acknowledged_ms=mine.acknowledged_ms or stored.acknowledged_ms,
        acknowledged_by=mine.acknowledged_by or stored.acknowledged_by,
        told={**stored.told, **mine.told},
        escalated=tuple(dict.fromkeys((*stored.escalated, *mine.escalated))),
    )
