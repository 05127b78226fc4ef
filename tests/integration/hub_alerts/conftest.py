"""A real hub, an agent of the contract that feeds chosen values, and a receiver of webhooks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from tests.deadlines import DEADLINE_S, eventually
from tests.integration.hub_rest.conftest import Asker, opened
from tests.live_peers import Peer

# Where the values' own clock begins; far from the hub's, which must not matter.
BEGAN_S = 1_800_000_000
CLEAR_BODY = {"metric": "cpu.percent", "comparison": "gt", "value": 90, "severity": "critical"}


def stamp(at_s: float) -> str:
    """Return a time so many seconds after BEGAN_S, RFC 3339."""

    return (
        datetime.fromtimestamp(BEGAN_S + at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


@dataclass
class Machine:
    """A server and its agent."""

    asker: Asker
    server_id: str
    key: str
    peer: Peer
    seq: int = 0
    at_s: float = 0.0

    async def feed(self, *values: float, at_s: float | None = None, **parts: object) -> None:
        """Send one sample a value as `cpu.percent`, each ten seconds after the one before."""
        for value in values:
            self.seq += 1
            self.at_s = self.at_s + 10 if at_s is None else at_s
            await self.peer.send({"type": "metrics", "seq": self.seq, **sample(value, self.at_s, **parts)})
        while (await self.peer.until("ack"))["seq"] < self.seq:
            pass

    async def reconnect(self, **auth: object) -> None:
        """Come back as another connection of the same agent."""
        await self.peer.close()
        self.peer = await connected(self.asker, self.key, next_seq=self.seq + 1, **auth)

    async def alerts(self, **query: str) -> list[dict[str, Any]]:
        """Return the alerts of this server's own thresholds, newest first, once they are written."""
        await self.asker.running.hub.alerting.flush()
        words = "&".join(f"{name}={value}" for name, value in {"server_id": self.server_id, **query}.items())
        answer = await self.asker.get(f"/alerts?{words}")
        assert answer.status == 200, answer
        return list(answer.body["items"])

    async def states(self) -> list[str]:
        return [alert["status"] for alert in await self.alerts()]

    async def threshold(self, **body: object) -> dict[str, Any]:
        """Make a threshold of this server: cpu.percent > 90 where nothing else is said."""
        answer = await self.asker.post(
            "/alerts/thresholds", {**CLEAR_BODY, "server_id": self.server_id, **body}
        )
        assert answer.status == 201, answer
        return dict(answer.body)


def sample(cpu: float, at_s: float, **parts: object) -> dict[str, Any]:
    """Return a sample without type and sequence."""
    return {
        "timestamp": stamp(at_s),
        "cpu": {"percent": cpu},
        "memory": {"total": 8, "used": 2, "percent": 25.0},
        **parts,
    }


async def connected(asker: Asker, key: str, **auth: object) -> Peer:
    peer = Peer(await asker.http.ws_connect("/api/v1/agents/ws"))
    await peer.send({"type": "auth", "api_key": key, "epoch": "e1", **auth})
    assert (await peer.next())["type"] == "auth_success"
    return peer


async def machine_of(asker: Asker, name: str = "web-1", *, token: str | None = "") -> Machine:
    server_id = await asker.server(name, token=token)
    made = await asker.post("/api-keys", {"server_id": server_id}, token=token)
    key = str(made.body["key"])
    return Machine(asker, server_id, key, await connected(asker, key))


@dataclass
class Receiver:
    """A webhook: what it was sent, and how it answers."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    """Answers to come, then 204."""
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    hangs: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook?token=secret-token"

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.heard.append(msgspec.json.decode(body))
        if self.hangs is not None:
            await self.hangs.wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)

    def events_of(self, alert_id: str) -> list[str]:
        return [str(each["event"]) for each in self.heard if each["alert"]["id"] == alert_id]

    def events(self) -> list[str]:
        return [str(each["event"]) for each in self.heard]

    async def until(self, count: int, *, deadline_s: float = DEADLINE_S) -> list[dict[str, Any]]:
        await eventually(lambda: len(self.heard) >= count, deadline_s=deadline_s, what=f"{count} messages")
        return self.heard


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        if receiver.hangs is not None:
            receiver.hangs.set()
        await runner.cleanup()


@pytest.fixture
async def asker(tmp_path: Path) -> AsyncIterator[Asker]:
    async with opened(tmp_path, webhook_allow_private=True) as asker:
        yield asker


@pytest.fixture
async def machine(asker: Asker) -> AsyncIterator[Machine]:
    machine = await machine_of(asker)
    yield machine
    await machine.peer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
