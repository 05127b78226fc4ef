"""When output is worth a frame: at once after silence, gathered while more keeps coming. Pure."""

from typing import Final

from chatops_wire.commands import CHUNK_BYTES

# A program that writes byte by byte would make hundreds of frames a second; nobody sees 10 ms.
GATHER_S: Final = 0.010


class Pacer:
    """Remembers when the last frame of one source went out."""

    def __init__(self) -> None:
        self._last = -GATHER_S

    def delay_s(self, waiting: int, now: float) -> float:
        """Return how long to hold so many bytes back; 0: not at all.

        Args:
            waiting: Bytes not sent yet.
            now: Monotonic seconds.
        """
        return 0.0 if waiting >= CHUNK_BYTES else max(0.0, self._last + GATHER_S - now)

    def sent(self, now: float) -> None:
        """Note that a frame goes out."""
        self._last = now
