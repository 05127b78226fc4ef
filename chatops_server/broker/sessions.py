"""The live connection of each server's agent. The newest one wins."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chatops_server.broker.agent_outbox import AgentOutbox
from chatops_server.broker.closing import (
    GOING_AWAY,
    KEY_EXPIRED,
    KEY_REVOKED,
    LOST,
    REPLACED,
    SERVER_DELETED,
    Closing,
    ConnectionEnded,
)
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.clocks import AgentClock


@dataclass(slots=True, eq=False)
class AgentSession:
    """One authenticated connection of an agent."""

    state: ServerState
    key_id: str
    next_seq: int
    """The first sequence made after the connection began, as the agent said."""
    has_ended: Callable[[], bool]
    """Whether the connection below is gone."""
    outbox: AgentOutbox = field(default_factory=AgentOutbox)
    clock: AgentClock = field(default_factory=AgentClock)
    """The agent's clock beside ours, read off samples that were made since the connection began."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when everything the session accepted is stored or given up; by AgentSessions.finished."""
    rotates_key: bool = False
    """Whether the agent takes a next key over the connection."""
    wants_next_key: bool = False
    """Whether it was to be given one when it came."""
    offered_ms: int | None = None
    """When the next key was asked for that it was offered; Unix ms."""
    next_key_id: str = ""
    """The key that is about to take the place of `key_id`."""
    key_expires_ms: int | None = None
    """When its key ends by itself, Unix ms."""
    epoch: int = 0
    """Of several hubs: of the lease it came with, which only grows; a newer one ends the session."""


@dataclass(slots=True, eq=False)
class Attempt:
    """An agent that is being authenticated, and what has ended meanwhile.

    Between reading the key's row and being registered the key may be revoked or the server deleted;
    nobody could find the session yet, so the attempt is told instead.
    """

    revoked_keys: set[str] = field(default_factory=set)
    deleted_servers: set[str] = field(default_factory=set)


class AgentSessions:
    """At most one session a server. For the event loop's thread only; nothing here waits."""

    def __init__(self) -> None:
        self.elsewhere: Callable[[str], AgentSession | None] = _nowhere
        """Returns the session of an agent that another hub holds (services.hubs.reach)."""
        self._live: dict[str, AgentSession] = {}
        self._unfinished: dict[str, set[AgentSession]] = {}
        self._attempts: set[Attempt] = set()
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._live)

    def get(self, server_id: str) -> AgentSession | None:
        """Return the server's session, None when its agent is not connected to this hub."""
        return self._live.get(server_id)

    def reachable(self, server_id: str) -> AgentSession | None:
        """Return a session over which the server's agent can be asked, here or at another hub."""
        session = self._live.get(server_id)
        if session is not None and session.outbox.closing is None:
            return session
        return self.elsewhere(server_id)

    def held(self) -> Collection[str]:
        """Return the servers whose agents are connected here."""
        return self._live.keys()

    def is_current(self, session: AgentSession) -> bool:
        """Return whether the session is still the server's own."""
        return self._live.get(session.state.id) is session

    @contextmanager
    def attempt(self) -> Iterator[Attempt]:
        """Watch over one authentication, from before its key is looked up until it is registered."""
        attempt = Attempt()
        self._attempts.add(attempt)
        try:
            yield attempt
        finally:
            self._attempts.discard(attempt)

    def register(self, session: AgentSession, attempt: Attempt) -> Collection[AgentSession]:
        """Make this the server's session; the one before is told to close (4409).

        Returns:
            Earlier sessions of the server that may still be storing what they accepted: see `ended`.

        Raises:
            ConnectionEnded: Meanwhile the key was revoked, the server deleted, or the hub is stopping; or a
                session with a newer lease was faster.
        """
        if self._is_stopping:
            raise ConnectionEnded(GOING_AWAY)
        if session.key_id in attempt.revoked_keys:
            raise ConnectionEnded(KEY_REVOKED)
        server_id = session.state.id
        if server_id in attempt.deleted_servers:
            raise ConnectionEnded(SERVER_DELETED)
        before = self._live.get(server_id)
        if before is not None and before.epoch > session.epoch:
            raise ConnectionEnded(REPLACED)
        if before is not None:
            before.outbox.close(REPLACED)
        self._live[server_id] = session
        unfinished = self._unfinished.setdefault(server_id, set())
        earlier = frozenset(unfinished)
        unfinished.add(session)
        return earlier

    def unregister(self, session: AgentSession) -> bool:
        """Take the session out; return False when it no longer was the server's own."""
        if not self.is_current(session):
            return False
        del self._live[session.state.id]
        return True

    def finished(self, session: AgentSession) -> None:
        """Note that nothing of the session is on its way to disk any more. Idempotent."""
        session.ended.set()
        unfinished = self._unfinished.get(session.state.id, set())
        unfinished.discard(session)
        if not unfinished:
            self._unfinished.pop(session.state.id, None)

    def configure(self, server_id: str, interval_s: float | None) -> bool:
        """Ask a server's agent for another interval; return whether it is connected."""
        session = self._live.get(server_id)
        if session is None:
            return False
        session.outbox.configure(interval_s)
        return True

    def close_server(self, server_id: str, closing: Closing = SERVER_DELETED) -> None:
        """End the session of a server that was deleted, also one that is only being authenticated."""
        for attempt in self._attempts:
            attempt.deleted_servers.add(server_id)
        session = self._live.get(server_id)
        if session is not None:
            session.outbox.close(closing)

    def close_key(self, key_id: str) -> None:
        """End the session that used a revoked key, also one that is only being authenticated."""
        for attempt in self._attempts:
            attempt.revoked_keys.add(key_id)
        for session in self._live.values():
            if key_id in (session.key_id, session.next_key_id):
                session.outbox.close(KEY_REVOKED)

    def is_key_used(self, key_id: str) -> bool:
        """Return whether an agent is connected with this key."""
        return any(session.key_id == key_id for session in self._live.values())

    def is_changing(self, key_id: str) -> bool:
        """Return whether an agent that came with this key is just taking the one that follows it."""
        return any(each.key_id == key_id and each.next_key_id for each in self._live.values())

    def end_expired(self, now_ms: int) -> None:
        """End sessions whose key has reached its end."""
        for session in self._live.values():
            if session.key_expires_ms is not None and session.key_expires_ms <= now_ms:
                session.outbox.close(KEY_EXPIRED)

    def end_lost(self) -> None:
        """End sessions whose connection is gone, unnoticed while their samples wait for the disk."""
        for session in self._live.values():
            if session.has_ended():
                session.outbox.close(LOST)

    def close_all(self) -> None:
        """End every session because the hub stops; from now on nobody is registered."""
        self._is_stopping = True
        for session in self._live.values():
            session.outbox.close(GOING_AWAY)


def _nowhere(_server_id: str) -> AgentSession | None:
    return None
