"""What screens ask about who is let in and what is kept, without knowing how the hub is reached."""

from typing import Protocol

from chatops_tui.requests import RequestFailedError
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

    async def make_key(self, wanted: ApiKeyCreate) -> ApiKeyCreated:
        """Make a key for a server's agent; its text is told this once."""
        ...

    async def enroll_tokens(self) -> tuple[EnrollTokenView, ...]:
        """Return one's enrolment tokens, an admin's all."""
        ...

    async def make_enroll_token(self, wanted: EnrollTokenCreate) -> EnrollTokenCreated:
        """Make an enrolment token; its text is told this once."""
        ...

    async def revoke_enroll_token(self, token_id: str) -> None:
        """End an enrolment token."""
        ...

    async def sessions(self) -> tuple[LoginSessionView, ...]:
        """Return one's own logins, the last used first."""
        ...

    async def end_session(self, session_id: str) -> None:
        """End one of one's own logins."""
        ...

    async def ssh_keys(self) -> tuple[SshKeyView, ...]:
        """Return one's own keys for the UI over ssh, oldest first."""
        ...

    async def add_ssh_key(self, wanted: SshKeyCreate) -> SshKeyView:
        """Let the holder of a key in as oneself."""
        ...

    async def remove_ssh_key(self, key_id: str) -> None:
        """Take one of one's own keys back."""
        ...

    async def retention(self) -> RetentionView:
        """Return how long things are kept; for admins."""
        ...

    async def set_retention(self, patch: RetentionPatch) -> RetentionView:
        """Set how long things are kept."""
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
