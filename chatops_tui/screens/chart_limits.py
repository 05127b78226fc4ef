"""The hub's thresholds as lines in charts."""

from collections.abc import Iterable, Sequence
from typing import Final

from chatops_tui.render.alerts import severity_ink
from chatops_tui.render.crosshair import Limit
from chatops_tui.store.models import Row
from chatops_tui.store.server_selectors import meant
from chatops_wire.rest_alerts import ThresholdView

# More lines than these hide what they are about.
_MOST: Final = 3


def limits_of(thresholds: Iterable[ThresholdView], row: Row, metrics: Sequence[str]) -> list[Limit]:
    """Return a line for each threshold on one of these metrics of a server; of one value the worst.

    Thresholds on one thing of several (`disk.percent:/var`) count: its value is among what is drawn.
    """
    found: dict[float, Limit] = {}
    for one in sorted(thresholds, key=lambda one: ("critical", "warning", "info").index(one.severity)):
        family = one.metric.partition(":")[0]
        if one.enabled and (one.metric in metrics or family in metrics) and is_for(one, row):
            found.setdefault(one.value, Limit(one.value, severity_ink(one.severity)))
    return list(found.values())[:_MOST]


def is_for(threshold: ThresholdView, row: Row) -> bool:
    """Return whether a threshold is about this server."""
    if threshold.server_id is not None and threshold.server_id != row.id:
        return False
    return not threshold.select or bool(meant(threshold.select, [row]))
