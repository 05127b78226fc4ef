"""The bus between hubs: hints and questions, nothing that has to arrive."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

Handler = Callable[[bytes], Awaitable[bytes | None]]
"""Takes one message; what it returns answers a question, None is the empty answer."""

# An agent's largest frame is 1 MiB; with what goes around it, and packed, it fits what NATS takes (1 MiB).
MAX_PAYLOAD_BYTES: Final = 4 * 1024 * 1024


class BusError(Exception):
    """Base of what a question may meet; a hint meets nothing."""


class NoRespondersError(BusError):
    """No other hub listens on the subject; known at once."""


class BusAwayError(BusError):
    """The bus is not there, or went away before the answer came."""


class AnswerFailedError(BusError):
    """The hub that was asked failed; its log says why."""


class Bus(Protocol):
    """Carries messages to the other hubs, never back to the one that sent them.

    Subjects are words with dots between; `*` in a subscription stands for any one word. What one hub sends on
    any subjects arrives in that order at each subscription, or not at all: at most once. For the event loop's
    thread only.
    """

    @property
    def is_connected(self) -> bool:
        """Whether messages go out now."""

    @property
    def trouble(self) -> str:
        """Why they do not, in one line; empty while they do."""

    def publish(self, subject: str, payload: bytes) -> bool:
        """Send a hint and return whether it was taken: not while the bus is away, nor beyond its bounds."""

    def subscribe(self, subject: str, handler: Handler) -> Callable[[], None]:
        """Hear a subject from now on, also while the bus is away; return what ends that.

        Messages of a subscription are handled one after the other, and each task is the bus's own: what takes
        long goes elsewhere. While too many wait the newest is dropped. An exception is logged.
        """

    async def request(self, subject: str, payload: bytes) -> bytes:
        """Ask who listens on a subject and return the first answer. The caller limits the time.

        Raises:
            NoRespondersError: Nobody does.
            BusAwayError: The bus is away.
            AnswerFailedError: The handler there failed.
        """

    async def close(self) -> None:
        """Send what was taken and end, within a second; idempotent."""
