"""The open alerts of one server in one line: `✖ disk.percent:/var > 90% 91% 4m   ▲ load.1 > 8 8.1 2m`."""

from collections.abc import Collection
from typing import Final

from chatops_tui.render import numbers
from chatops_tui.render.alerts import amount, severity_ink
from chatops_tui.render.spans import Cell, Span
from chatops_tui.screens.alerts_cells import lasted_s, mark, value, what
from chatops_tui.store.alert_selectors import alerts
from chatops_tui.store.alerts import Alert, Standing
from chatops_tui.store.store import Store

_APART: Final[Span] = ("   ", "text")
# Beyond these the line is cut anyway.
_MOST: Final = 6


def alert_lines(
    store: Store, server_id: str, now_ms: int, metrics: Collection[str] | None = None
) -> list[Cell]:
    """Return one line of what is open on a server, what wants somebody first; none without alerts.

    `metrics`: only those on these.
    """
    known = store.alerts.of_server(server_id)
    wanted = [alert for alert in known if metrics is None or alert.view.metric in metrics]
    found = alerts(wanted, with_resolved=False)
    told = [alert for alert in found if alert.standing is not Standing.PENDING][:_MOST]
    line: list[Span] = []
    for alert in told:
        line += [*([_APART] if line else []), *_one(alert, now_ms)]
    return [line] if line else []


def _one(alert: Alert, now_ms: int) -> list[Span]:
    is_wanted, view = alert.standing is Standing.FIRING, alert.view
    ink = severity_ink(view.severity) if is_wanted else "muted"
    return [
        mark(alert),
        (f" {what(alert)} ", "text" if is_wanted else "muted"),
        (amount(view.metric, value(alert)), ink),
        (f" {numbers.duration(lasted_s(alert, now_ms))}", "muted"),
    ]
