"""Gives agents their next API key over the connection they have, so that nobody has to visit the machine.

The present key ends when the next one is used first, never before: whatever stops in between (hub, agent,
connection, power), the agent still has a key that is let in.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.errors import ChatopsError, ConflictError, InvalidRequestError, StorageError, TokenError
from chatops_server.services.access import Caller
from chatops_server.services.api_keys import ApiKeys, Term, added_key, new_key
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import api_keys as keys_sql
from chatops_server.storage.sql.api_keys import KeyRow
from chatops_server.storage.sql.events import NewEvent
from chatops_wire import codec
from chatops_wire.rest import ApiKeyView
from chatops_wire.rotation import KeyAccepted, KeyOffer

log = logging.getLogger(__name__)

# How late a key that is to be followed by itself is noticed; it then has a quarter of its life left.
_LOOK_EVERY_S: Final = 15.0
_LEAD: Final = "key rotation"


class KeyRotation:
    """Next keys: asked for, offered, in use."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        keys: ApiKeys,
        sessions: AgentSessions,
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._keys = keys
        self._sessions = sessions
        self._now_ms = now_ms
        # One entry a session with a key which is to be followed: it came with it, or another hub was asked.
        self._came: dict[str, AgentSession] = {}
        # From asking until offering: what one asks for and offers, no other offers once more meanwhile.
        self._offering = asyncio.Lock()
        self._look = asyncio.Event()

    async def ask(self, key_id: str, caller: Caller) -> ApiKeyView:
        """Have a key followed by another: at once where its agent is there, else when it comes.

        Asked again, the next key is made anew.

        Raises:
            NotFoundError, ForbiddenError: As for ApiKeys.revoke.
            ConflictError: The key is dead or not in use yet, or its agent knows no rotation.
        """
        row = await self._keys.managed(key_id, caller)
        if not row.is_alive(self._now_ms()):
            raise ConflictError("this API key was revoked or has expired")
        if row.is_next:
            raise ConflictError("this API key follows another and was not used yet")
        session = self._session_of(row)
        if session is not None and not session.rotates_key:
            raise ConflictError("its agent is too old to be given a key: update it, or make a key by hand")
        async with self._offering:
            asked = await self._note_asked(row, caller)
            await self._offer(asked)
        return self._keys.view(asked)

    def asked_elsewhere(self, row: KeyRow) -> None:
        """Offer the next key that another hub was asked for, where the agent is here."""
        session = self._session_of(row)
        if session is not None and session.rotates_key:
            self._came[session.state.id] = session
            self._look.set()

    def connected(self, session: AgentSession) -> None:
        """Offer the next key to an agent that just came, where one was asked for."""
        if session.wants_next_key and session.rotates_key:
            self._came[session.state.id] = session
            self._look.set()

    async def stored(self, session: AgentSession, text: str) -> None:
        """Hear that an agent has the next key on its disk: it is in use from now on.

        Raises:
            InvalidRequestError: It is not what this session was offered.
        """
        try:
            row = await self._keys.matching(text)
        except TokenError as exc:
            raise InvalidRequestError(f"api_key: {exc.detail}") from exc
        except StorageError as exc:
            # It has both keys; with the next connection it shows the new one again.
            log.warning("a next key is not confirmed", extra={"reason": exc.reason})
            return
        if row.replaces != session.key_id or row.server_id != session.state.id or not row.is_next:
            raise InvalidRequestError("api_key: it is not the key that was offered")
        await self._take_over(session, row)

    async def refused(self, session: AgentSession, reason: str) -> None:
        """Hear that an agent cannot keep the next key; the present one stays."""
        message = f"its agent cannot keep a next API key: {_shown(reason)}"
        deed = Deed(
            "key.rotated",
            Caller(None, None),
            target=session.state.name,
            server_id=session.state.id,
            result="failed",
            data={"reason": _shown(reason)},
            event=NewEvent("server", message, server_id=session.state.id),
        )
        try:
            await self._ledger.commit(_given_up(session.key_id, self._now_ms()), deed)
        except StorageError as exc:
            log.warning("a refused key is not noted", extra={"reason": exc.reason})

    async def run(self) -> None:
        """Offer keys to agents that come, and ask for those that are due, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._look.wait()
            except TimeoutError:
                await self._guarded(self.ask_due)
            self._look.clear()
            while self._came:
                _, session = self._came.popitem()
                await self._guarded(partial(self._offer_to, session))

    async def ask_due(self) -> None:
        """Have keys followed that are to be by themselves, in the last quarter of their life.

        One hub asks for those of all; the one where the agent is offers.

        Raises:
            StorageError: The database does not answer.
        """
        if not await self._storage.try_lead(_LEAD):
            return
        for row in await self._storage.read(keys_sql.keys_to_rotate(self._now_ms())):
            session = self._session_of(row)
            if session is None or session.rotates_key:
                async with self._offering:
                    await self._offer(await self._note_asked(row, Caller(None, None)))

    async def _offer_to(self, session: AgentSession) -> None:
        async with self._offering:
            row = await self._storage.read(keys_sql.key(session.key_id))
            # Of what was asked for here the other hubs tell this one as well.
            if row is not None and row.rotate_ms != session.offered_ms:
                await self._offer(row)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except StorageError as exc:
            log.warning("a next key is not offered", extra={"reason": exc.reason})
        except ChatopsError as exc:
            log.info("a next key is not wanted any more", extra={"reason": exc.detail})

    async def _note_asked(self, row: KeyRow, caller: Caller) -> KeyRow:
        now_ms = self._now_ms()
        data = {"by_itself": True} if caller.principal is None else {}
        deed = Deed("key.rotate", caller, target=row.prefix, server_id=row.server_id, data=data)
        await self._ledger.commit(_asked(row.id, now_ms), deed)
        return replace(row, rotate_ms=now_ms)

    async def _offer(self, row: KeyRow) -> None:
        session = self._session_of(row)
        if session is None or not session.rotates_key:
            return
        term = Term(row.lifetime_ms, auto_rotate=row.auto_rotate, replaces=row.id)
        now_ms = self._now_ms()
        key, following = new_key((row.server_num, row.server_id), row.name, term, now_ms)
        if not await self._storage.write(_next_added(row.id, following, now_ms)):
            return
        if self._sessions.is_current(session) and session.key_id == row.id:
            session.offered_ms = row.rotate_ms
            session.outbox.put(codec.encode(KeyOffer(api_key=key.text)))

    async def _take_over(self, session: AgentSession, row: KeyRow) -> None:
        before = session.key_id
        # Known by both until the change is on disk: whichever is revoked meanwhile ends the session.
        session.next_key_id = row.id
        try:
            await self._keys.confirm(row)
        except StorageError as exc:
            log.warning("a next key is not confirmed", extra={"reason": exc.reason})
            return
        except TokenError as exc:
            raise InvalidRequestError(f"api_key: {exc.detail}") from exc
        session.key_id, session.next_key_id, session.key_expires_ms = row.id, "", row.expires_ms
        # Whoever is just coming with the old one; this session has the new one.
        self._sessions.close_key(before)
        self._keys.used(row.id)
        session.outbox.put(codec.encode(KeyAccepted(prefix=row.prefix)))

    def _session_of(self, row: KeyRow) -> AgentSession | None:
        session = self._sessions.get(row.server_id)
        return session if session is not None and session.key_id == row.id else None


def _asked(key_id: str, now_ms: int) -> Script[None]:
    if not (yield from keys_sql.ask_rotation(key_id, now_ms)):
        raise ConflictError("this API key was revoked")


def _next_added(key_id: str, following: KeyRow, now_ms: int) -> Script[bool]:
    row = yield from keys_sql.key(key_id)
    if row is None or row.rotate_ms is None or not row.is_alive(now_ms):
        return False
    # An agent that still comes with the old key has not kept what it was offered before.
    yield from keys_sql.revoke_next(key_id, now_ms)
    yield from added_key(following)
    return True


def _given_up(key_id: str, now_ms: int) -> Script[None]:
    yield from keys_sql.revoke_next(key_id, now_ms)
    yield from keys_sql.ask_rotation(key_id, None)


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:200])
