"""Enrolment: a token, good for a time and a number of machines, makes servers and their agents' keys."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import compare_digest
from secrets import token_bytes, token_hex
from typing import Final

from msgspec import structs

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.permissions import HubAction, Principal, allows
from chatops_server.errors import ConflictError, InvalidRequestError, NotFoundError, TokenError
from chatops_server.services.access import Caller
from chatops_server.services.api_keys import Term, added_key, new_key, secret_hash
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.login_guard import LoginGuard
from chatops_server.services.servers import AgentSessions
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Script, Storage, UniqueViolationError
from chatops_server.storage.sql import api_keys as keys_sql
from chatops_server.storage.sql import enrolment as enrolment_sql
from chatops_server.storage.sql import servers as servers_sql
from chatops_server.storage.sql.api_keys import KeyRow
from chatops_server.storage.sql.enrolment import EnrollTokenRow
from chatops_server.storage.sql.events import NewEvent
from chatops_server.storage.sql.servers import ServerRow
from chatops_wire import enrolment_line, keys
from chatops_wire.codes import ErrorCode
from chatops_wire.rest_enrolment import (
    Enroll,
    Enrolled,
    EnrollTokenCreate,
    EnrollTokenCreated,
    EnrollTokenView,
)
from chatops_wire.times import format_ms

Position = tuple[int, str]
"""Where in a list of tokens: when the last one had was made, and its id."""

_MAX_NAME: Final = 128
# Names with numbers behind them that are tried: more than the machines of one name a token can make.
_MAX_NUMBER: Final = 10_000
_UNNAMED: Final = "server"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What enrolment works with."""

    storage: Storage
    ledger: Ledger
    fleet: Fleet
    sessions: AgentSessions
    directory: UserDirectory


@dataclass(frozen=True, slots=True)
class _Came:
    """What became of a machine."""

    server: ServerRow
    before: str | None
    """The key it was given before; None for a new server."""


class Enrolment:
    """Tokens, and the machines that come with them."""

    def __init__(
        self, given: Surroundings, guard: LoginGuard, now_ms: Callable[[], int], pin: str = ""
    ) -> None:
        """Take what it works with.

        Args:
            given: The hub's parts.
            guard: Lets only so many wrong tokens through from one address.
            now_ms: Unix ms.
            pin: Of the hub's own certificate; machines are given it with the token.
        """
        self._given = given
        self._guard = guard
        self._now_ms = now_ms
        self._pin = pin

    async def listed(
        self, principal: Principal, after: Position, limit: int
    ) -> tuple[list[EnrollTokenView], Position | None]:
        """Return the user's tokens, an admin's all, oldest first, and the next cursor."""
        is_admin = allows(principal.role, HubAction.ADMINISTER)
        rows = await self._given.storage.read(
            _with_servers(principal.user_id, is_admin=is_admin, after=after, limit=limit + 1)
        )
        shown = rows[:limit]
        following = (shown[-1][0].created_ms, shown[-1][0].id) if len(rows) > limit else None
        return [self._view(row, servers) for row, servers in shown], following

    async def create(
        self, body: EnrollTokenCreate, principal: Principal, caller: Caller
    ) -> EnrollTokenCreated:
        """Make a token; the only time its text is known.

        Raises:
            InvalidRequestError: Its keys are to be followed by others, and have no end.
        """
        if body.key_auto_rotate and body.key_expires_in_s is None:
            raise InvalidRequestError(
                "key_auto_rotate: only keys with key_expires_in_s are followed by others"
            )
        now_ms = self._now_ms()
        key = keys.make(token_bytes(keys.ID_BYTES + keys.SECRET_BYTES), keys.ENROL_PREFIX)
        lifetime_ms = None if body.key_expires_in_s is None else body.key_expires_in_s * 1000
        row = EnrollTokenRow(
            id=key.id,
            owner_id=principal.user_id,
            name=body.name,
            tags=tuple(dict.fromkeys(body.tags)),
            secret_hash=secret_hash(key.secret),
            prefix=key.prefix,
            created_ms=now_ms,
            expires_ms=now_ms + body.expires_in_s * 1000,
            revoked_ms=None,
            max_uses=body.max_uses,
            uses=0,
            key_lifetime_ms=lifetime_ms,
            key_auto_rotate=body.key_auto_rotate,
        )
        await self._given.ledger.commit(enrolment_sql.add_enroll_token(row), _deed("create", row, caller))
        line = enrolment_line.joined(key.text, self._pin)
        return EnrollTokenCreated(**structs.asdict(self._view(row, ())), token=key.text, line=line)

    async def revoke(self, token_id: str, principal: Principal, caller: Caller) -> None:
        """End a token; one that is revoked already is no error.

        Raises:
            NotFoundError: Unknown, or another user's and the caller is no admin.
        """
        row = await self._given.storage.read(enrolment_sql.enroll_token(token_id))
        is_admin = allows(principal.role, HubAction.ADMINISTER)
        if row is None or not (is_admin or row.owner_id == principal.user_id):
            raise NotFoundError("no such enrolment token")
        if row.revoked_ms is None:
            change = enrolment_sql.revoke_enroll_token(token_id, self._now_ms())
            await self._given.ledger.commit(change, _deed("revoke", row, caller))

    async def enroll(self, body: Enroll, caller: Caller) -> Enrolled:
        """Make a machine a server, or the same one again, with a new key for its agent.

        Raises:
            TokenError: The token is unknown, wrong, revoked, over or used up, or its maker may add none.
            ConflictError: The name that was asked for is taken.
            TooManyRequestsError: Too many wrong tokens from this address within a minute.
        """
        async with self._guard.attempt("", caller.address) as attempt:
            try:
                return await self._enrolled(body, caller)
            except TokenError as exc:
                attempt.failed()
                await self._note_refusal(body, exc, caller)
                raise

    async def _enrolled(self, body: Enroll, caller: Caller) -> Enrolled:
        token = await self._checked(body.token)
        now_ms = self._now_ms()
        wanted = ServerRow(
            num=0,
            id=f"srv_{token_hex(8)}",
            name=body.name or "",
            tags=token.tags,
            owner_id=token.owner_id,
            created_ms=now_ms,
        )
        term = Term(token.key_lifetime_ms, auto_rotate=token.key_auto_rotate)
        key, key_row = new_key((0, ""), "enrolled", term, now_ms)
        change = _come(token, body, wanted, key_row)

        def deed(came: _Came) -> Deed:
            return _enroll_deed(token, came, caller)

        try:
            came = await self._given.ledger.commit(change, deed)
        except UniqueViolationError as exc:
            raise ConflictError("name: another server has this name") from exc
        if came.before is None:
            self._given.fleet.added(came.server)
        else:
            self._given.sessions.close_key(came.before)
        return Enrolled(server_id=came.server.id, name=came.server.name, api_key=key.text)

    async def _checked(self, text: str) -> EnrollTokenRow:
        key = keys.parse(text, keys.ENROL_PREFIX)
        if key is None:
            raise _refusal("this is no enrolment token, or it was mistyped")
        row = await self._given.storage.read(enrolment_sql.enroll_token(key.id))
        if row is None or not compare_digest(row.secret_hash, secret_hash(key.secret)):
            raise _refusal("unknown enrolment token")
        owner = self._given.directory.get(row.owner_id)
        if owner is None or not owner.active or not allows(owner.role, HubAction.ADD_SERVER):
            raise _refusal("whoever made this enrolment token may add no servers any more")
        return row

    async def _note_refusal(self, body: Enroll, error: TokenError, caller: Caller) -> None:
        key = keys.parse(body.token, keys.ENROL_PREFIX)
        data = {"reason": error.detail, "hostname": _name_of(body.hostname)}
        target = key.prefix if key else None
        await self._given.ledger.note(
            Deed("server.enroll", caller, target=target, result="refused", data=data)
        )

    def _view(self, row: EnrollTokenRow, servers: tuple[str, ...]) -> EnrollTokenView:
        is_over = self._now_ms() >= row.expires_ms or row.uses >= row.max_uses
        return EnrollTokenView(
            id=row.id,
            name=row.name,
            prefix=row.prefix,
            tags=row.tags,
            owner_id=row.owner_id,
            created_at=format_ms(row.created_ms),
            expires_at=format_ms(row.expires_ms),
            revoked_at=None if row.revoked_ms is None else format_ms(row.revoked_ms),
            max_uses=row.max_uses,
            uses=row.uses,
            active=row.revoked_ms is None and not is_over,
            server_ids=servers,
        )


def _with_servers(
    owner_id: str, *, is_admin: bool, after: Position, limit: int
) -> Script[list[tuple[EnrollTokenRow, tuple[str, ...]]]]:
    rows = yield from enrolment_sql.enroll_tokens(owner_id, is_admin=is_admin, after=after, limit=limit)
    servers = {}
    for row in rows:
        servers[row.id] = yield from enrolment_sql.servers_of(row.id)
    return [(row, servers[row.id]) for row in rows]


def _come(token: EnrollTokenRow, body: Enroll, wanted: ServerRow, key: KeyRow) -> Script[_Came]:
    now_ms = wanted.created_ms
    fresh = yield from enrolment_sql.enroll_token(token.id)
    if fresh is None or fresh.revoked_ms is not None:
        raise _refusal("this enrolment token was revoked")
    if fresh.expires_ms <= now_ms:
        raise _refusal("this enrolment token has expired")
    # A copy of the database does not tell what a machine has to say to be taken for itself.
    machine = sha256(body.machine.encode()).hexdigest()
    known = yield from enrolment_sql.enrolment(token.id, machine)
    if known is not None:
        yield from keys_sql.revoke_key(known.key_id, now_ms)
        server = yield from servers_sql.server(known.server_id)
    else:
        if not (yield from enrolment_sql.use_enroll_token(token.id, now_ms)):
            raise _refusal("this enrolment token was used as often as it may be")
        name = wanted.name or (yield from _free_name(_name_of(body.hostname)))
        yield from servers_sql.add_server(replace(wanted, name=name))
        server = yield from servers_sql.server(wanted.id)
    if server is None:
        raise NotFoundError("the server was removed meanwhile")
    yield from added_key(replace(key, server_num=server.num, server_id=server.id))
    yield from enrolment_sql.note_enrolment(token.id, machine, server.num, key.id, now_ms)
    return _Came(server, known.key_id if known else None)


def _free_name(stem: str) -> Script[str]:
    taken = yield from enrolment_sql.names_like(stem)
    numbered = (f"{stem}-{number}" for number in range(2, _MAX_NUMBER))
    return next((name for name in (stem, *numbered) if name not in taken), f"{stem}-{token_hex(4)}")


def _name_of(hostname: str) -> str:
    # What a machine calls itself is anybody's text.
    plain = "".join(letter for letter in hostname if letter.isprintable()).strip()
    return plain[: _MAX_NAME - 10].strip() or _UNNAMED


def _refusal(detail: str) -> TokenError:
    return TokenError(detail, ErrorCode.INVALID_KEY)


def _deed(verb: str, row: EnrollTokenRow, caller: Caller) -> Deed:
    data = {
        "name": row.name,
        "tags": list(row.tags),
        "max_uses": row.max_uses,
        "expires_at": format_ms(row.expires_ms),
    }
    return Deed(f"enroll_token.{verb}", caller, target=row.prefix, data=data)


def _enroll_deed(token: EnrollTokenRow, came: _Came, caller: Caller) -> Deed:
    server = came.server
    done = "enrolled" if came.before is None else "enrolled again"
    message = f"server {server.name} {done}"
    return Deed(
        "server.enroll",
        caller,
        target=server.name,
        server_id=server.id,
        data={"token": token.prefix, "again": came.before is not None},
        event=NewEvent("server", message, server_id=server.id, user_id=token.owner_id),
        user_id=token.owner_id,
    )
