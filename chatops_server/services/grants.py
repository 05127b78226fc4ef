"""Grants: an owner lets other users see or operate a server."""

from collections.abc import Callable

from chatops_server.broker.fleet import Fleet
from chatops_server.errors import NotFoundError
from chatops_server.services.access import Caller, ServerAccess
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import grants as grants_sql
from chatops_server.storage.sql.grants import GrantRow
from chatops_server.storage.sql.users import UserRow
from chatops_wire.rest import GrantRole, GrantView
from chatops_wire.times import format_ms


class Grants:
    """Gives rights on servers and takes them away. A user may be named by id or by user name."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        fleet: Fleet,
        directory: UserDirectory,
        now_ms: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._fleet = fleet
        self._directory = directory
        self._now_ms = now_ms

    async def listed(
        self, access: ServerAccess, after: str, limit: int
    ) -> tuple[list[GrantView], str | None]:
        """Return a server's grants by user id, from the one after `after` on, and the next cursor."""
        rows = await self._storage.read(grants_sql.grants_of(access.state.num, after, limit + 1))
        shown = rows[:limit]
        return [self._view(row) for row in shown], shown[-1].user_id if len(rows) > limit else None

    async def get(self, access: ServerAccess, user: str) -> GrantView:
        """Return one user's grant.

        Raises:
            NotFoundError: No such user, or no grant.
        """
        user_id = self._known(user).id
        row = await self._storage.read(grants_sql.grant(access.state.num, user_id))
        if row is None:
            raise NotFoundError("this user has no grant on the server")
        return self._view(row)

    async def put(self, access: ServerAccess, user: str, role: GrantRole, caller: Caller) -> GrantView:
        """Give a right, or change it.

        Raises:
            NotFoundError: No such user, or the server was deleted in the meantime.
        """
        known = self._known(user)
        deed = _deed("grant.put", access, known, caller, role)
        script = _put(access.state.num, known.id, role, self._now_ms())
        row = await self._ledger.commit(script, deed)
        self._fleet.set_grant(access.state.id, known.id, role)
        return self._view(row)

    async def drop(self, access: ServerAccess, user: str, caller: Caller) -> None:
        """Take a right away.

        Raises:
            NotFoundError: No such user, or no grant.
        """
        known = self._known(user)
        role = access.state.grants.get(known.id)
        deed = _deed("grant.delete", access, known, caller, role)
        await self._ledger.commit(_dropped(access.state.num, known.id), deed)
        self._fleet.drop_grant(access.state.id, known.id)

    def _known(self, user: str) -> UserRow:
        known = self._directory.get(user) or self._directory.named(user)
        if known is None:
            raise NotFoundError("no such user")
        return known

    def _view(self, row: GrantRow) -> GrantView:
        return GrantView(
            server_id=row.server_id,
            user_id=row.user_id,
            username=self._directory.name_of(row.user_id),
            role=row.role,
            created_at=format_ms(row.created_ms),
        )


def _deed(action: str, access: ServerAccess, user: UserRow, caller: Caller, role: GrantRole | None) -> Deed:
    told = {"server": access.state.name, "role": role}
    return Deed(action, caller, target=user.username, server_id=access.state.id, data=told)


def _put(server_num: int, user_id: str, role: GrantRole, now_ms: int) -> Script[GrantRow]:
    yield from grants_sql.put_grant(server_num, user_id, role, now_ms)
    row = yield from grants_sql.grant(server_num, user_id)
    if row is None:
        raise NotFoundError("no such server")
    return row


def _dropped(server_num: int, user_id: str) -> Script[None]:
    if not (yield from grants_sql.drop_grant(server_num, user_id)):
        raise NotFoundError("this user has no grant on the server")
