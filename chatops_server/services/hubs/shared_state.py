"""Takes over what other hubs on the same database have changed of what this one keeps in memory."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Final, Protocol

from chatops_server.errors import StorageError
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.hub_changes import changes_after, drop_old_changes, newest_change

log = logging.getLogger(__name__)

# What is revoked is promised to be cut on every hub within 2 s; a look that finds nothing takes three round
# trips.
LOOK_EVERY_S: Final = 0.5
# What a hub reads of the changes at once: after thousands of machines have enrolled there are as many.
_AT_ONCE: Final = 5_000
CHANGED: Final = "changed"
"""The subject on which hubs hint that they changed something."""
_PRUNE_EVERY_S: Final = 3600.0


class Follower(Protocol):
    """Takes over one kind of thing."""

    async def take_over(self, keys: Collection[str]) -> None:
        """Bring what is in memory of these in step with the database, where they may be gone.

        Asked twice for each change, and for this hub's own changes too: to take over what is known already
        must change nothing.

        Raises:
            StorageError: The database does not answer; it is asked again.
        """


class SharedState:
    """Looks for changes every LOOK_EVERY_S, and at once when somebody says that there are some."""

    def __init__(self, storage: Storage, followers: Mapping[str, Follower]) -> None:
        """Take what follows each domain of storage.sql.hub_changes, in the order to be followed in."""
        self._storage = storage
        self._followers = followers
        self._looking = asyncio.Lock()
        self._hinted = asyncio.Event()
        self._seen = 0
        self._taken = 0
        self._begun = 0
        self._due: dict[str, set[str]] = {}
        # What was taken over is looked at once more half a second later: a change of this hub's own may have
        # been committed before, and entered into memory after.
        self._fresh: dict[str, set[str]] = {}
        self._settling: dict[str, set[str]] = {}
        self._failure: str | None = None

    @property
    def taken(self) -> int:
        """The newest change that was taken over; grows."""
        return self._taken

    async def begin(self) -> None:
        """Follow from here on; before anything is loaded.

        Raises:
            StorageError: The database does not answer.
        """
        self._seen = await self._storage.read(newest_change())

    async def hinted(self, _payload: bytes) -> None:
        """Look at once: another hub said on the bus that it changed something."""
        self._hinted.set()

    def look_again(self, domain: str, key: str) -> None:
        """Take one thing over again, with the next look: what this hub made of it was not let in."""
        self._fresh.setdefault(domain, set()).add(key)
        self._hinted.set()

    async def run(self) -> None:
        """Look until cancelled."""
        clock = asyncio.get_running_loop().time
        prune_at = clock()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._hinted.wait()
            self._hinted.clear()
            self._add(self._settling)
            self._settling, self._fresh = self._fresh, {}
            await self.catch_up()
            if clock() >= prune_at and self._failure is None:
                prune_at = clock() + _PRUNE_EVERY_S
                with suppress(StorageError):
                    await self._storage.write(drop_old_changes())

    async def catch_up(self) -> None:
        """Know what other hubs had committed when this was called, where the database answers.

        Many who call this at once share a look.
        """
        begun = self._begun
        async with self._looking:
            if self._begun > begun:
                return
            self._begun += 1
            try:
                await self._look()
            except StorageError as exc:
                if self._failure is None:
                    log.warning("changes of other hubs are not known", extra={"reason": exc.reason})
                self._failure = exc.reason
                return
            if self._failure is not None:
                log.info("changes of other hubs are known again")
            self._failure = None

    async def _look(self) -> None:
        is_more = True
        while is_more:
            some = await self._storage.read(changes_after(self._seen, _AT_ONCE))
            for change in some:
                self._due.setdefault(change.domain, set()).add(change.key)
                self._fresh.setdefault(change.domain, set()).add(change.key)
                self._seen = change.version
            is_more = len(some) == _AT_ONCE
        for domain, follower in self._followers.items():
            await self._follow(domain, follower)
        self._taken = self._seen

    async def _follow(self, domain: str, follower: Follower) -> None:
        # Taken out first: a defect met with one of them must not be met again and again.
        keys = self._due.pop(domain, None)
        if not keys:
            return
        try:
            await follower.take_over(keys)
        except (StorageError, asyncio.CancelledError):
            self._add({domain: keys})
            raise

    def _add(self, keys: Mapping[str, Collection[str]]) -> None:
        for domain, some in keys.items():
            self._due.setdefault(domain, set()).update(some)
