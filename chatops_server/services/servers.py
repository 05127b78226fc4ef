"""Servers: added, shown, renamed and removed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from secrets import token_hex
from typing import Any, Final, Protocol

from msgspec import UNSET

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.narrowing import Narrowing
from chatops_server.errors import ConflictError, NoMetricsError, NotFoundError
from chatops_server.services.access import Caller, ServerAccess
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.narrowing import Narrowings, policy_view
from chatops_server.storage.base import Script, UniqueViolationError
from chatops_server.storage.sql import servers as servers_sql
from chatops_server.storage.sql.events import NewEvent
from chatops_server.storage.sql.servers import ServerRow
from chatops_wire.policy import PolicyView
from chatops_wire.rest import ServerCreate, ServerPatch, ServerView


class AgentSessions(Protocol):
    """The live connections of agents."""

    def close_server(self, server_id: str) -> None:
        """Cut off the agent of a deleted server: error frame, close 4401."""

    def close_key(self, key_id: str) -> None:
        """Cut off the agent that came with a revoked key: error frame, close 4401."""


_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class _Change:
    patch: ServerPatch
    narrowing: Narrowing | None

    @property
    def told(self) -> Mapping[str, Any]:
        """What the audit log says of it."""
        if self.patch.policy is UNSET:
            return _NOTHING
        return {"allowed": None if self.narrowing is None else list(self.narrowing.allowed)}


class Servers:
    """The servers; lists and single ones come from memory."""

    def __init__(
        self,
        ledger: Ledger,
        fleet: Fleet,
        sessions: AgentSessions,
        narrowings: Narrowings,
        now_ms: Callable[[], int],
    ) -> None:
        self._narrowings = narrowings
        self._ledger = ledger
        self._fleet = fleet
        self._sessions = sessions
        self._now_ms = now_ms

    def listed(self, caller: Caller, after: int, limit: int) -> tuple[list[ServerView], int | None]:
        """Return the servers the user sees, oldest first, from the one after number `after` on.

        The second part is the cursor of those that follow.
        """
        if caller.principal is None:
            return [], None
        seen = (pair for pair in self._fleet.visible(caller.principal) if pair[0].num > after)
        found = list(islice(seen, limit + 1))
        shown = found[:limit]
        views = [self._fleet.view(state, role, self._fleet.recent(state)) for state, role in shown]
        return views, shown[-1][0].num if len(found) > limit else None

    def view(self, access: ServerAccess) -> ServerView:
        """Return one server."""
        return self._fleet.view(access.state, access.role, self._fleet.recent(access.state))

    def latest(self, access: ServerAccess) -> bytes:
        """Return the JSON of the latest sample, whole.

        Raises:
            NoMetricsError: There was none yet.
        """
        body = self._fleet.latest_whole(access.state.id)
        if body is None:
            raise NoMetricsError("this server has not sent a sample yet")
        return body

    async def create(self, body: ServerCreate, caller: Caller) -> ServerView:
        """Add a server that belongs to the caller.

        Raises:
            ConflictError: The name is taken.
        """
        row = ServerRow(
            num=0,
            id=f"srv_{token_hex(8)}",
            name=body.name,
            tags=_distinct(body.tags),
            owner_id=caller.user_id or "",
            created_ms=self._now_ms(),
        )
        added = await self._committed(_added(row), "server.create", row, caller)
        state = self._fleet.added(added)
        return self._fleet.view(state, "admin")

    async def change(self, access: ServerAccess, patch: ServerPatch, caller: Caller) -> ServerView:
        """Change name or tags, or narrow what is asked of it.

        Raises:
            ConflictError: The name is taken.
            NotFoundError: It was deleted in the meantime.
        """
        narrows = patch.policy is not UNSET
        change = _Change(
            patch, None if patch.policy is UNSET else self._narrowings.made(patch.policy, caller)
        )
        action = "server.narrow" if narrows else "server.update"
        changed = await self._committed(
            _changed(access.state.id, change), action, access.state, caller, change.told
        )
        self._fleet.changed(changed.id, name=changed.name, tags=changed.tags)
        if narrows:
            self._narrowings.told(changed.id, changed.narrowing)
        return self.view(access)

    def policy(self, access: ServerAccess) -> PolicyView:
        """Return what may be asked of a server, and who decided what."""
        return policy_view(access.state)

    async def remove(self, access: ServerAccess, caller: Caller) -> None:
        """Delete a server with keys, grants and history, and disconnect its agent.

        Raises:
            NotFoundError: It was deleted in the meantime.
        """
        await self._committed(_removed(access.state.id), "server.delete", access.state, caller)
        self._fleet.removed(access.state.id)
        self._sessions.close_server(access.state.id)

    async def _committed(
        self,
        change: Script[ServerRow],
        action: str,
        server: "_Named",
        caller: Caller,
        told: Mapping[str, Any] = _NOTHING,
    ) -> ServerRow:
        message = f"server {server.name} {_said(action, told)}"
        event = NewEvent("server", message, server_id=server.id, user_id=caller.user_id)
        deed = Deed(action, caller, target=server.name, server_id=server.id, data=told, event=event)
        try:
            return await self._ledger.commit(change, deed)
        except UniqueViolationError as exc:
            raise ConflictError("name: another server has this name") from exc


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


_DONE = {
    "server.create": "added",
    "server.update": "changed",
    "server.delete": "removed",
}


def _said(action: str, told: Mapping[str, Any]) -> str:
    if action != "server.narrow":
        return _DONE[action]
    if told["allowed"] is None:
        return "no longer narrowed"
    return f"narrowed to {', '.join(told['allowed']) or 'nothing but samples'}"


def _distinct(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


def _added(row: ServerRow) -> Script[ServerRow]:
    yield from servers_sql.add_server(row)
    return (yield from _found(row.id))


def _changed(server_id: str, change: _Change) -> Script[ServerRow]:
    row = yield from _found(server_id)
    patch = change.patch
    if patch.policy is not UNSET:
        yield from servers_sql.narrow_server(server_id, change.narrowing)
    name = row.name if patch.name is UNSET else patch.name
    tags = row.tags if patch.tags is UNSET else _distinct(patch.tags)
    yield from servers_sql.change_server(server_id, name, tags)
    return (yield from _found(server_id))


def _removed(server_id: str) -> Script[ServerRow]:
    row = yield from _found(server_id)
    yield from servers_sql.delete_server(server_id)
    return row


def _found(server_id: str) -> Script[ServerRow]:
    row = yield from servers_sql.server(server_id)
    if row is None:
        raise NotFoundError("no such server")
    return row
