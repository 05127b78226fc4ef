"""This hub among those that share its database."""

import secrets
from dataclasses import dataclass, field

from chatops_server.bus.base import Bus


def _new_id() -> str:
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Node:
    """How it is told from the others, and how it reaches them."""

    bus: Bus
    has_others: bool = False
    """Whether there is a bus that leads to others; what costs anything is left out where not."""
    id: str = field(default_factory=_new_id)
    """Another one each start: what an earlier process held is not this one's."""
