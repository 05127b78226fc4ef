"""Sessions that end with the program: the demo's own, and a script's that signs in for one command."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatops_tui.client.session import Remembered


class SessionMemory:
    """Keeps what the session file would, in memory only."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._sessions: dict[tuple[str, str], Remembered] = {}

    @asynccontextmanager
    async def hold(self) -> AsyncIterator["SessionMemory"]:
        """Keep other tasks out."""
        async with self._lock:
            yield self

    async def find(self, url: str, username: str = "") -> Remembered | None:
        """Return the session of this user, or with an empty name the one used last at this hub."""
        for session in reversed(self._sessions.values()):
            if session.url == url and username in {"", session.username}:
                return session
        return None

    async def put(self, session: Remembered) -> None:
        """Keep a session in place of an older one of the same user at the same hub."""
        self._sessions.pop((session.url, session.username), None)
        self._sessions[session.url, session.username] = session

    async def remove(self, session: Remembered) -> None:
        """Forget it, unless a newer one has taken its place."""
        if self._sessions.get((session.url, session.username)) == session:
            del self._sessions[session.url, session.username]
