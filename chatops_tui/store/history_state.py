"""How far a piece of history is known."""

from dataclasses import dataclass
from enum import StrEnum


class HistoryPhase(StrEnum):
    """How far the history of one range is known."""

    ABSENT = "absent"
    LOADING = "loading"
    LOADED = "loaded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class HistoryState:
    """`reason` says why it failed."""

    phase: HistoryPhase = HistoryPhase.ABSENT
    reason: str = ""
