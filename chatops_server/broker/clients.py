"""The authenticated connections of clients, and when they end."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from chatops_server.broker.client_outbox import ClientOutbox
from chatops_server.broker.closing import GOING_AWAY, TOKEN_DEAD, TOKEN_EXPIRED, TOO_MANY, ConnectionEnded
from chatops_server.domain.permissions import Principal

# Far more windows than a person has, and scripts beside; each costs memory and a share of every sample.
MAX_OF_ONE_USER: Final = 1_000

Subscription = tuple[str, str | None]
"""A topic and the server that narrows it."""


@dataclass(slots=True, eq=False)
class ClientSession:
    """One authenticated connection of a client."""

    principal: Principal
    """Replaced when the client authenticates again."""
    outbox: ClientOutbox
    subscriptions: set[Subscription] = field(default_factory=set)
    """Written by Topics."""
    only_server: str | None = None
    """The server of a connection to `/ws/metrics/{server_id}`, which ends with the access to it."""


class Clients:
    """All sessions of clients. For the event loop's thread only; nothing here waits."""

    def __init__(self, most_of_one_user: int = MAX_OF_ONE_USER) -> None:
        self._most = most_of_one_user
        self._sessions: set[ClientSession] = set()
        self._is_stopping = False

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[ClientSession]:
        return iter(tuple(self._sessions))

    def add(self, session: ClientSession) -> None:
        """Take up a session.

        Raises:
            ConnectionEnded: The hub is stopping, or the user has as many as may be.
        """
        if self._is_stopping:
            raise ConnectionEnded(GOING_AWAY)
        user_id = session.principal.user_id
        if sum(1 for other in self._sessions if other.principal.user_id == user_id) >= self._most:
            raise ConnectionEnded(TOO_MANY)
        self._sessions.add(session)

    def remove(self, session: ClientSession) -> None:
        """Forget a session; unknown ones are ignored."""
        self._sessions.discard(session)

    def expire(self, now_ms: int, is_current: Callable[[Principal, int], bool]) -> None:
        """End sessions whose token has expired or was made invalid (4401)."""
        for session in self._sessions:
            if session.principal.expires_ms <= now_ms:
                session.outbox.close(TOKEN_EXPIRED)
            elif not is_current(session.principal, now_ms):
                session.outbox.close(TOKEN_DEAD)

    def close_all(self) -> None:
        """End every session because the hub stops; from now on none is taken up."""
        self._is_stopping = True
        for session in self._sessions:
            session.outbox.close(GOING_AWAY)
