"""Which servers somebody watches: their agents sample every second meanwhile."""

from collections import Counter
from collections.abc import Callable
from typing import Final

WATCHED_INTERVAL_S: Final = 1.0
# Somebody who looks at one server after the other comes back; and a connection that broke is soon
# there again. Asking the agent twice for it would only make its chart ragged.
LINGER_S: Final = 5.0


class Watching:
    """Counts watchers a server and says when an agent's interval is to change."""

    def __init__(self, configure: Callable[[str, float | None], None], now: Callable[[], float]) -> None:
        """Take what sends an interval to a server's agent, and a monotonic clock in seconds."""
        self._configure = configure
        self._now = now
        self._watchers: Counter[str] = Counter()
        self._left: dict[str, float] = {}
        """When the last watcher went, for servers whose agents still sample fast."""

    def watch(self, server_id: str) -> None:
        """Count one more watcher; the first one makes the agent sample every second."""
        self._watchers[server_id] += 1
        if self._watchers[server_id] == 1 and self._left.pop(server_id, None) is None:
            self._configure(server_id, WATCHED_INTERVAL_S)

    def unwatch(self, server_id: str) -> None:
        """Count one watcher less; `sweep` gives the interval back some seconds after the last."""
        self._watchers[server_id] -= 1
        if self._watchers[server_id] <= 0:
            del self._watchers[server_id]
            self._left[server_id] = self._now()

    def interval_s(self, server_id: str) -> float | None:
        """Return what an agent that connects now shall sample at; None is its own interval."""
        is_fast = server_id in self._watchers or server_id in self._left
        return WATCHED_INTERVAL_S if is_fast else None

    def sweep(self) -> None:
        """Give the interval back of servers nobody has watched for LINGER_S."""
        now = self._now()
        for server_id in [name for name, left in self._left.items() if now - left >= LINGER_S]:
            del self._left[server_id]
            self._configure(server_id, None)
