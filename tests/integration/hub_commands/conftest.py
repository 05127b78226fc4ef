"""A whole hub over real sockets, agents by script, and users who run commands."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatops_server.app import RunningHub, open_hub, serving
from chatops_server.assembly import Setup
from chatops_server.config import Config
from chatops_server.services.commands.keeper import Patience
from tests.live_peers import Peer

ADMIN_PASSWORD = "correct horse battery"  # noqa: S105 - of a hub that lives as long as a test
SECRET = "a secret that only this test run knows, 0123456789"  # noqa: S105 - likewise
# The cheapest bcrypt there is: these tests are not about its cost.
CHEAP = 4
PATIENCE = Patience()
# A hub that gives agents up at once.
IMPATIENT = Patience(answer_s=0.2, absence_s=0.2)


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Stage:
    """A hub, its admin, and one server with its key."""

    running: RunningHub
    http: aiohttp.ClientSession
    folder: Path
    token: str = ""
    server_id: str = ""
    key: str = ""
    _peers: list[Peer] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        async with self.http.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
            raw = await answer.read()
            is_json = answer.content_type.endswith("json") and raw
            return Answer(
                answer.status, (await answer.json(content_type=None)) if is_json else raw, answer.headers
            )

    async def login(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> str:
        answer = await self.ask("POST", "/auth/login", {"username": username, "password": password})
        return str(answer.body["access_token"])

    async def user(self, name: str, role: str, grant: str | None = None) -> str:
        """Make a user, perhaps with a grant on the server, and return an access token."""
        body = {"username": name, "password": f"{name}-password", "role": role}
        assert (await self.ask("POST", "/users", body)).status == 201
        if grant is not None:
            path = f"/servers/{self.server_id}/grants/{name}"
            assert (await self.ask("PUT", path, {"role": grant})).status == 200
        return await self.login(name, f"{name}-password")

    async def server(self, name: str, *tags: str) -> tuple[str, str]:
        """Make a server; return its id and a key."""
        made = await self.ask("POST", "/servers", {"name": name, "tags": tags})
        key = await self.ask("POST", "/api-keys", {"server_id": made.body["id"]})
        return made.body["id"], key.body["key"]

    async def agent(self, key: str | None = None) -> Peer:
        """Return an agent that has authenticated, and `auth_success` taken from it."""
        peer = Peer(await self.http.ws_connect("/api/v1/agents/ws", max_msg_size=0))
        self._peers.append(peer)
        await peer.send({"type": "auth", "api_key": key or self.key})
        assert (await peer.next())["type"] == "auth_success"
        return peer

    async def client(self, token: str | None = None, path: str = "/ws") -> Peer:
        """Return a client that has authenticated, and `auth_success` taken from it."""
        peer = Peer(await self.http.ws_connect(f"/api/v1{path}", max_msg_size=0))
        self._peers.append(peer)
        await peer.send({"type": "auth", "token": token or self.token})
        assert (await peer.next())["type"] == "auth_success"
        return peer

    async def run(self, command: str = "uptime", *, token: str | None = None, **more: object) -> Answer:
        """Ask for a command on the server, and wait for its end unless `wait=False`."""
        body = {"server_id": self.server_id, "command": command, **more}
        return await self.ask("POST", "/commands/", body, token=token)

    async def begin(self, command: str = "uptime", **more: object) -> str:
        """Begin a command and return its id."""
        body = {"server_id": self.server_id, "command": command, "wait": False, **more}
        begun = await self.ask("POST", "/commands/", body)
        assert begun.status == 202, begun
        return str(begun.body["command_id"])

    async def shown(self, command_id: str) -> dict[str, Any]:
        return dict((await self.ask("GET", f"/commands/{command_id}")).body)

    async def ended(self, command_id: str) -> dict[str, Any]:
        """Return a command once it has ended, told by the topic."""
        client = await self.client()
        assert (await client.request(type="subscribe", topic="command", command_id=command_id))[
            "type"
        ] == "result"
        await client.until("command_finished")
        await client.close()
        return await self.shown(command_id)

    async def close(self) -> None:
        for peer in self._peers:
            await peer.close()


def output(command: Mapping[str, Any], seq: int, data: bytes, stream: str = "stdout") -> dict[str, Any]:
    return {
        "type": "command_output",
        "command_id": command["command_id"],
        "seq": seq,
        "stream": stream,
        "data": b64encode(data).decode(),
    }


def response(command: Mapping[str, Any], status: str = "succeeded", **more: object) -> dict[str, Any]:
    if status == "succeeded":
        more = {"exit_code": 0, **more}
    return {
        "type": "command_response",
        "command_id": command["command_id"],
        "status": status,
        "duration_ms": 12,
        **more,
    }


@asynccontextmanager
async def open_stage(
    folder: Path, *, record_terminals: bool = False, patience: Patience = PATIENCE
) -> AsyncIterator[Stage]:
    """Open a hub on this folder; its second opening finds what the first one left."""
    database = folder / "hub.db"
    setup = Setup(
        database,
        folder,
        ADMIN_PASSWORD,
        SECRET,
        CHEAP,
        record_terminals=record_terminals,
        patience=patience,
    )
    config = Config(
        host="127.0.0.1",
        port=0,
        data_dir=folder,
        database=folder / "hub.db",
        tls=None,
        log_level="info",
        admin_password=None,
        secret=None,
    )
    async with (
        open_hub(setup) as running,
        serving(running, config) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
    ):
        await running.first_admin()
        stage = Stage(running, http, folder)
        stage.token = await stage.login()
        try:
            yield stage
        finally:
            await stage.close()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A hub with one server whose agent is not connected yet."""
    async with open_stage(tmp_path) as opened:
        opened.server_id, opened.key = await opened.server("web-1")
        yield opened


@pytest.fixture
async def impatient(tmp_path: Path) -> AsyncIterator[Stage]:
    """The same, with a hub that gives agents up within a fifth of a second."""
    async with open_stage(tmp_path, patience=IMPATIENT) as opened:
        opened.server_id, opened.key = await opened.server("web-1")
        yield opened
