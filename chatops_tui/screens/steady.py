"""A sample that stays on the screen for a while, so that rows which change places can be read."""

from typing import Final

from chatops_tui.store.memory import ServerMemory, WholeSample

# Two draws. Each second would be twice the bytes: most of a server's screen are processes changing places.
STAYS_MS: Final = 1900


class SteadySample:
    """The newest whole sample of a server, no newer one before `STAYS_MS` have passed."""

    def __init__(self) -> None:
        self._held: WholeSample | None = None
        self._since_ms = 0

    def of(self, memory: ServerMemory, now_ms: int) -> WholeSample | None:
        """Return the sample to show; None while none is known."""
        newest, held = memory.sample, self._held
        is_other = newest is None or held is None or held.server_id != newest.server_id
        # A clock that was set back must not hold it for ever.
        if is_other or memory.is_past or abs(now_ms - self._since_ms) >= STAYS_MS:
            self._held, self._since_ms = newest, now_ms
        return self._held
