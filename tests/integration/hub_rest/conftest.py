"""A real hub on a free port with a real database file, and somebody who asks it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatops_server.app import RunningHub, open_hub, serving
from chatops_server.assembly import Setup
from chatops_server.bus.address import NatsAddress
from chatops_server.config import Config

ADMIN_PASSWORD = "correct horse battery"  # noqa: S105 - of a hub that lives as long as a test
SECRET = "a secret that only this test run knows, 0123456789"  # noqa: S105 - likewise
# The cheapest bcrypt there is: these tests are not about its cost.
CHEAP = 4


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        return str(self.body["code"])


@dataclass
class Asker:
    """Asks one hub, with the token it was given or another."""

    http: aiohttp.ClientSession
    running: RunningHub
    token: str | None = None

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = "",
        raw: bytes | AsyncIterator[bytes] | None = None,
    ) -> Answer:
        """Send one request; `token` "" means the asker's own, None none at all."""
        chosen = self.token if token == "" else token
        headers = {"Authorization": f"Bearer {chosen}"} if chosen else {}
        sent: dict[str, Any] = (
            {"data": raw} if raw is not None else {"json": body} if body is not None else {}
        )
        async with self.http.request(method, path, headers=headers, **sent) as answer:
            text = await answer.text()
            is_json = answer.content_type.endswith("json") and text
            return Answer(
                answer.status, (await answer.json(content_type=None)) if is_json else text, answer.headers
            )

    async def get(self, path: str, *, token: str | None = "") -> Answer:
        return await self.ask("GET", f"/api/v1{path}", token=token)

    async def post(self, path: str, body: object, *, token: str | None = "") -> Answer:
        return await self.ask("POST", f"/api/v1{path}", body, token=token)

    async def patch(self, path: str, body: object, *, token: str | None = "") -> Answer:
        return await self.ask("PATCH", f"/api/v1{path}", body, token=token)

    async def put(self, path: str, body: object, *, token: str | None = "") -> Answer:
        return await self.ask("PUT", f"/api/v1{path}", body, token=token)

    async def delete(self, path: str, *, token: str | None = "") -> Answer:
        return await self.ask("DELETE", f"/api/v1{path}", token=token)

    async def login(self, username: str, password: str) -> dict[str, Any]:
        """Return a pair of tokens."""
        answer = await self.post("/auth/login", {"username": username, "password": password}, token=None)
        assert answer.status == 200, answer
        return dict(answer.body)

    async def user(self, username: str, role: str) -> tuple[str, str]:
        """Make a user; return their id and an access token."""
        body = {"username": username, "password": f"{username}-password", "role": role}
        made = await self.post("/users", body)
        assert made.status == 201, made
        tokens = await self.login(username, f"{username}-password")
        return str(made.body["id"]), str(tokens["access_token"])

    async def server(self, name: str, *, token: str | None = "") -> str:
        """Make a server; return its id."""
        made = await self.post("/servers", {"name": name}, token=token)
        assert made.status == 201, made
        return str(made.body["id"])


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    metrics_public: bool = False,
    webhook_allow_private: bool = False,
    bus: NatsAddress | None = None,
) -> AsyncIterator[Asker]:
    """A hub, and its admin logged in."""
    setup = Setup(
        folder / "hub.db",
        folder,
        ADMIN_PASSWORD,
        SECRET,
        CHEAP,
        metrics_public=metrics_public,
        webhook_allow_private=webhook_allow_private,
        bus=bus,
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
        asker = Asker(http, running)
        asker.token = (await asker.login("admin", ADMIN_PASSWORD))["access_token"]
        yield asker


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    async with opened(tmp_path) as asker:
        yield asker
