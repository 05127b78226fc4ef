"""What a user sees of their logins, and ending one at once, access tokens included."""

from collections.abc import Callable
from typing import Final

from chatops_server.domain.permissions import Principal
from chatops_server.errors import NotFoundError
from chatops_server.services.access import Caller
from chatops_server.services.access_tokens import ACCESS_TOKEN_S
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.login_sessions import (
    LoginSessionRow,
    end_login_session,
    end_login_sessions,
    ended_login_sessions,
    open_login_sessions,
)
from chatops_wire.rest import LoginSessionView
from chatops_wire.times import format_ms

_ACCESS_TOKEN_MS: Final = ACCESS_TOKEN_S * 1000


class EndedSessions:
    """Sessions whose access tokens have not all expired yet though they are over.

    Bounded by how many logins there can be in half an hour.
    """

    def __init__(self) -> None:
        self._forget_ms: dict[str, int] = {}

    def __contains__(self, session_id: str) -> bool:
        return session_id in self._forget_ms

    def __len__(self) -> int:
        return len(self._forget_ms)

    def add(self, session_id: str, ended_ms: int) -> None:
        """Refuse the session's access tokens from now on, until the last one would have expired."""
        self._forget_ms[session_id] = ended_ms + _ACCESS_TOKEN_MS
        over = [each for each, forget_ms in self._forget_ms.items() if forget_ms < ended_ms]
        for each in over:
            del self._forget_ms[each]


class LoginSessions:
    """Sessions to list and to end."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        directory: UserDirectory,
        ended: EndedSessions,
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._directory = directory
        self._ended = ended
        self._now_ms = now_ms

    async def load(self) -> None:
        """Know what was ended before this start; before anybody is let in.

        Raises:
            StorageError: The database does not answer.
        """
        since_ms = self._now_ms() - _ACCESS_TOKEN_MS
        for session_id, ended_ms in await self._storage.read(ended_login_sessions(since_ms)):
            self._ended.add(session_id, ended_ms)

    async def listed(self, principal: Principal) -> list[LoginSessionView]:
        """Return the user's own sessions, the last used first."""
        rows = await self._storage.read(open_login_sessions(principal.user_id, self._now_ms()))
        return [_view(row, principal.session_id) for row in rows]

    async def end(self, session_id: str, caller: Caller, principal: Principal) -> None:
        """End one of the user's own sessions: its tokens are refused from now on, its sockets closed.

        Raises:
            NotFoundError: It is none of theirs, or over.
        """
        rows = await self._storage.read(open_login_sessions(principal.user_id, self._now_ms()))
        if all(row.id != session_id for row in rows):
            raise NotFoundError("no such session")
        now_ms = self._now_ms()
        deed = Deed("session.end", caller, target=principal.username)
        await self._ledger.commit(end_login_session(session_id, now_ms), deed)
        self._ended.add(session_id, now_ms)

    async def end_all(self, user_id: str, caller: Caller) -> None:
        """End every session of a user.

        Raises:
            NotFoundError: No such user.
        """
        user = self._directory.get(user_id)
        if user is None:
            raise NotFoundError("no such user")
        now_ms = self._now_ms()
        deed = Deed("session.end_all", caller, target=user.username)
        for session_id in await self._ledger.commit(end_login_sessions(user_id, now_ms), deed):
            self._ended.add(session_id, now_ms)


def _view(row: LoginSessionRow, current: str) -> LoginSessionView:
    return LoginSessionView(
        id=row.id,
        created_at=format_ms(row.begun_ms),
        last_used_at=format_ms(row.used_ms),
        expires_at=format_ms(row.ends_ms),
        address=row.address,
        program=row.program,
        current=row.id == current,
    )
