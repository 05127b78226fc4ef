"""Large updates of the fleet, folded in a piece at a time: keys are heard in between."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from chatops_wire.client import FleetUpdate

T = TypeVar("T")

# About 1 ms; a thousand servers in one go are 25, and whoever presses a key meanwhile waits as long.
SERVERS_AT_ONCE: Final = 40

# Eight updates of five thousand servers.
MOST_WAITING: Final = 1000

Later = Callable[[Callable[[], None]], object]


def _soon(call: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_soon(call)


class Portions(Generic[T]):
    """Hands events on in their order; behind a large one the next wait.

    At most MOST_WAITING wait: whatever is more is handed on at once, and keys wait for that.
    """

    def __init__(self, take: Callable[[T | FleetUpdate], None], later: Later = _soon) -> None:
        """Begin with nothing.

        Args:
            take: Folds one event in.
            later: Calls back once other work had its turn.
        """
        self._take = take
        self._later = later
        self._waiting: deque[T | FleetUpdate] = deque()

    def put(self, event: T | FleetUpdate) -> None:
        """Hand an event on, at once when it is small and nothing waits."""
        pieces = list(_pieces(event)) if isinstance(event, FleetUpdate) else [event]
        if not self._waiting and len(pieces) == 1:
            self._take(event)
            return
        if not self._waiting:
            self._later(self._go_on)
        self._waiting.extend(pieces)
        while len(self._waiting) > MOST_WAITING:
            self._take(self._waiting.popleft())

    def drop(self) -> None:
        """Forget what waits: it was meant for somebody who has signed out."""
        self._waiting.clear()

    def _go_on(self) -> None:
        if not self._waiting:
            return
        self._take(self._waiting.popleft())
        if self._waiting:
            self._later(self._go_on)


def _pieces(update: FleetUpdate) -> Iterator[FleetUpdate]:
    """Yield at least one; the last also tells who is gone."""
    servers = update.servers
    last = max(0, len(servers) - 1) // SERVERS_AT_ONCE * SERVERS_AT_ONCE
    for first in range(0, last, SERVERS_AT_ONCE):
        yield FleetUpdate(servers=servers[first : first + SERVERS_AT_ONCE])
    yield FleetUpdate(servers=servers[last:], removed=update.removed)
