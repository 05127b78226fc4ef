"""Agents' API keys: made once, shown once, checked at every connection, cut off when revoked."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from secrets import token_bytes
from typing import Final, Protocol

from msgspec import structs

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.permissions import ServerAction
from chatops_server.errors import InvalidRequestError, NotFoundError, StorageError, TokenError
from chatops_server.services.access import Caller, ServerAccess, server_for
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.servers import AgentSessions
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import api_keys as keys_sql
from chatops_server.storage.sql.api_keys import KeyRow
from chatops_server.storage.sql.events import NewEvent
from chatops_wire import keys
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import ApiKeyCreate, ApiKeyCreated, ApiKeyView, Rotation
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
    expires_ms: int | None = None
    """When it ends by itself, Unix ms."""
    wants_next: bool = False
    """Whether its agent is to be given the next key."""


class LiveSessions(AgentSessions, Protocol):
    """The live connections of agents (broker.sessions.AgentSessions)."""

    def is_key_used(self, key_id: str) -> bool:
        """Return whether an agent is connected with this key."""


class ApiKeys:
    """The keys. When they were last used is kept in memory and stored by `flush`."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        fleet: Fleet,
        sessions: LiveSessions,
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

        The first use of a key that follows another ends that one.

        Raises:
            TokenError: Not a key, unknown, wrong, revoked or expired; code `invalid_key`.
            StorageError: It could not be looked up.
        """
        row = await self.matching(text)
        if row.is_next:
            await self.confirm(row)
            self._sessions.close_key(row.replaces or "")
        self._used[row.id] = self._now_ms()
        wants_next = row.rotate_ms is not None
        return VerifiedKey(row.id, row.server_num, row.server_id, row.expires_ms, wants_next)

    async def matching(self, text: str) -> KeyRow:
        """Return the living key that has this text.

        Raises:
            TokenError, StorageError: As for `verify`.
        """
        key = keys.parse(text)
        if key is None:
            raise TokenError("this is no API key of ours, or it was mistyped", ErrorCode.INVALID_KEY)
        row = await self._storage.read(keys_sql.key(key.id))
        if row is None or not compare_digest(row.secret_hash, secret_hash(key.secret)):
            raise TokenError("unknown API key", ErrorCode.INVALID_KEY)
        if row.revoked_ms is not None:
            raise TokenError("this API key was revoked", ErrorCode.INVALID_KEY)
        if not row.is_alive(self._now_ms()):
            raise TokenError("this API key has expired", ErrorCode.INVALID_KEY)
        return row

    async def confirm(self, row: KeyRow) -> None:
        """Note the first use of a key that follows another, and end that one; its session is the caller's.

        Raises:
            TokenError: It was revoked meanwhile.
            StorageError: Not noted.
        """
        replaced = row.replaces or ""
        event = NewEvent("server", "its agent uses its next API key", server_id=row.server_id)
        deed = Deed(
            "key.rotated",
            Caller(None, None),
            target=row.prefix,
            server_id=row.server_id,
            data={"replaces": f"{keys.PREFIX}{replaced}"},
            event=event,
        )
        await self._ledger.commit(_confirmed(row.id, self._now_ms()), deed)

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
        return [self.view(row) for row in shown], following

    async def create(self, access: ServerAccess, body: ApiKeyCreate, caller: Caller) -> ApiKeyCreated:
        """Make a key; the only time its text is known.

        Raises:
            InvalidRequestError: It is to be followed by others, and has no end.
            NotFoundError: The server was deleted in the meantime.
        """
        if body.auto_rotate and body.expires_in_s is None:
            raise InvalidRequestError("auto_rotate: only a key with expires_in_s is followed by another")
        lifetime_ms = None if body.expires_in_s is None else body.expires_in_s * 1000
        term = Term(lifetime_ms, auto_rotate=body.auto_rotate)
        place = (access.state.num, access.state.id)
        key, row = new_key(place, body.name, term, self._now_ms())
        await self._ledger.commit(added_key(row), _deed("key.create", row, caller))
        return ApiKeyCreated(**structs.asdict(self.view(row)), key=key.text)

    async def revoke(self, key_id: str, caller: Caller) -> None:
        """End a key and the session that came with it. One that is revoked already is no error.

        Raises:
            NotFoundError: Unknown, or its server is invisible to the user.
            ForbiddenError: No full rights on its server.
        """
        row = await self.managed(key_id, caller)
        if row.revoked_ms is None:
            deed = _deed("key.revoke", row, caller)
            await self._ledger.commit(keys_sql.revoke_key(key_id, self._now_ms()), deed)
        self._sessions.close_key(key_id)

    async def managed(self, key_id: str, caller: Caller) -> KeyRow:
        """Return a key of a server the caller has full rights on.

        Raises:
            NotFoundError, ForbiddenError: As for `revoke`.
        """
        row = await self._storage.read(keys_sql.key(key_id))
        if row is None or caller.principal is None:
            raise NotFoundError("no such API key")
        try:
            server_for(self._fleet, caller.principal, row.server_id, ServerAction.MANAGE)
        except NotFoundError as exc:
            # Word for word as if there were none: that it is somebody's is not told.
            raise NotFoundError("no such API key") from exc
        return row

    def used(self, key_id: str) -> None:
        """Note that a key was used now; stored by `flush`."""
        self._used[key_id] = self._now_ms()

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

    def view(self, row: KeyRow) -> ApiKeyView:
        """Return a key as users see it."""
        is_used = self._sessions.is_key_used(row.id)
        return ApiKeyView(
            id=row.id,
            server_id=row.server_id,
            name=row.name,
            prefix=row.prefix,
            created_at=format_ms(row.created_ms),
            last_used_at=_moment(self._used.get(row.id, row.last_used_ms)),
            active=row.is_alive(self._now_ms()),
            expires_at=_moment(row.expires_ms),
            revoked_at=_moment(row.revoked_ms),
            auto_rotate=row.auto_rotate,
            rotation=_rotation(row, is_used=is_used),
            replaces=row.replaces,
            in_use=is_used,
        )


@dataclass(frozen=True, slots=True)
class Term:
    """How long a key lives; `lifetime_ms` None: until it is revoked."""

    lifetime_ms: int | None = None
    auto_rotate: bool = False
    replaces: str | None = None
    """The key it follows."""


def new_key(server: tuple[int, str], name: str, term: Term, now_ms: int) -> tuple[keys.ApiKey, KeyRow]:
    """Return a new key and its row; `server` is number and id."""
    key = keys.make(token_bytes(keys.ID_BYTES + keys.SECRET_BYTES))
    row = KeyRow(
        id=key.id,
        server_num=server[0],
        server_id=server[1],
        name=name,
        prefix=key.prefix,
        secret_hash=secret_hash(key.secret),
        created_ms=now_ms,
        expires_ms=None if term.lifetime_ms is None else now_ms + term.lifetime_ms,
        auto_rotate=term.auto_rotate,
        replaces=term.replaces,
    )
    return key, row


def secret_hash(secret: str) -> str:
    """Return what is stored of a secret of 256 random bits."""
    return sha256(secret.encode()).hexdigest()


def added_key(row: KeyRow) -> Script[None]:
    """Insert a key.

    Raises:
        NotFoundError: The server is gone.
    """
    if not (yield from keys_sql.add_key(row)):
        raise NotFoundError("no such server")


def _confirmed(key_id: str, now_ms: int) -> Script[None]:
    if not (yield from keys_sql.confirm_key(key_id, now_ms)):
        raise TokenError("this API key was revoked", ErrorCode.INVALID_KEY)


def _rotation(row: KeyRow, *, is_used: bool) -> Rotation | None:
    if row.revoked_ms is not None:
        return None
    if row.is_next:
        return "next"
    if row.rotate_ms is None:
        return None
    return "offered" if is_used else "waiting"


def _deed(action: str, row: KeyRow, caller: Caller) -> Deed:
    data: dict[str, object] = {"name": row.name}
    if row.expires_ms is not None:
        data["expires_at"] = format_ms(row.expires_ms)
    return Deed(action, caller, target=row.prefix, server_id=row.server_id, data=data)


def _moment(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_ms(at_ms)
