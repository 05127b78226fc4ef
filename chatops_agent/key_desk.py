"""Takes the next key that a hub offers over a connection, and says when it is kept."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Protocol

from chatops_agent.key_store import CannotKeepError, prefix_of
from chatops_wire.codec import encode
from chatops_wire.rotation import KeyRefused, KeyStored

log = logging.getLogger(__name__)


class Keys(Protocol):
    """The keys of this agent (key_store.KeyStore); methods block for one small file."""

    @property
    def current(self) -> str:
        """The key to show."""

    @property
    def source(self) -> str:
        """Where that is kept, in words."""

    def refused(self) -> bool:
        """Go on to another key; return whether there is one that was not refused in this round."""

    def keep(self, key: str) -> str:
        """Write the next key to disk and return it as it is there; raises CannotKeepError."""

    def accepted(self) -> None:
        """Note that a hub took up the present key."""


class OneKey:
    """A key that is never followed by another."""

    source = "given"

    def __init__(self, key: str) -> None:
        self.current = key

    def refused(self) -> bool:
        """Say that there is no other."""
        return False

    def keep(self, key: str) -> str:
        """Refuse."""
        del key
        raise CannotKeepError("this agent keeps no keys")

    def accepted(self) -> None:
        """Do nothing."""


class KeyDesk:
    """What a hub says of keys on one connection, and the answers; at most one offer is in work."""

    def __init__(self, keys: Keys, wake: Callable[[], None]) -> None:
        self._keys = keys
        self._wake = wake
        self._answers: deque[bytes] = deque(maxlen=2)
        self._lock = asyncio.Lock()

    async def offered(self, key: str) -> None:
        """Keep the next key, then say so."""
        async with self._lock:
            try:
                read = await asyncio.to_thread(self._keys.keep, key)
            except CannotKeepError as exc:
                log.warning("the next API key cannot be kept", extra={"reason": str(exc)})
                self._answers.append(encode(KeyRefused(reason=str(exc)[:200])))
            else:
                log.info("the next API key is kept", extra={"key": prefix_of(read), "in": self._keys.source})
                self._answers.append(encode(KeyStored(api_key=read)))
        self._wake()

    async def accepted(self) -> None:
        """Forget the key before the one in use."""
        async with self._lock:
            await asyncio.to_thread(self._keys.accepted)
        told = {"key": prefix_of(self._keys.current), "from": self._keys.source}
        log.info("the new API key is in use", extra=told)

    def next_frame(self) -> bytes | None:
        """Return what is to be told, and count it as told; None: nothing."""
        return self._answers.popleft() if self._answers else None
