"""Users, keys and grants of the hub double."""

import msgspec
from aiohttp import web

from chatops_wire.rest import ApiKeyView, GrantView, Page, UserCreate, UserDetail, UserPatch
from tests.tui.screens.json_answers import answer, read

SINCE = "2026-01-31T12:00:00.000Z"


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
