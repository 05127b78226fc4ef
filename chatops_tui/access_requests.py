"""What screens ask about users, keys and grants, without knowing how the hub is reached."""

from typing import Protocol

from chatops_tui.requests import RequestFailedError
from chatops_wire.rest import (
    ApiKeyView,
    GrantRole,
    GrantView,
    UserCreate,
    UserDetail,
    UserPatch,
)


class Access(Protocol):
    """Who and what is let in. Every coroutine raises RequestFailedError; cancelling is safe."""

    async def users(self) -> tuple[UserDetail, ...]:
        """Return every user; for admins."""
        ...

    async def add_user(self, wanted: UserCreate) -> None:
        """Add a user."""
        ...

    async def change_user(self, user_id: str, patch: UserPatch) -> None:
        """Change a user."""
        ...

    async def remove_user(self, user_id: str) -> None:
        """Remove a user."""
        ...

    async def keys(self) -> tuple[ApiKeyView, ...]:
        """Return the keys of the servers one may manage."""
        ...

    async def rotate_key(self, key_id: str) -> None:
        """Have a key's agent given the next one."""
        ...

    async def revoke_key(self, key_id: str) -> None:
        """End a key."""
        ...

    async def grants(self) -> tuple[GrantView, ...]:
        """Return who else may see or operate the servers one may manage."""
        ...

    async def grant(self, server_id: str, user: str, role: GrantRole) -> None:
        """Let a user, by name or id, see or operate a server."""
        ...

    async def take_grant(self, server_id: str, user_id: str) -> None:
        """Take a user's right on a server away."""
        ...


class NoAccess:
    """Where there is no hub to ask."""

    def __getattr__(self, name: str) -> object:
        """Refuse whatever is asked."""
        raise RequestFailedError("Not connected to the hub.")
