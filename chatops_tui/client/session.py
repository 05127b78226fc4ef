"""Who is signed in at one hub: tokens, renewed ahead of time, and never the same refresh token twice."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import msgspec

from chatops_tui.client.errors import (
    HubFailedError,
    HubUnreachableError,
    InvalidCredentialsError,
    SignInNeededError,
    UnauthorizedError,
)
from chatops_tui.client.wire import Request, Wire
from chatops_wire.rest import Login, RefreshToken, Tokens

log = logging.getLogger(__name__)

# A token is renewed this long before it expires, or after four fifths of a shorter life: enough for a hub
# that is being restarted to come back in between.
RENEW_AHEAD_S: Final = 120.0
RENEW_AHEAD_SHARE: Final = 0.2


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """One session as it is kept; times are Unix seconds of this machine's clock."""

    url: str
    username: str
    access_token: str
    refresh_token: str
    renew_at_s: float
    """From here on the access token is to be replaced, though it may still be accepted."""
    expires_at_s: float


class Held(Protocol):
    """The kept sessions while nobody else may change them."""

    async def find(self, url: str, username: str = "") -> Remembered | None:
        """Return the session of this user, or with an empty name the one used last at this hub."""
        ...

    async def put(self, session: Remembered) -> None:
        """Keep a session in place of an older one of the same user at the same hub."""
        ...

    async def remove(self, session: Remembered) -> None:
        """Forget it, unless a newer one has taken its place."""
        ...


class SessionStore(Protocol):
    """Where sessions are kept, shared with other programs of this user."""

    async def find(self, url: str, username: str = "") -> Remembered | None:
        """Return the session of this user, or with an empty name the one used last at this hub."""
        ...

    def hold(self) -> AbstractAsyncContextManager[Held]:
        """Keep everybody else out; waits for whoever is in."""
        ...


class Session:
    """The tokens of one user at one hub.

    Any number of callers may ask for the token at once, and any number of programs may share the store:
    each refresh token is used once, by one of them. A renewal that has begun is carried to its end and kept,
    even if its caller was cancelled, because the old token is then dead.
    """

    def __init__(self, wire: Wire, store: SessionStore, now: Callable[[], float] = time.time) -> None:
        self._wire = wire
        self._store = store
        self._now = now
        self._current: Remembered | None = None
        self._renewal: asyncio.Task[Remembered] | None = None

    @property
    def url(self) -> str:
        """The hub's address."""
        return self._wire.url

    @property
    def username(self) -> str:
        """Who is signed in; empty when nobody is."""
        return self._current.username if self._current else ""

    @property
    def renew_in_s(self) -> float:
        """Seconds until the token should be replaced; 0 when it is due or nobody is signed in."""
        return max(0.0, self._current.renew_at_s - self._now()) if self._current else 0.0

    async def resume(self, username: str = "") -> bool:
        """Take up the remembered session, an empty name: the one last used here; False if there is none."""
        self._current = await self._store.find(self.url, username)
        return self._current is not None

    async def adopt(self, username: str, tokens: Tokens) -> None:
        """Use tokens that somebody else was given, and keep them in the store."""
        self._current = self._remembered(username, tokens)
        async with self._store.hold() as held:
            await held.put(self._current)

    def hand_over(self) -> Tokens:
        """Return the tokens for somebody who goes on in this session's place; nobody is signed in here then.

        Raises:
            SignInNeededError: There are none.
        """
        current, self._current = self._current, None
        if current is None:
            raise SignInNeededError
        return Tokens(
            access_token=current.access_token,
            refresh_token=current.refresh_token,
            expires_in=max(0, int(current.expires_at_s - self._now())),
        )

    async def login(self, username: str, password: str, otp: str = "") -> None:
        """Sign in and remember it; `otp` is a code of the second factor, or a recovery code.

        Raises:
            InvalidCredentialsError, TooManyRequestsError, HubUnreachableError, HubAnswerError.
            OtpNeededError: Sign in again, with a code.
        """
        body = Login(username=username, password=password, otp=otp or None)
        await self.adopt(username, await self._wire.call(Request("POST", "/auth/login", body), Tokens))

    async def logout(self) -> None:
        """End the session, here at once and then at the hub; raises HubUnreachableError if that fails."""
        await self.close()
        current, self._current = self._current, None
        if current is None:
            return
        async with self._store.hold() as held:
            # The one another program has renewed since is the same session.
            ended = await held.find(current.url, current.username) or current
            await held.remove(ended)
        body = RefreshToken(refresh_token=ended.refresh_token)
        await self._wire.exchange(Request("POST", "/auth/logout", body))

    async def token(self, *, rejected: str = "") -> str:
        """Return an access token that is good for a while.

        Args:
            rejected: One the hub has just refused; it will not be returned again.

        Raises:
            SignInNeededError: Nobody is signed in, or the hub ended the session.
            HubUnreachableError, HubAnswerError, HubFailedError: A new one was due and could not be had.
        """
        if self._current is None:
            raise SignInNeededError
        if not self._is_good(self._current, rejected):
            # No await since the look at _renewal: callers that come together share one task.
            if self._renewal is None or self._renewal.done():
                self._renewal = asyncio.create_task(self._renew(rejected), name="session-renewal")
            return await self._renewed(self._renewal, rejected)
        return self._current.access_token

    async def close(self) -> None:
        """Let a renewal that has begun reach its end, which is bounded by the calls' own deadlines."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal])
            if not self._renewal.cancelled():
                # Whoever waited for it has been told; nobody may have waited.
                self._renewal.exception()

    async def _renewed(self, renewal: "asyncio.Task[Remembered]", rejected: str) -> str:
        try:
            return (await asyncio.shield(renewal)).access_token
        except (HubUnreachableError, HubFailedError):
            current = self._current
            if current and current.access_token != rejected and self._now() < current.expires_at_s:
                return current.access_token
            raise

    async def _renew(self, rejected: str) -> Remembered:
        current = self._current
        if current is None:
            raise SignInNeededError
        renewed = await self._renewed_by_someone(current, rejected)
        if self._current is current:  # and nobody has signed in or out meanwhile
            self._current = renewed
        return renewed

    async def _renewed_by_someone(self, current: Remembered, rejected: str) -> Remembered:
        async with self._store.hold() as held:
            # Another program may have renewed it meanwhile; our refresh token is then a dead one.
            known = await held.find(current.url, current.username) or current
            if known != current and self._is_good(known, rejected):
                return known
            try:
                body = RefreshToken(refresh_token=known.refresh_token)
                tokens = await self._wire.call(Request("POST", "/auth/refresh", body), Tokens)
            except (UnauthorizedError, InvalidCredentialsError) as exc:
                await held.remove(known)
                raise SignInNeededError("the session has ended, sign in again") from exc
            renewed = self._remembered(known.username, tokens)
            await held.put(renewed)
        log.debug("session renewed")
        return renewed

    def _is_good(self, session: Remembered, rejected: str) -> bool:
        return session.access_token != rejected and self._now() < session.renew_at_s

    def _remembered(self, username: str, tokens: Tokens) -> Remembered:
        life_s = max(0.0, float(tokens.expires_in))
        now = self._now()
        return Remembered(
            url=self.url,
            username=username,
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            renew_at_s=now + life_s - min(RENEW_AHEAD_S, life_s * RENEW_AHEAD_SHARE),
            expires_at_s=now + life_s,
        )
