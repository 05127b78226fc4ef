"""Counts of what peers sent that was not carried out, for the metrics page."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from chatops_server.broker.closing import Closing
from chatops_wire.codes import CloseCode, ErrorCode

# A peer chooses the names of unknown types, so their number is bounded.
MAX_TYPES: Final = 64
_MAX_TYPE_CHARS: Final = 40
OTHER: Final = "(other)"


class Peer(StrEnum):
    """Who was at the other end."""

    AGENT = "agent"
    CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Counters:
    """Written by sockets and middleware, read by whoever shows them. Counts only grow until the hub ends."""

    malformed: Counter[Peer] = field(default_factory=Counter)
    """Frames that ended their connection with 4400."""
    refused: Counter[Peer] = field(default_factory=Counter)
    """Connections closed with 4401: no word in time, a bad or revoked key, a token that ran out."""
    too_slow: Counter[Peer] = field(default_factory=Counter)
    """Connections closed with 4429."""
    dropped: Counter[Peer] = field(default_factory=Counter)
    """Frames a slow peer was not sent because newer ones replaced them."""
    problems: Counter[ErrorCode] = field(default_factory=Counter)
    """Requests over HTTP that were answered by an error."""
    cut: Counter[Peer] = field(default_factory=Counter)
    """Values beyond their bounds (chatops_wire.bounds), which were cut."""
    _unknown: Counter[tuple[Peer, str]] = field(default_factory=Counter)

    def ended(self, peer: Peer, closing: Closing) -> None:
        """Count a connection that the peer's own fault ended."""
        match closing.code:
            case CloseCode.MALFORMED:
                self.malformed[peer] += 1
            case CloseCode.UNAUTHORIZED:
                self.refused[peer] += 1
            case CloseCode.TOO_SLOW:
                self.too_slow[peer] += 1
            case _:
                pass

    def unknown(self, peer: Peer, message_type: str) -> None:
        """Count a well-formed message of a type that is not known; long or too many types as OTHER."""
        key = (peer, message_type[:_MAX_TYPE_CHARS])
        if key not in self._unknown and len(self._unknown) >= MAX_TYPES:
            key = (peer, OTHER)
        self._unknown[key] += 1

    def unknown_types(self, peer: Peer) -> Mapping[str, int]:
        """Return how often each unknown type came."""
        return {name: count for (who, name), count in self._unknown.items() if who is peer}
