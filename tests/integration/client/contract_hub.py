"""A hub in miniature that keeps the contract's word on sessions and topics, for tests of the client."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSMsgType, web

from chatops_wire.codes import CloseCode

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

USER = {"id": "usr_1", "username": "ada", "role": "admin"}
PASSWORD = "correct horse"  # noqa: S105 - a test's


def server(server_id: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return a server as the contract shapes it."""
    return {
        "id": server_id,
        "name": f"name of {server_id}",
        "tags": ["prod"],
        "status": "never",
        "last_seen": None,
        "owner_id": "usr_1",
        "capabilities": [],
        "host": None,
        "latest": None,
    } | fields


def sample(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return the least a sample may hold."""
    return {
        "timestamp": "2026-01-31T12:00:00.000Z",
        "cpu": {"percent": 12.5},
        "memory": {"total": 100, "used": 40, "percent": 40.0},
    } | fields


def problem(status: int, code: str, detail: str = "", headers: dict[str, str] | None = None) -> web.Response:
    """Return problem+json."""
    body = {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code}
    return web.json_response(
        body, status=status, content_type="application/problem+json", headers=headers or {}
    )


class HubDouble:
    """Says what the contract says, remembers what it was asked, and misbehaves on request."""

    def __init__(self) -> None:
        self.expires_in = 1800
        self.servers = [server(f"srv_{number}") for number in range(5)]
        self.page = 2
        self.events: list[dict[str, Any]] = []
        self.access: set[str] = set()
        self.refresh: set[str] = set()
        self.refreshes = 0
        self.otp = ""
        """The code a login needs; empty: none."""
        self.logins = 0
        self.reused = 0
        self.refresh_gate = asyncio.Event()
        self.refresh_gate.set()
        self.sockets: list[web.WebSocketResponse] = []
        self.frames: list[dict[str, Any]] = []
        self.seen: list[tuple[str, str]] = []
        self.refuse_topics: set[str] = set()
        self.answer_pings = True
        self.override: Handler | None = None
        self.accept_tokens = True
        self.refuse_keys = False
        self._numbers = itertools.count(1)

    def app(self) -> web.Application:
        """Return the application, to be served once."""

        @web.middleware
        async def overridden(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.seen.append((request.method, request.path_qs))
            return await (self.override or handler)(request)

        app = web.Application(middlewares=[overridden])
        routes = app.router
        routes.add_post("/api/v1/auth/login", self._login)
        routes.add_post("/api/v1/auth/refresh", self._refresh)
        routes.add_post("/api/v1/auth/logout", self._logout)
        routes.add_get("/api/v1/auth/me", self._signed_in(self._me))
        routes.add_get("/api/v1/servers", self._signed_in(self._list))
        routes.add_post("/api/v1/servers", self._signed_in(self._create))
        routes.add_delete("/api/v1/servers/{id}", self._signed_in(self._delete))
        routes.add_post("/api/v1/api-keys", self._signed_in(self._create_key))
        routes.add_get("/api/v1/ws", self._socket)
        return app

    async def close_sockets(self, code: int) -> None:
        """Close every client with this code."""
        sockets, self.sockets = self.sockets, []
        for ws in sockets:
            await ws.close(code=code)

    async def tell(self, frame: dict[str, Any]) -> None:
        """Send a frame to every client."""
        for ws in self.sockets:
            await ws.send_json(frame)

    def said(self, kind: str) -> list[dict[str, Any]]:
        """Return the frames of this type that clients have sent."""
        return [frame for frame in self.frames if frame["type"] == kind]

    def _signed_in(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            token = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in self.access:
                return problem(401, "token_expired")
            return await handler(request)

        return checked

    def _tokens(self) -> web.Response:
        number = next(self._numbers)
        access, refresh = f"access-{number}", f"refresh-{number}"
        self.access.add(access)
        self.refresh.add(refresh)
        body = {"access_token": access, "refresh_token": refresh, "token_type": "bearer"}
        return web.json_response(body | {"expires_in": self.expires_in})

    async def _login(self, request: web.Request) -> web.Response:
        self.logins += 1
        body = await request.json()
        code = body.pop("otp", "")
        if body != {"username": "ada", "password": PASSWORD}:
            return problem(401, "invalid_credentials")
        if code != self.otp:
            return problem(401, "invalid_credentials" if code else "otp_required")
        return self._tokens()

    async def _refresh(self, request: web.Request) -> web.Response:
        token = (await request.json())["refresh_token"]
        self.refreshes += 1
        if token not in self.refresh:
            # A reused token ends the whole family.
            self.reused += 1
            self.refresh.clear()
            self.access.clear()
            return problem(401, "token_reused")
        self.refresh.remove(token)
        await self.refresh_gate.wait()
        return self._tokens()

    async def _logout(self, request: web.Request) -> web.Response:
        self.refresh.discard((await request.json())["refresh_token"])
        return web.Response(status=204)

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response(USER)

    async def _list(self, request: web.Request) -> web.Response:
        start = int(request.query.get("cursor", "0"))
        end = start + self.page
        following = str(end) if end < len(self.servers) else None
        return web.json_response({"items": self.servers[start:end], "next": following})

    async def _create(self, request: web.Request) -> web.Response:
        body = await request.json()
        created = server("srv_new", name=body["name"], tags=body["tags"])
        self.servers.append(created)
        return web.json_response(created, status=201)

    async def _create_key(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.refuse_keys:
            return problem(403, "forbidden", "no keys for you")
        key = {"id": "key_1", "prefix": "chops_abc", "created_at": "2026-01-31T12:00:00.000Z"}
        rest = {"last_used_at": None, "active": True, "key": "chops_abc_secret_sum"}
        return web.json_response(body | key | rest, status=201)

    async def _delete(self, request: web.Request) -> web.Response:
        kept = [server for server in self.servers if server["id"] != request.match_info["id"]]
        if len(kept) == len(self.servers):
            return problem(404, "not_found", "no such server")
        self.servers = kept
        return web.Response(status=204)

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        async for message in ws:
            if message.type is WSMsgType.TEXT:
                frame = message.json()
                self.frames.append(frame)
                await self._answer(ws, frame)
        if ws in self.sockets:
            self.sockets.remove(ws)
        return ws

    async def _answer(self, ws: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "auth":
                await self._authenticate(ws, frame["token"])
            case "ping" if self.answer_pings:
                await ws.send_json({"type": "pong", "id": frame["id"]})
            case "subscribe" if frame["topic"] in self.refuse_topics:
                refusal = {
                    "type": "error",
                    "id": frame["id"],
                    "code": "not_found",
                    "message": "no such server",
                }
                await ws.send_json(refusal)
            case "subscribe" | "unsubscribe":
                await ws.send_json({"type": "result", "id": frame["id"]})
                if frame["type"] == "subscribe" and frame["topic"] == "fleet":
                    await ws.send_json({"type": "fleet", "servers": self.servers})
            case _:
                pass

    async def _authenticate(self, ws: web.WebSocketResponse, token: str) -> None:
        if token not in self.access or not self.accept_tokens:
            await ws.send_json({"type": "error", "code": "token_expired", "message": "the token has expired"})
            await ws.close(code=CloseCode.UNAUTHORIZED)
            return
        if ws not in self.sockets:
            self.sockets.append(ws)
        await ws.send_json({"type": "auth_success", "user": USER})
