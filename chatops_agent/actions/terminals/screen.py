"""The output of a terminal on its way to a viewer, and what a later viewer is shown of it. Pure."""

from typing import Final

from chatops_agent.actions.terminals.replay import Replay
from chatops_wire.commands import CHUNK_BYTES, WINDOW_BYTES

_BELL: Final = b"\a"


class Screen:
    """With a viewer, output waits for it up to the window; without one, only the last of it is kept."""

    def __init__(self, window: int) -> None:
        """Begin empty, with a viewer.

        Args:
            window: Bytes that may be sent ahead of credit; 0: there is no credit.
        """
        self._replay = Replay()
        self._unsent = bytearray()
        self._window = self._credit = window
        self.is_viewed = True

    @property
    def accepts(self) -> bool:
        """Whether to go on reading; where not, the program waits as it writes."""
        return not self.is_viewed or len(self._unsent) < WINDOW_BYTES

    @property
    def sendable(self) -> int:
        """Bytes that may go out now."""
        return min(len(self._unsent), self._credit) if self._window else len(self._unsent)

    @property
    def is_sent(self) -> bool:
        """The viewer has been sent everything there is so far."""
        return not self._unsent

    def add(self, data: bytes) -> None:
        """Take what the program wrote."""
        self._replay.add(data)
        if self.is_viewed:
            self._unsent += data

    def ring(self) -> None:
        """Sound the viewer's bell."""
        if self.is_viewed:
            self._unsent += _BELL

    def grant(self, size: int) -> None:
        """The viewer takes so many bytes more."""
        self._credit += size

    def show(self, window: int) -> None:
        """Begin with a viewer, perhaps the same once more: the screen as it stands, then what follows."""
        self._window = self._credit = window
        self._unsent = bytearray(self._replay.snapshot())
        self.is_viewed = True

    def hide(self) -> None:
        """Go on without a viewer; what it has not been sent is dropped."""
        self.is_viewed = False
        self._unsent.clear()

    def next_data(self) -> bytes:
        """Return what to send now and count it as sent; empty: nothing, or no credit for it."""
        data = bytes(self._unsent[: min(CHUNK_BYTES, self.sendable)])
        del self._unsent[: len(data)]
        if self._window:
            self._credit -= len(data)
        return data
