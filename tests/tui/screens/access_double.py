"""Users, keys, grants, one's own access and retention of the hub double."""

import msgspec
from aiohttp import web

from chatops_wire.rest import (
    ApiKeyView,
    GrantView,
    LoginSessionView,
    Page,
    UserCreate,
    UserDetail,
    UserPatch,
)
from chatops_wire.rest_retention import RetentionPatch, RetentionTerms, RetentionView
from chatops_wire.rest_ssh_keys import SshKeyCreate, SshKeyView
from tests.tui.screens.json_answers import answer, read

SINCE = "2026-01-31T12:00:00.000Z"
FLAGS = {
    "raw_days": 7,
    "minutes_days": 30,
    "ten_minutes_days": 180,
    "hours_days": 730,
    "commands_days": 90,
    "output_mb": 1024,
    "events_days": 90,
}


class AccessDouble:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.users = {
            "u1": UserDetail(id="u1", username="admin", role="admin", active=True, created_at=SINCE),
            "u2": UserDetail(id="u2", username="eve", role="viewer", active=True, created_at=SINCE),
        }
        self.revoked: list[str] = []
        self.rotated: list[str] = []
        self.granted: list[tuple[str, str]] = []
        self.ssh_keys: dict[str, SshKeyView] = {}
        self.ended: list[str] = []
        self.terms: dict[str, int] = {}

    def routes(self) -> list[web.RouteDef]:
        prefix = "/api/v1"
        return [
            web.get(f"{prefix}/users", self._users),
            web.post(f"{prefix}/users", self._add),
            web.patch(f"{prefix}/users/{{who}}", self._patch),
            web.delete(f"{prefix}/users/{{who}}", self._remove),
            web.get(f"{prefix}/api-keys", self._keys),
            web.delete(f"{prefix}/api-keys/{{key}}", self._revoke),
            web.post(f"{prefix}/api-keys/{{key}}/rotate", self._rotate),
            web.get(f"{prefix}/servers/{{id}}/grants", self._grants),
            web.get(f"{prefix}/auth/sessions", self._sessions),
            web.delete(f"{prefix}/auth/sessions/{{session}}", self._end),
            web.get(f"{prefix}/auth/ssh-keys", self._ssh_keys),
            web.post(f"{prefix}/auth/ssh-keys", self._add_ssh_key),
            web.delete(f"{prefix}/auth/ssh-keys/{{key}}", self._remove_ssh_key),
            web.get(f"{prefix}/settings/retention", self._retention),
            web.put(f"{prefix}/settings/retention", self._set_retention),
            web.put(f"{prefix}/servers/{{id}}/grants/{{user}}", self._grant),
        ]

    async def _users(self, _request: web.Request) -> web.Response:
        return answer(Page(items=tuple(self.users.values())))

    async def _add(self, request: web.Request) -> web.Response:
        wanted = await read(request, UserCreate)
        made = UserDetail(
            id=f"u-{wanted.username}",
            username=wanted.username,
            role=wanted.role,
            active=True,
            created_at=SINCE,
        )
        self.users[made.id] = made
        return answer(made, 201)

    async def _patch(self, request: web.Request) -> web.Response:
        patch, user = await read(request, UserPatch), self.users[request.match_info["who"]]
        changed = {
            name: value
            for name in ("username", "role", "active")
            if (value := getattr(patch, name)) is not msgspec.UNSET
        }
        self.users[user.id] = msgspec.structs.replace(user, **changed)
        return answer(self.users[user.id])

    async def _remove(self, request: web.Request) -> web.Response:
        del self.users[request.match_info["who"]]
        return web.Response(status=204)

    async def _keys(self, _request: web.Request) -> web.Response:
        keys = [
            ApiKeyView(
                id=f"k-{server}",
                server_id=f"id-{server}",
                name="agent",
                prefix=f"chops_{server}",
                created_at=SINCE,
                last_used_at=SINCE,
                active=f"k-{server}" not in self.revoked,
            )
            for server in ("db-01", "web-01")
        ]
        return answer(Page(items=tuple(keys)))

    async def _revoke(self, request: web.Request) -> web.Response:
        self.revoked.append(request.match_info["key"])
        return web.Response(status=204)

    async def _rotate(self, request: web.Request) -> web.Response:
        self.rotated.append(request.match_info["key"])
        view = ApiKeyView(
            id=self.rotated[-1],
            server_id="id-db-01",
            name="agent",
            prefix="chops_db-01",
            created_at=SINCE,
            last_used_at=SINCE,
            active=True,
        )
        return answer(view)

    async def _sessions(self, _request: web.Request) -> web.Response:
        sessions = [
            LoginSessionView(
                id=name,
                created_at=SINCE,
                last_used_at=SINCE,
                expires_at=SINCE,
                address=address,
                program="chatops/1.0",
                current=name == "s-here",
            )
            for name, address in (("s-here", "10.0.0.7"), ("s-away", "192.0.2.9"))
            if name not in self.ended
        ]
        return answer(Page(items=tuple(sessions)))

    async def _end(self, request: web.Request) -> web.Response:
        self.ended.append(request.match_info["session"])
        return web.Response(status=204)

    async def _ssh_keys(self, _request: web.Request) -> web.Response:
        return answer(Page(items=tuple(self.ssh_keys.values())))

    async def _add_ssh_key(self, request: web.Request) -> web.Response:
        wanted = await read(request, SshKeyCreate)
        view = SshKeyView(
            id=f"ssh-{len(self.ssh_keys)}",
            name=wanted.name,
            public_key=wanted.public_key,
            fingerprint="SHA256:abcdef",
            created_at=SINCE,
            last_used_at=None,
        )
        self.ssh_keys[view.id] = view
        return answer(view, 201)

    async def _remove_ssh_key(self, request: web.Request) -> web.Response:
        del self.ssh_keys[request.match_info["key"]]
        return web.Response(status=204)

    async def _retention(self, _request: web.Request) -> web.Response:
        return answer(self._terms())

    async def _set_retention(self, request: web.Request) -> web.Response:
        for name, value in (await read(request, RetentionPatch)).changes().items():
            if value is None:
                self.terms.pop(name, None)
            else:
                self.terms[name] = value
        return answer(self._terms())

    def _terms(self) -> RetentionView:
        return RetentionView(**{**FLAGS, **self.terms}, flags=RetentionTerms(**FLAGS), set=tuple(self.terms))

    async def _grants(self, request: web.Request) -> web.Response:
        server_id = request.match_info["id"]
        found = [self._view(*one) for one in self.granted if one[0] == server_id]
        return answer(Page(items=tuple(found)))

    async def _grant(self, request: web.Request) -> web.Response:
        self.granted.append((request.match_info["id"], request.match_info["user"]))
        return answer(self._view(*self.granted[-1]))

    @staticmethod
    def _view(server_id: str, user: str) -> GrantView:
        return GrantView(server_id=server_id, user_id=user, username=user, role="viewer", created_at=SINCE)
