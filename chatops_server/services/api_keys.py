"""Agents' API keys: made once, shown once, checked at every connection, cut off when revoked."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from secrets import token_bytes
from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.permissions import ServerAction
from chatops_server.errors import NotFoundError, StorageError, TokenError
from chatops_server.services.access import Caller, ServerAccess, server_for
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.servers import AgentSessions
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import api_keys as keys_sql
from chatops_server.storage.sql.api_keys import KeyRow
from chatops_wire import keys
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import ApiKeyCreated, ApiKeyView
from chatops_wire.times import format_ms

log = logging.getLogger(__name__)

# What a kill -9 costs of `last_used_at`.
FLUSH_EVERY_S: Final = 60.0

Position = tuple[int, str]
"""Where in a list of keys: when the last one had was made, and its id."""
BEGINNING: Position = (-1, "")


@dataclass(frozen=True, slots=True)
class VerifiedKey:
    """A key that was right, and the server it is for."""

    key_id: str
    server_num: int
    server_id: str


class ApiKeys:
    """The keys. When they were last used is kept in memory and stored by `flush`."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        fleet: Fleet,
        sessions: AgentSessions,
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._fleet = fleet
        self._sessions = sessions
        self._now_ms = now_ms
        self._used: dict[str, int] = {}
        """When, by key, until it is stored."""

    async def verify(self, text: str) -> VerifiedKey:
        """Return whose key this is, as of now: a revocation meanwhile closes the session (AgentSessions).

        Raises:
            TokenError: Not a key, unknown, wrong or revoked; code `invalid_key`.
            StorageError: It could not be looked up.
        """
        key = keys.parse(text)
        if key is None:
            raise TokenError("this is no API key of ours, or it was mistyped", ErrorCode.INVALID_KEY)
        row = await self._storage.read(keys_sql.key(key.id))
        if row is None or not compare_digest(row.secret_hash, _hash(key.secret)):
            raise TokenError("unknown API key", ErrorCode.INVALID_KEY)
        if row.revoked_ms is not None:
            raise TokenError("this API key was revoked", ErrorCode.INVALID_KEY)
        self._used[row.id] = self._now_ms()
        return VerifiedKey(row.id, row.server_num, row.server_id)

    async def listed(
        self, caller: Caller, server_id: str | None, after: Position, limit: int
    ) -> tuple[list[ApiKeyView], Position | None]:
        """Return keys of one server, or of every server the user has full rights on; oldest first.

        Raises:
            NotFoundError: The server is unknown or invisible.
            ForbiddenError: No full rights on it.
        """
        if caller.principal is None:
            return [], None
        if server_id is None:
            is_admin = caller.principal.role == "admin"
            user_id = caller.principal.user_id
            script = keys_sql.keys_managed_by(user_id, is_admin=is_admin, after=after, limit=limit + 1)
        else:
            access = server_for(self._fleet, caller.principal, server_id, ServerAction.MANAGE)
            script = keys_sql.keys_of(access.state.num, after, limit + 1)
        rows = await self._storage.read(script)
        shown = rows[:limit]
        following = (shown[-1].created_ms, shown[-1].id) if len(rows) > limit else None
        return [self._view(row) for row in shown], following

    async def create(self, access: ServerAccess, name: str, caller: Caller) -> ApiKeyCreated:
        """Make a key; the only time its text is known.

        Raises:
            NotFoundError: The server was deleted in the meantime.
        """
        key = keys.make(token_bytes(keys.ID_BYTES + keys.SECRET_BYTES))
        row = KeyRow(
            id=key.id,
            server_num=access.state.num,
            server_id=access.state.id,
            name=name,
            prefix=key.prefix,
            secret_hash=_hash(key.secret),
            created_ms=self._now_ms(),
        )
        await self._ledger.commit(_added(row), _deed("key.create", row, caller))
        view = self._view(row)
        return ApiKeyCreated(
            id=view.id,
            server_id=view.server_id,
            name=view.name,
            prefix=view.prefix,
            created_at=view.created_at,
            last_used_at=None,
            active=True,
            key=key.text,
        )

    async def revoke(self, key_id: str, caller: Caller) -> None:
        """End a key and the session that came with it. One that is revoked already is no error.

        Raises:
            NotFoundError: Unknown, or its server is invisible to the user.
            ForbiddenError: No full rights on its server.
        """
        row = await self._storage.read(keys_sql.key(key_id))
        if row is None or caller.principal is None:
            raise NotFoundError("no such API key")
        server_for(self._fleet, caller.principal, row.server_id, ServerAction.MANAGE)
        if row.revoked_ms is None:
            deed = _deed("key.revoke", row, caller)
            await self._ledger.commit(keys_sql.revoke_key(key_id, self._now_ms()), deed)
        self._sessions.close_key(key_id)

    async def flush(self) -> None:
        """Store when keys were last used, if any was since the last time.

        Raises:
            StorageError: Not stored; the next call tries again.
        """
        unsaved = dict(self._used)
        if unsaved:
            await self._storage.write(keys_sql.used(unsaved))
            # Whatever was used during the write stays for the next time.
            for key_id in [key_id for key_id, at_ms in unsaved.items() if self._used.get(key_id) == at_ms]:
                del self._used[key_id]

    async def keep_flushing(self) -> None:
        """Flush every minute until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            try:
                await self.flush()
            except StorageError as exc:
                log.warning("when keys were last used is not stored", extra={"reason": exc.reason})

    def _view(self, row: KeyRow) -> ApiKeyView:
        last_used_ms = self._used.get(row.id, row.last_used_ms)
        return ApiKeyView(
            id=row.id,
            server_id=row.server_id,
            name=row.name,
            prefix=row.prefix,
            created_at=format_ms(row.created_ms),
            last_used_at=None if last_used_ms is None else format_ms(last_used_ms),
            active=row.revoked_ms is None,
        )


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _deed(action: str, row: KeyRow, caller: Caller) -> Deed:
    return Deed(action, caller, target=row.prefix, server_id=row.server_id, data={"name": row.name})


def _added(row: KeyRow) -> Script[None]:
    if not (yield from keys_sql.add_key(row)):
        raise NotFoundError("no such server")
