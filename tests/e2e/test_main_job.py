"""The main job from outside: an independent client of the contract against the running demo.

Speaks plain JSON over aiohttp and uses none of our packages, so that a mistake in a shared type
cannot hide itself.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.deadlines import MS, eventually

START_DEADLINE_S = 60_000 * MS
FRAME_DEADLINE_S = 20_000 * MS


@dataclass(frozen=True)
class Demo:
    """A running demo and an HTTP session logged in to it."""

    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession
    token: str
    server_id: str
    username: str
    password: str

    async def get(self, path: str, **params: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.get(f"/api/v1{path}", headers=headers, params=params) as answer:
            return answer.status, await answer.json()

    async def socket(self) -> aiohttp.ClientWebSocketResponse:
        ws = await self.http.ws_connect("/api/v1/ws")
        await ws.send_json({"type": "auth", "token": self.token})
        await frame_where(ws, lambda frame: frame["type"] == "auth_success")
        return ws


Frame = dict[str, Any]


async def frame_where(ws: aiohttp.ClientWebSocketResponse, wanted: Callable[[Frame], bool]) -> Frame:
    """Return the first frame that is wanted; the deadline is the test's failure."""
    async with asyncio.timeout(FRAME_DEADLINE_S):
        while True:
            frame: Frame = await ws.receive_json()
            if wanted(frame):
                return frame


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Demo]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chatops_tui.cli",
        "demo",
        "--headless",
        "--port",
        "0",
        "--data-dir",
        str(tmp_path / "demo"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_DEADLINE_S):
            facts = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession(base_url=facts["url"]) as http:
            body = {"username": facts["username"], "password": facts["password"]}
            async with http.post("/api/v1/auth/login", json=body) as answer:
                assert answer.status == 200
                tokens = await answer.json()
            yield Demo(
                process,
                http,
                tokens["access_token"],
                facts["server_id"],
                facts["username"],
                facts["password"],
            )
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()
        # The transport closes a moment after the process: wait for its pipe, or it warns.
        await process.stdout.read()


async def test_the_demo_shows_this_machine(demo: Demo) -> None:
    """The server's host facts and latest sample are those of the machine the test runs on."""
    status, server = await demo.get(f"/servers/{demo.server_id}")

    assert status == 200
    assert server["status"] == "online"
    assert server["host"]["hostname"] == socket.gethostname()
    assert server["host"]["cpu_count"] == os.cpu_count()
    page = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert server["host"]["memory_total"] == pytest.approx(page, rel=0.02)
    assert server["latest"]["memory"]["total"] == pytest.approx(page, rel=0.02)

    status, sample = await demo.get(f"/metrics/{demo.server_id}")
    assert status == 200
    assert sample["process_count"] > 1
    assert sample["uptime_s"] > 0
    assert any(process["pid"] == 1 or process["name"] for process in sample["processes"])
    assert {"percent", "user", "system", "cores", "load"} <= set(sample["cpu"])


async def test_live_samples_follow_a_burst(demo: Demo) -> None:
    """While somebody watches, a sample comes every second, and a busy core shows in it."""
    ws = await demo.socket()
    await ws.send_json({"type": "subscribe", "id": 1, "topic": "metrics", "server_id": demo.server_id})
    assert (await frame_where(ws, lambda frame: frame.get("id") == 1))["type"] == "result"

    burst = await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass")
    try:

        def burns(frame: Frame) -> bool:
            return any(
                process["pid"] == burst.pid and process["cpu_percent"] > 30
                for process in frame.get("processes", [])
            )

        seen = await frame_where(ws, burns)
        assert max(seen["cpu"]["cores"]) > 20
        frames = [await frame_where(ws, lambda frame: frame["type"] == "metrics") for _ in range(4)]
        times = [datetime.fromisoformat(frame["timestamp"]).timestamp() for frame in frames]
        # By the agent's own clock, and the closest two of them: a busy machine may delay any one sample.
        assert min(later - earlier for earlier, later in pairwise(times)) < 2
    finally:
        burst.kill()
        await burst.wait()
        await ws.close()


async def test_history_holds_what_was_sent(demo: Demo) -> None:
    """Every acknowledged sample is in the history, at its own time, and in order."""

    async def two_points() -> bool:
        _, answer = await demo.get(f"/metrics/{demo.server_id}/history", metric="cpu.percent")
        return len(answer["series"][0]["points"]) >= 2

    await eventually(two_points, deadline_s=FRAME_DEADLINE_S)
    status, history = await demo.get(
        f"/metrics/{demo.server_id}/history", metric="memory.percent", points="50"
    )
    assert status == 200
    assert history["server_id"] == demo.server_id
    series = history["series"][0]
    assert (series["metric"], series["unit"]) == ("memory.percent", "percent")
    times = [point[0] for point in series["points"]]
    assert times == sorted(times)
    assert len(times) <= 50
    assert all(0 < low <= mean <= high < 100 for _, mean, low, high in series["points"])


async def test_fleet_updates_come_without_asking(demo: Demo) -> None:
    """A subscriber gets every server at once, then only those that changed."""
    ws = await demo.socket()
    await ws.send_json({"type": "subscribe", "id": "f", "topic": "fleet"})
    first = await frame_where(ws, lambda frame: frame["type"] == "fleet")
    assert [server["id"] for server in first["servers"]] == [demo.server_id]

    def newer(frame: Frame) -> bool:
        return frame["type"] == "fleet_update" and any(
            server["latest"] and server["latest"] != first["servers"][0]["latest"]
            for server in frame["servers"]
        )

    assert (await frame_where(ws, newer))["servers"][0]["status"] == "online"
    await ws.close()


async def test_errors_are_problem_json(demo: Demo) -> None:
    """Whatever goes wrong has one shape, with a code of the documented list."""
    headers = {"Authorization": f"Bearer {demo.token}"}
    cases = [
        ("/api/v1/servers", {}, 401, "unauthorized"),
        ("/api/v1/servers/srv_none", headers, 404, "not_found"),
        ("/api/v1/nothing", headers, 404, "not_found"),
        (f"/api/v1/metrics/{demo.server_id}/history?metric=cpu.heat", headers, 400, "invalid_request"),
    ]
    for path, sent, status, code in cases:
        async with demo.http.get(path, headers=sent) as answer:
            assert answer.status == status, path
            assert answer.content_type == "application/problem+json"
            problem = await answer.json()
            assert set(problem) >= {"type", "title", "status", "detail", "code"}
            assert (problem["status"], problem["code"]) == (status, code)


async def test_a_wrong_password_is_refused(demo: Demo) -> None:
    body = {"username": demo.username, "password": "not-the-password"}
    async with demo.http.post("/api/v1/auth/login", json=body) as answer:
        assert answer.status == 401
        assert (await answer.json())["code"] == "invalid_credentials"


async def test_openapi_names_the_contract(demo: Demo) -> None:
    """The document is served, is 3.1, and holds the paths this version has."""
    async with demo.http.get("/openapi.json") as answer:
        document = await answer.json()
    assert document["openapi"].startswith("3.1")
    paths = {path.removeprefix("/api/v1").rstrip("/") for path in document["paths"]}
    assert {
        "/auth/login",
        "/auth/refresh",
        "/auth/logout",
        "/auth/me",
        "/auth/password",
        "/users",
        "/users/{id}",
        "/servers",
        "/servers/{id}",
        "/api-keys",
        "/api-keys/{id}",
        "/metrics/{server_id}",
        "/metrics/{server_id}/history",
        "/events",
        "/audit",
        "/healthz",
        "/readyz",
    } <= paths
    async with demo.http.get("/docs") as answer:
        page = await answer.text()
    assert "https://" not in page.replace("https://json-schema.org", "")


async def test_sigterm_stops_everything(demo: Demo) -> None:
    """The demo ends with 0 and takes its hub along."""
    demo.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await demo.process.wait() == 0
    with pytest.raises(aiohttp.ClientConnectionError):
        await demo.http.get("/healthz")
