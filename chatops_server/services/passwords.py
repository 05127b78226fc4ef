"""Password hashes: bcrypt, away from the event loop, by a bounded number of threads."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Final, TypeVar

import bcrypt

from chatops_server.errors import TooManyRequestsError

P = TypeVar("P")
R = TypeVar("R")

# 12 takes 237 ms here; each step doubles it.
COST: Final = 12
# bcrypt releases the GIL: two threads check 7.7 passwords a second on two cores, one 4.2.
_THREADS: Final = 2
# About 15 s of work: whoever would wait longer has given up.
MAX_WAITING: Final = 100
_RETRY_AFTER_S: Final = 5
# Says how the password is prepared. bcrypt takes at most 72 bytes and stops at a NUL, so it gets
# base64(sha256(password)): 44 bytes without NUL for any password.
_SCHEME: Final = "b1$"


class PasswordHasher:
    """Hashes and checks passwords. Close it at the end.

    At most MAX_WAITING calls are in work or wait; one more is refused.
    """

    def __init__(self, cost: int = COST, max_waiting: int = MAX_WAITING) -> None:
        self._cost = cost
        self._max_waiting = max_waiting
        self._waiting = 0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        # As dear to check as a real one, and no password gives it: a salt and a digest of all zeros.
        self._nobody = bcrypt.gensalt(cost) + b"." * 31

    async def hash(self, password: str) -> str:
        """Return what to store.

        Raises:
            TooManyRequestsError: Too many wait already.
        """
        return _SCHEME + (await self._run(_hash, password, self._cost)).decode()

    async def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password belongs to the stored hash; None (no such user) takes as long.

        Raises:
            TooManyRequestsError: Too many wait already.
        """
        known = stored is not None and stored.startswith(_SCHEME)
        hashed = stored[len(_SCHEME) :].encode() if stored and known else self._nobody
        matches = await self._run(_matches, password, hashed)
        return known and matches

    def close(self) -> None:
        """End the threads; calls that still wait are cancelled."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[[str, P], R], password: str, argument: P) -> R:
        if self._waiting >= self._max_waiting:
            raise TooManyRequestsError("too many logins at once", _RETRY_AFTER_S)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, password, argument)
        finally:
            self._waiting -= 1


def _prepared(password: str) -> bytes:
    return b64encode(sha256(password.encode("utf-8", "surrogatepass")).digest())


def _hash(password: str, cost: int) -> bytes:
    return bcrypt.hashpw(_prepared(password), bcrypt.gensalt(cost))


def _matches(password: str, hashed: bytes) -> bool:
    return bcrypt.checkpw(_prepared(password), hashed)
