"""Who is let in and what is kept, between hub and screens: asked for as it is looked at, never kept."""

from chatops_tui.audit_link import Desk
from chatops_tui.store.store import Store
from chatops_wire.rest import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyView,
    GrantRole,
    GrantView,
    LoginSessionView,
    UserCreate,
    UserDetail,
    UserPatch,
)
from chatops_wire.rest_enrolment import EnrollTokenCreate, EnrollTokenCreated, EnrollTokenView
from chatops_wire.rest_retention import RetentionPatch, RetentionView
from chatops_wire.rest_ssh_keys import SshKeyCreate, SshKeyView


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

    async def make_key(self, wanted: ApiKeyCreate) -> ApiKeyCreated:
        """Make a key for a server's agent; its text is told this once."""
        return await self._desk.ask(self._desk.rest.access.make_key(wanted))

    async def enroll_tokens(self) -> tuple[EnrollTokenView, ...]:
        """Return one's enrolment tokens, an admin's all."""
        return await self._desk.ask(self._desk.rest.access.enroll_tokens())

    async def make_enroll_token(self, wanted: EnrollTokenCreate) -> EnrollTokenCreated:
        """Make an enrolment token; its text is told this once."""
        return await self._desk.ask(self._desk.rest.access.make_enroll_token(wanted))

    async def revoke_enroll_token(self, token_id: str) -> None:
        """End an enrolment token."""
        await self._desk.ask(self._desk.rest.access.revoke_enroll_token(token_id))

    async def sessions(self) -> tuple[LoginSessionView, ...]:
        """Return one's own logins, the last used first."""
        return await self._desk.ask(self._desk.rest.access.sessions())

    async def end_session(self, session_id: str) -> None:
        """End one of one's own logins."""
        await self._desk.ask(self._desk.rest.access.end_session(session_id))

    async def ssh_keys(self) -> tuple[SshKeyView, ...]:
        """Return one's own keys for the UI over ssh, oldest first."""
        return await self._desk.ask(self._desk.rest.access.ssh_keys())

    async def add_ssh_key(self, wanted: SshKeyCreate) -> SshKeyView:
        """Let the holder of a key in as oneself."""
        return await self._desk.ask(self._desk.rest.access.add_ssh_key(wanted))

    async def remove_ssh_key(self, key_id: str) -> None:
        """Take one of one's own keys back."""
        await self._desk.ask(self._desk.rest.access.remove_ssh_key(key_id))

    async def retention(self) -> RetentionView:
        """Return how long things are kept; for admins."""
        return await self._desk.ask(self._desk.rest.access.retention())

    async def set_retention(self, patch: RetentionPatch) -> RetentionView:
        """Set how long things are kept."""
        return await self._desk.ask(self._desk.rest.access.set_retention(patch))

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
