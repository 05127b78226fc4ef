"""What everybody does with their own account: log in, stay logged in, log out, change the password."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chatops_server.domain.permissions import Principal
from chatops_server.errors import CredentialsError, InvalidRequestError, TokenError
from chatops_server.services.access import Caller
from chatops_server.services.access_tokens import ACCESS_TOKEN_S, AccessTokens
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.login_guard import LoginGuard
from chatops_server.services.login_sessions import EndedSessions
from chatops_server.services.passwords import PasswordHasher
from chatops_server.services.refresh_tokens import (
    Refusal,
    end_session,
    first_of_family,
    holder,
    new_token,
    rotate,
    token_id,
)
from chatops_server.services.second_factor import SecondStep
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import users as users_sql
from chatops_server.storage.sql.events import NewEvent
from chatops_server.storage.sql.login_sessions import (
    LoginSessionRow,
    begin_login_session,
    end_login_session,
)
from chatops_server.storage.sql.users import RefreshRow, UserRow
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import Login, PasswordChange, Tokens

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What checks who somebody is."""

    tokens: AccessTokens
    hasher: PasswordHasher
    guard: LoginGuard
    second: SecondStep
    ended: EndedSessions = field(default_factory=EndedSessions)


class Accounts:
    """Logins and tokens."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        directory: UserDirectory,
        credentials: Credentials,
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._directory = directory
        self._tokens = credentials.tokens
        self._hasher = credentials.hasher
        self._guard = credentials.guard
        self._ended = credentials.ended
        self._second = credentials.second
        self._now_ms = now_ms

    def authenticate(self, access_token: str) -> Principal:
        """Return who holds the token; from memory.

        Raises:
            TokenError: Not valid, expired, or its user was since changed, disabled or removed.
        """
        claims = self._tokens.verify(access_token)
        user = self._directory.get(claims.user_id)
        if user is None or not user.active or user.token_version != claims.token_version:
            raise TokenError("the access token is no longer valid")
        if claims.session_id in self._ended:
            raise TokenError("the session has ended")
        return Principal(
            user.id, user.username, user.role, claims.expires_ms, user.token_version, claims.session_id
        )

    def is_current(self, principal: Principal, now_ms: int) -> bool:
        """Return whether the principal would still be let in: not expired, changed, disabled or removed."""
        user = self._directory.get(principal.user_id)
        return (
            user is not None
            and user.active
            and user.token_version == principal.token_version
            and principal.session_id not in self._ended
            and now_ms < principal.expires_ms
        )

    async def login(self, body: Login, address: str | None, program: str = "") -> Tokens:
        """Return a first pair of tokens.

        Args:
            body: Name and password.
            address: Where the user is.
            program: What they use, in its own words.

        Raises:
            CredentialsError: Unknown user, wrong password or inactive account, told apart by nothing; or a
                wrong code.
            OtpRequiredError: The password is right, and a code is needed.
            TooManyRequestsError: See LoginGuard and PasswordHasher.
        """
        async with self._guard.attempt(body.username, address) as attempt:
            user = await self._checked(body.username, body.password)
            if user is None or not await self._second.passes(user.id, body.otp):
                attempt.failed()
                await self._note_failure(body.username, address)
                raise CredentialsError
        tokens, _ = await self._begin(user, address, program, "")
        return tokens

    async def login_by_key(self, user: UserRow, address: str | None) -> tuple[Tokens, str]:
        """Return a first pair of tokens, and the session's id, for somebody whose ssh key was checked."""
        return await self._begin(user, address, "ssh", " by ssh key")

    async def end_by_key(self, user: UserRow, session_id: str, address: str | None) -> None:
        """End the session that was begun by a key, access tokens included; one that is over is no error."""
        deed = Deed("logout", _as(user, address), target=user.username)
        now_ms = self._now_ms()
        await self._ledger.commit(end_login_session(session_id, now_ms), deed)
        self._ended.add(session_id, now_ms)

    async def refresh(self, refresh_token: str, address: str | None) -> Tokens:
        """Return the next pair; the token used for it is dead.

        Raises:
            TokenError: Unknown, expired, ended, or used before, which ends every token of its login.
        """
        successor = new_token()
        rotation = await self._storage.write(
            rotate(token_id(refresh_token), token_id(successor), self._now_ms(), address)
        )
        if rotation.refusal is Refusal.REUSED:
            self._ended.add(rotation.session_id, self._now_ms())
            await self._note_reuse(rotation.user, address)
            raise TokenError("this refresh token was used before", ErrorCode.TOKEN_REUSED)
        if rotation.refusal is Refusal.EXPIRED:
            raise TokenError("the session has expired", ErrorCode.TOKEN_EXPIRED)
        if rotation.user is None or rotation.refusal is not None:
            raise TokenError("the session has ended")
        return self._pair(rotation.user, successor, rotation.session_id)

    async def logout(self, refresh_token: str, address: str | None) -> None:
        """End the session the token belongs to, access tokens included; an unknown token is no error."""
        user = await self._storage.read(holder(refresh_token))
        if user is not None:
            deed = Deed("logout", _as(user, address), target=user.username)
            now_ms = self._now_ms()
            ended = await self._ledger.commit(end_session(refresh_token, now_ms), deed)
            if ended is not None:
                self._ended.add(ended, now_ms)

    async def change_password(self, principal: Principal, body: PasswordChange, address: str | None) -> None:
        """Set a new password; every token of the user dies, access tokens included.

        Raises:
            InvalidRequestError: The current password is wrong.
            TooManyRequestsError: As for a login: guesses count here too.
        """
        if not await self.knows_password(principal, body.current_password, address):
            raise InvalidRequestError("current_password: it is not the current password")
        hashed = await self._hasher.hash(body.new_password)
        caller = Caller(principal, address)
        deed = Deed("user.password", caller, target=principal.username)
        changed = await self._ledger.commit(replace_password(principal.user_id, hashed), deed)
        if changed is not None:
            self._directory.change(changed)

    async def knows_password(self, principal: Principal, password: str, address: str | None) -> bool:
        """Return whether it is the user's own password.

        Raises:
            TooManyRequestsError: As for a login: guesses count here too.
        """
        async with self._guard.attempt(principal.username, address) as attempt:
            known = await self._checked(principal.username, password) is not None
            if not known:
                attempt.failed()
        return known

    async def _begin(self, user: UserRow, address: str | None, program: str, how: str) -> tuple[Tokens, str]:
        text, now_ms = new_token(), self._now_ms()
        said = f"{user.username} logged in{how}"
        event = NewEvent("login", said, user_id=user.id, data={"address": address})
        deed = Deed("login", _as(user, address), target=user.username, event=event)
        token = first_of_family(text, user.id, now_ms)
        session = LoginSessionRow(
            token.family, user.id, now_ms, now_ms, token.family_ends_ms, address, _shown(program)
        )
        await self._ledger.commit(_begun(user, token, session), deed)
        return self._pair(user, text, session.id), session.id

    async def _checked(self, username: str, password: str) -> UserRow | None:
        user = self._directory.named(username)
        # Asked for unknown users too, so that the answer takes as long.
        stored = await self._storage.read(users_sql.password_hash(user.id if user else ""))
        matches = await self._hasher.verify(password, stored)
        return user if user is not None and matches and user.active else None

    def _pair(self, user: UserRow, refresh_token: str, session_id: str) -> Tokens:
        access = self._tokens.issue(user.id, user.token_version, session_id)
        return Tokens(access_token=access, refresh_token=refresh_token, expires_in=ACCESS_TOKEN_S)

    async def _note_failure(self, username: str, address: str | None) -> None:
        shown = _shown(username, 64)
        user = self._directory.named(username)
        event = NewEvent(
            "login",
            f"login as {shown} failed",
            user_id=user.id if user else None,
            data={"address": address, "failed": True},
        )
        deed = Deed("login", Caller(None, address), target=shown, result="failed", event=event)
        await self._ledger.note(deed)

    async def _note_reuse(self, user: UserRow | None, address: str | None) -> None:
        log.warning("refresh token used twice", extra={"user_id": user.id if user else None})
        event = NewEvent(
            "login",
            "a session was ended: its refresh token was used twice",
            user_id=user.id if user else None,
            data={"address": address, "failed": True},
        )
        deed = Deed(
            "session.reuse",
            Caller(None, address),
            target=user.username if user else None,
            result="refused",
            event=event,
        )
        await self._ledger.note(deed)


def replace_password(user_id: str, hashed: str) -> Script[UserRow | None]:
    """Store a password hash and end every token; return the user as they then are, None if gone."""
    user = yield from users_sql.user(user_id)
    if user is None:
        return None
    changed = replace(user, token_version=user.token_version + 1)
    yield from users_sql.set_password(user_id, hashed)
    yield from users_sql.change_user(changed)
    yield from users_sql.end_sessions(user_id)
    return changed


def _shown(text: str, at_most: int = 200) -> str:
    """Return what a stranger said, fit for a list."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:at_most])


def _begun(checked: UserRow, token: RefreshRow, session: LoginSessionRow) -> Script[None]:
    # A password that was changed after it had been checked must not open one more session.
    if (yield from users_sql.user(checked.id)) != checked:
        raise CredentialsError
    yield from users_sql.add_refresh_token(token)
    yield from begin_login_session(session)


def _as(user: UserRow, address: str | None) -> Caller:
    # A login has no token yet; the entry still names who it was.
    return Caller(Principal(user.id, user.username, user.role, 0, user.token_version), address)
