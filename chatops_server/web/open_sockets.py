"""Every open WebSocket: how many may be unauthenticated, and ending all when the hub stops."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from chatops_server import sharing
from chatops_server.broker.closing import GOING_AWAY, Closing
from chatops_server.domain.addresses import network_of
from chatops_server.errors import TooManyRequestsError
from chatops_server.web.frame_socket import Patience

# The contract's figures. An authentication takes a millisecond, so that only an attack meets them.
MAX_UNAUTHENTICATED: Final = 256
MAX_FROM_ONE_ADDRESS: Final = 64
_RETRY_AFTER_S: Final = 5


class Closable(Protocol):
    """An accepted socket (web.frame_socket.FrameSocket)."""

    async def close(self, closing: Closing) -> None:
        """End it within a deadline."""


class Admission:
    """One socket's place, from before its handshake until its handler has ended."""

    def __init__(self, sockets: "OpenSockets", network: str) -> None:
        self._sockets = sockets
        self._network = network
        self._is_waiting = True
        self.socket: Closable | None = None

    def authenticated(self) -> None:
        """Make room for another unauthenticated socket. Idempotent."""
        if self._is_waiting:
            self._is_waiting = False
            self._sockets.release(self, self._network)


class OpenSockets:
    """Counts sockets. For the event loop's thread only."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._waiting: set[Admission] = set()
        self._by_network: Counter[str] = Counter()
        self._open = 0
        self._none_open = asyncio.Event()
        self._none_open.set()

    @property
    def unauthenticated(self) -> int:
        """How many have not authenticated yet."""
        return len(self._waiting)

    @contextmanager
    def admitted(self, address: str | None) -> Iterator[Admission]:
        """Take a place for one socket from this address (domain.addresses says what counts as one).

        Raises:
            TooManyRequestsError: MAX_UNAUTHENTICATED in all or MAX_FROM_ONE_ADDRESS are there already.
        """
        network = network_of(address)
        if len(self._waiting) >= MAX_UNAUTHENTICATED or self._by_network[network] >= MAX_FROM_ONE_ADDRESS:
            raise TooManyRequestsError("too many connections have not authenticated yet", _RETRY_AFTER_S)
        admission = Admission(self, network)
        self._waiting.add(admission)
        self._by_network[network] += 1
        self._open += 1
        self._none_open.clear()
        try:
            yield admission
        finally:
            admission.authenticated()
            self._open -= 1
            sharing.connection_ended(self._open)
            if self._open == 0:
                self._none_open.set()

    def release(self, admission: Admission, network: str) -> None:
        """Give a place back; only Admission calls this."""
        self._waiting.discard(admission)
        self._by_network[network] -= 1
        if self._by_network[network] <= 0:
            del self._by_network[network]

    async def close_unauthenticated(self) -> None:
        """Send those away that have not authenticated (1001)."""
        sockets = [admission.socket for admission in self._waiting if admission.socket is not None]
        await asyncio.gather(*(socket.close(GOING_AWAY) for socket in sockets))

    async def wait_until_none(self) -> None:
        """Return when no handler of a socket runs any more. Cancelling is safe."""
        await self._none_open.wait()
