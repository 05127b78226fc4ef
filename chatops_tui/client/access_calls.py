"""The hub's REST interface about who and what is let in: keys, enrolment, users, grants, sessions."""

from chatops_tui.client.calls import Calls, given, item_path
from chatops_tui.client.wire import Request
from chatops_wire.rest import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyView,
    GrantBody,
    GrantRole,
    GrantView,
    LoginSessionView,
    Page,
    UserCreate,
    UserDetail,
    UserPatch,
)
from chatops_wire.rest_enrolment import EnrollTokenCreate, EnrollTokenCreated, EnrollTokenView
from chatops_wire.rest_retention import RetentionPatch, RetentionView
from chatops_wire.rest_ssh_keys import SshKeyCreate, SshKeyView


class AccessCalls:
    """Part of `http.Rest`; what it raises is said there."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def keys(self, server_id: str = "") -> tuple[ApiKeyView, ...]:
        """Return the keys of one server, or of all the user may manage."""
        return await self._calls.every("/api-keys", Page[ApiKeyView], given(server_id=server_id))

    async def make_key(self, wanted: ApiKeyCreate) -> ApiKeyCreated:
        """Make a key for a server's agent; its text is told this once."""
        return await self._calls.call(Request("POST", "/api-keys", wanted), ApiKeyCreated)

    async def rotate_key(self, key_id: str) -> ApiKeyView:
        """Have a key's agent given the next one; return the key that it follows."""
        return await self._calls.call(Request("POST", f"{item_path('api-keys', key_id)}/rotate"), ApiKeyView)

    async def revoke_key(self, key_id: str) -> None:
        """End a key and the connection that came with it."""
        await self._calls.exchange(Request("DELETE", item_path("api-keys", key_id)))

    async def enroll_tokens(self) -> tuple[EnrollTokenView, ...]:
        """Return the user's enrolment tokens, an admin's all."""
        return await self._calls.every("/enroll-tokens", Page[EnrollTokenView])

    async def make_enroll_token(self, wanted: EnrollTokenCreate) -> EnrollTokenCreated:
        """Make an enrolment token; its text is told this once."""
        return await self._calls.call(Request("POST", "/enroll-tokens", wanted), EnrollTokenCreated)

    async def revoke_enroll_token(self, token_id: str) -> None:
        """End an enrolment token."""
        await self._calls.exchange(Request("DELETE", item_path("enroll-tokens", token_id)))

    async def users(self) -> tuple[UserDetail, ...]:
        """Return every user; admins only."""
        return await self._calls.every("/users", Page[UserDetail])

    async def add_user(self, wanted: UserCreate) -> UserDetail:
        """Add a user."""
        return await self._calls.call(Request("POST", "/users", wanted), UserDetail)

    async def patch_user(self, user_id: str, patch: UserPatch) -> UserDetail:
        """Change a user and return them as they now are."""
        return await self._calls.call(Request("PATCH", item_path("users", user_id), patch), UserDetail)

    async def remove_user(self, user_id: str) -> None:
        """Remove a user."""
        await self._calls.exchange(Request("DELETE", item_path("users", user_id)))

    async def end_sessions_of(self, user_id: str) -> None:
        """End every session of a user."""
        await self._calls.exchange(Request("DELETE", f"{item_path('users', user_id)}/sessions"))

    async def remove_totp_of(self, user_id: str) -> None:
        """Remove a user's second factor."""
        await self._calls.exchange(Request("DELETE", f"{item_path('users', user_id)}/totp"))

    async def grants(self, server_id: str) -> tuple[GrantView, ...]:
        """Return who else may see or operate a server."""
        return await self._calls.every(f"{item_path('servers', server_id)}/grants", Page[GrantView])

    async def grant(self, server_id: str, user: str, role: GrantRole) -> GrantView:
        """Let a user, by name or id, see or operate a server."""
        path = f"{item_path('servers', server_id)}{item_path('grants', user)}"
        return await self._calls.call(Request("PUT", path, GrantBody(role=role)), GrantView)

    async def take_grant(self, server_id: str, user: str) -> None:
        """Take a user's right on a server away."""
        await self._calls.exchange(
            Request("DELETE", f"{item_path('servers', server_id)}{item_path('grants', user)}")
        )

    async def retention(self) -> RetentionView:
        """Return how long things are kept; admins only."""
        return await self._calls.call(Request("GET", "/settings/retention"), RetentionView)

    async def set_retention(self, patch: RetentionPatch) -> RetentionView:
        """Set how long things are kept; return what then holds."""
        return await self._calls.call(Request("PUT", "/settings/retention", patch), RetentionView)

    async def sessions(self) -> tuple[LoginSessionView, ...]:
        """Return the user's own logins, the last used first."""
        return (await self._calls.call(Request("GET", "/auth/sessions"), Page[LoginSessionView])).items

    async def end_session(self, session_id: str) -> None:
        """End one of the user's own logins."""
        await self._calls.exchange(Request("DELETE", item_path("auth/sessions", session_id)))

    async def ssh_keys(self) -> tuple[SshKeyView, ...]:
        """Return one's own keys for the UI over ssh, oldest first."""
        return (await self._calls.call(Request("GET", "/auth/ssh-keys"), Page[SshKeyView])).items

    async def add_ssh_key(self, body: SshKeyCreate) -> SshKeyView:
        """Let the holder of a key in as oneself."""
        return await self._calls.call(Request("POST", "/auth/ssh-keys", body), SshKeyView)

    async def remove_ssh_key(self, key_id: str) -> None:
        """Take one of one's own keys back."""
        await self._calls.exchange(Request("DELETE", item_path("auth/ssh-keys", key_id)))
