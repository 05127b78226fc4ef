"""How far a piece of history is known."""

from enum import StrEnum

import msgspec


class HistoryPhase(StrEnum):
    """How far the history of one range is known."""

    ABSENT = "absent"
    LOADING = "loading"
    LOADED = "loaded"
    FAILED = "failed"


class HistoryState(msgspec.Struct, frozen=True):
    """`reason` says why it failed."""

    phase: HistoryPhase = HistoryPhase.ABSENT
    reason: str = ""
