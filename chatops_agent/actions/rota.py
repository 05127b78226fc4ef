"""Whose turn it is to send: answers first, then one message of each in turn. Pure."""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from msgspec import Struct

# An answer belongs to a request, so only a hub that asks and asks without reading fills this.
MOST_ANSWERS: Final = 1024


class Source(Protocol):
    """Something with messages for the hub, in its own order."""

    def next_message(self) -> Struct | None:
        """Return the next message and count it as sent; None: nothing to say now."""
        ...


class Rota:
    """Decides what goes out next, so that no source is kept waiting by another that always has more.

    Full of answers, the next one is dropped: a hub that does not read them does not need it either.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        """Begin with nothing.

        Args:
            wake: Called whenever there may be something to send.
        """
        self._wake = wake
        self._answers: deque[Struct] = deque()
        # A dict, for its order; a source stands in it once.
        self._ready: dict[Source, None] = {}

    def answer(self, message: Struct) -> None:
        """Send this ahead of everything else."""
        if len(self._answers) < MOST_ANSWERS:
            self._answers.append(message)
            self._wake()

    def ready(self, source: Source) -> None:
        """Ask this source when its turn comes; once more is no error."""
        self._ready.setdefault(source)
        self._wake()

    def withdraw(self, source: Source) -> None:
        """Do not ask this source any more, unless it is ready again."""
        self._ready.pop(source, None)

    def clear(self) -> None:
        """Forget all: the connection they were meant for is gone."""
        self._answers.clear()
        self._ready.clear()

    def next_message(self) -> Struct | None:
        """Return what to send now; None: nothing."""
        if self._answers:
            return self._answers.popleft()
        while self._ready:
            source = next(iter(self._ready))
            del self._ready[source]
            message = source.next_message()
            if message is not None:
                # Behind the others, as long as it has something to say.
                self._ready.setdefault(source)
                return message
        return None
