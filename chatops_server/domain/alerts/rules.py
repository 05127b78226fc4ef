"""What a threshold asks of a value, and which thresholds make sense."""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from chatops_wire.rest_alerts import Comparison

HOLDS: Final[Mapping[Comparison, Callable[[float, float], bool]]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}


class RuleError(ValueError):
    """A threshold that cannot be meant; `field` is what is wrong with it."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alert is pending, fires and ends; times in milliseconds."""

    comparison: Comparison
    value: float
    for_ms: int = 0
    """How long a breach has to last; 0 fires on the first value."""
    clear_value: float | None = None
    keep_ms: int = 0
    """How long it has to be well before a firing alert ends."""

    def is_breached(self, value: float) -> bool:
        """Return whether the value is one to be told of."""
        return HOLDS[self.comparison](value, self.value)

    def is_clear(self, value: float) -> bool:
        """Return whether the value ends an alert: the comparison does not hold against `clear_value`."""
        limit = self.value if self.clear_value is None else self.clear_value
        return not HOLDS[self.comparison](value, limit)


def rule(
    comparison: Comparison, value: float, clear_value: float | None, for_s: float, keep_s: float
) -> Rule:
    """Return the rule; seconds are rounded up, so that nothing fires or ends too early.

    Raises:
        RuleError: `clear_value` lies on the wrong side: an alert would end while its breach lasts.
    """
    if clear_value is not None:
        if comparison in ("eq", "ne"):
            raise RuleError("clear_value", f"there is none for {comparison}")
        if comparison in ("gt", "gte") and clear_value > value:
            raise RuleError("clear_value", f"with {comparison} it may not be above value")
        if comparison in ("lt", "lte") and clear_value < value:
            raise RuleError("clear_value", f"with {comparison} it may not be below value")
    return Rule(comparison, value, math.ceil(for_s * 1000), clear_value, math.ceil(keep_s * 1000))
