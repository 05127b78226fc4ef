"""Terminals that are open: who views them, over which connection to their machine."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.clients import ClientSession
from chatops_server.broker.sessions import AgentSession
from chatops_wire.terminals import TerminalClose


class Recording(Protocol):
    """Takes down what a terminal shows (services.recordings.Recording)."""

    def wrote(self, data: bytes) -> None:
        """Take output."""

    def resized(self, cols: int, rows: int) -> None:
        """Take a new size."""

    async def close(self) -> int | None:
        """End it and return its size in bytes; None when it could not be written."""


@dataclass(slots=True, eq=False)
class Terminal:
    """One shell on a machine."""

    id: str
    server_id: str
    session: AgentSession
    user_id: str | None
    """Who opened it."""
    viewer: ClientSession | None
    """None while it is detached."""
    container: str | None = None
    """In which it is, where it is not on the machine itself."""
    counts_credit: bool = False
    """Whether the viewer says itself how much more may come."""
    recording: Recording | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when its agent has said anything of it."""
    closed: TerminalClose | None = None
    """How it ended."""
    waiting: int = 0
    """Bytes on their way to the viewer."""
    owed: int = 0
    """Bytes the viewer's socket took, for which the agent was given no credit yet."""


class OpenTerminals:
    """All terminals the hub relays. For the event loop's thread only; nothing here waits."""

    def __init__(self, counts: ActionCounts) -> None:
        self._counts = counts
        self._terminals: dict[str, Terminal] = {}

    def __iter__(self) -> Iterator[Terminal]:
        return iter(tuple(self._terminals.values()))

    def get(self, terminal_id: str) -> Terminal | None:
        """Return a terminal, None when the hub knows none of this name."""
        return self._terminals.get(terminal_id)

    def viewed(self, terminal_id: str, client: ClientSession) -> Terminal | None:
        """Return a terminal this client views."""
        terminal = self._terminals.get(terminal_id)
        return terminal if terminal is not None and terminal.viewer is client else None

    def add(self, terminal: Terminal) -> None:
        """Take up a terminal."""
        self._terminals[terminal.id] = terminal
        self._counts.terminals_open = len(self._terminals)

    def remove(self, terminal: Terminal) -> bool:
        """Forget a terminal; return whether it was there."""
        if self._terminals.get(terminal.id) is not terminal:
            return False
        del self._terminals[terminal.id]
        self._counts.terminals_open = len(self._terminals)
        return True

    def over(self, session: AgentSession) -> list[Terminal]:
        """Return the terminals of one connection of an agent."""
        return [each for each in self._terminals.values() if each.session is session]

    def viewed_by(self, client: ClientSession) -> list[Terminal]:
        """Return the terminals a client views."""
        return [each for each in self._terminals.values() if each.viewer is client]

    def count_of(self, user_id: str) -> int:
        """Return how many terminals a user has open."""
        return sum(each.user_id == user_id for each in self._terminals.values())

    def count_on(self, server_id: str) -> int:
        """Return how many terminals are open on a server."""
        return sum(each.server_id == server_id for each in self._terminals.values())
