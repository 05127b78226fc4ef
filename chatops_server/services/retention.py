"""Drops what nobody needs any more: expired tokens, old events, samples past their time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from chatops_server.errors import StorageError
from chatops_server.services.keeping import KeepingTerms
from chatops_server.storage.base import UPKEEP, Script, Storage
from chatops_server.storage.sql.events import drop_events_before
from chatops_server.storage.sql.login_sessions import drop_login_sessions
from chatops_server.storage.sql.users import drop_expired_tokens

log = logging.getLogger(__name__)

EVERY_S: Final = 3600.0
# A hub that did this for all and is gone is followed within twice this.
_LOOK_EVERY_S: Final = 5.0
# Longer than any access token of theirs lives.
_KEEP_ENDED_SESSIONS_MS: Final = 24 * 3600 * 1000

Drop = Callable[[int], Awaitable[None]]
"""Drops what is over at this time, Unix ms; raises StorageError."""


class Retention:
    """Drops at start-up and every hour."""

    def __init__(
        self,
        storage: Storage,
        keeping: KeepingTerms,
        now_ms: Callable[[], int],
        others: Sequence[Drop] = (),
    ) -> None:
        """Take what else knows to drop something."""
        self._storage = storage
        self._keeping = keeping
        self._now_ms = now_ms
        self._others = others

    async def run(self) -> None:
        """Drop until cancelled; a database that does not answer is asked again an hour later."""
        while True:
            try:
                await self.drop()
            except StorageError as exc:
                log.warning("old records are not dropped", extra={"reason": exc.reason})
            await self._next_turn()

    async def _next_turn(self) -> None:
        """Wait an hour, or until this hub has to do what another one did."""
        leads = await self._storage.try_lead(UPKEEP)
        due_s = asyncio.get_running_loop().time() + EVERY_S
        while asyncio.get_running_loop().time() < due_s:
            await asyncio.sleep(_LOOK_EVERY_S)
            # Another hub may have been told to keep things longer, or shorter.
            await self._keeping.look()
            # Asked by whoever leads too: a session that was lost is made again, and with it the lead.
            led, leads = leads, await self._storage.try_lead(UPKEEP)
            if leads and not led:
                return

    async def drop(self) -> None:
        """Drop what is over now.

        Raises:
            StorageError: The database does not answer.
        """
        # Never by terms that are no longer meant: what is dropped is gone.
        await self._keeping.load()
        now_ms = self._now_ms()
        await self._storage.write(_dropped(now_ms, self._keeping.terms.events_since(now_ms)))
        await self._storage.samples.seal(now_ms)
        await self._storage.samples.expire(now_ms)
        for drop in self._others:
            await drop(now_ms)


def _dropped(now_ms: int, events_since_ms: int) -> Script[None]:
    yield from drop_expired_tokens(now_ms)
    yield from drop_login_sessions(now_ms - _KEEP_ENDED_SESSIONS_MS, now_ms)
    yield from drop_events_before(events_since_ms)
