"""Users, keys and grants between hub and screens: asked for as they are looked at, never kept."""

from chatops_tui.audit_link import Desk
from chatops_tui.store.store import Store
from chatops_wire.rest import (
    ApiKeyView,
    GrantRole,
    GrantView,
    UserCreate,
    UserDetail,
    UserPatch,
)


class AccessLink:
    """`access_requests.Access`."""

    def __init__(self, desk: Desk, store: Store) -> None:
        """Ask nothing yet."""
        self._desk = desk
        self._store = store

    async def users(self) -> tuple[UserDetail, ...]:
        """Return every user; for admins."""
        return await self._desk.ask(self._desk.rest.access.users())

    async def add_user(self, wanted: UserCreate) -> None:
        """Add a user."""
        await self._desk.ask(self._desk.rest.access.add_user(wanted))

    async def change_user(self, user_id: str, patch: UserPatch) -> None:
        """Change a user."""
        await self._desk.ask(self._desk.rest.access.patch_user(user_id, patch))

    async def remove_user(self, user_id: str) -> None:
        """Remove a user."""
        await self._desk.ask(self._desk.rest.access.remove_user(user_id))

    async def keys(self) -> tuple[ApiKeyView, ...]:
        """Return the keys of the servers one may manage."""
        return await self._desk.ask(self._desk.rest.access.keys())

    async def rotate_key(self, key_id: str) -> None:
        """Have a key's agent given the next one."""
        await self._desk.ask(self._desk.rest.access.rotate_key(key_id))

    async def revoke_key(self, key_id: str) -> None:
        """End a key."""
        await self._desk.ask(self._desk.rest.access.revoke_key(key_id))

    async def grants(self) -> tuple[GrantView, ...]:
        """Return who else may see or operate the servers one may manage.

        The hub tells them server by server; a server it does not tell of is one that others manage.
        """
        found: list[GrantView] = []
        for row in self._store.rows():
            if row.view.role == "admin":
                found += await self._desk.ask(self._desk.rest.access.grants(row.id))
        return tuple(found)

    async def grant(self, server_id: str, user: str, role: GrantRole) -> None:
        """Let a user, by name or id, see or operate a server."""
        await self._desk.ask(self._desk.rest.access.grant(server_id, user, role))

    async def take_grant(self, server_id: str, user_id: str) -> None:
        """Take a user's right on a server away."""
        await self._desk.ask(self._desk.rest.access.take_grant(server_id, user_id))
