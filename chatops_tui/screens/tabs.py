"""Which tabs a server has: some only where its agent and the user's role allow what they do."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from chatops_tui.store.models import Row

Ability = Literal["", "commands", "terminal", "logs", "docker"]
"""What an agent may be allowed to do; empty: what every agent does."""

# Commands, terminals and containers change things; logs can be read by whoever may see the server.
_CHANGING: Final = frozenset({"commands", "terminal", "docker"})


class Tab(msgspec.Struct, frozen=True):
    """One tab; `has_range` says that it shows a stretch of time."""

    id: str
    digit: int
    title: str
    short: str = ""
    """Its title where there is little room; empty: the same."""
    has_range: bool = False
    ability: Ability = ""


def can(row: Row, ability: Ability) -> bool:
    """Return whether its agent allows it, and the user may do it there."""
    if not ability:
        return True
    return ability in row.view.capabilities and (ability not in _CHANGING or row.view.role != "viewer")


def offered(tabs: Sequence[Tab], row: Row | None) -> tuple[Tab, ...]:
    """Return the tabs that do something on this server; of one that is not known those that always do."""
    return tuple(tab for tab in tabs if not tab.ability or (row is not None and can(row, tab.ability)))
