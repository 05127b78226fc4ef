"""The whole hub: what REST changes is seen by the sockets, and what the sockets bring is seen by REST."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from chatops_server.app import open_hub, serving
from chatops_server.assembly import Setup
from chatops_server.config import Config
from tests.deadlines import DEADLINE_S, eventually
from tests.live_peers import Peer, metrics

PASSWORD = "correct horse battery"  # noqa: S105 - of a hub that lives as long as one test
SECRET = "a secret that only this test run knows, 0123456789"  # noqa: S105 - likewise


@dataclass
class User:
    """One user of a hub over HTTP."""

    http: aiohttp.ClientSession
    token: str = ""

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.http.request(method, f"/api/v1{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None) if await answer.read() else None

    async def log_in(self, username: str, password: str) -> "User":
        _status, tokens = await self.ask("POST", "/auth/login", {"username": username, "password": password})
        return User(self.http, tokens["access_token"])

    async def new_server(self) -> tuple[str, str, str]:
        """Return the ids of a new server and its key, and the key."""
        _status, server = await self.ask("POST", "/servers", {"name": "web-1"})
        _status, key = await self.ask("POST", "/api-keys", {"server_id": server["id"]})
        return server["id"], key["id"], key["key"]

    async def agent(self, key: str, **auth: object) -> Peer:
        peer = Peer(await self.http.ws_connect("/api/v1/agents/ws"))
        await peer.send({"type": "auth", "api_key": key, **auth})
        assert (await peer.next())["type"] == "auth_success"
        return peer

    async def client(self) -> Peer:
        peer = Peer(await self.http.ws_connect("/api/v1/ws"))
        await peer.send({"type": "auth", "token": self.token})
        assert (await peer.next())["type"] == "auth_success"
        return peer


@pytest.fixture
async def admin(tmp_path: Path) -> AsyncIterator[User]:
    setup = Setup(tmp_path / "hub.db", tmp_path, PASSWORD, SECRET, password_cost=4)
    config = Config(
        host="127.0.0.1",
        port=0,
        data_dir=tmp_path,
        database=tmp_path / "hub.db",
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
        yield await User(http).log_in("admin", PASSWORD)


async def test_a_sample_goes_from_the_agent_to_rest_and_to_the_watcher(admin: User) -> None:
    server_id, _key_id, key = await admin.new_server()
    assert (await admin.ask("GET", f"/metrics/{server_id}"))[1]["code"] == "no_metrics"
    agent, client = await admin.agent(key, capabilities=["docker"]), await admin.client()
    await client.request(type="subscribe", topic="metrics", server_id=server_id)
    assert await agent.next() == {"type": "configure", "interval_s": 1.0}
    await agent.send(metrics(1, cpu=61.0))
    assert await agent.next() == {"type": "ack", "seq": 1}
    seen = await client.until("metrics")
    _status, whole = await admin.ask("GET", f"/metrics/{server_id}")
    _status, server = await admin.ask("GET", f"/servers/{server_id}")
    assert seen == {"type": "metrics", **whole}
    assert (server["status"], server["capabilities"], server["interval_s"]) == ("online", ["docker"], 1.0)
    assert server["latest"]["cpu"]["percent"] == 61.0

    async def timeline() -> list[str]:
        _status, events = await admin.ask("GET", "/events?kind=connection")
        return [event["message"] for event in events["items"]]

    # Written behind, by a task of its own.
    assert await eventually(timeline) == ["web-1 connected"]


async def test_a_key_revoked_by_rest_cuts_its_agent_off(admin: User) -> None:
    _server_id, key_id, key = await admin.new_server()
    agent = await admin.agent(key)
    assert (await admin.ask("DELETE", f"/api-keys/{key_id}"))[0] == 204
    ended = await agent.ended()
    assert (ended.code, ended.error) == (4401, "invalid_key")


async def test_a_server_deleted_by_rest_ends_its_agent_and_leaves_every_fleet(admin: User) -> None:
    server_id, _key_id, key = await admin.new_server()
    agent, client = await admin.agent(key), await admin.client()
    await client.request(type="subscribe", topic="fleet")
    assert (await admin.ask("DELETE", f"/servers/{server_id}"))[0] == 204
    ended = await agent.ended()
    assert (ended.code, ended.error) == (4401, "invalid_key")
    while server_id not in (await client.until("fleet_update")).get("removed", ()):
        pass


async def test_a_new_server_and_a_new_name_are_told_to_the_fleet(admin: User) -> None:
    client = await admin.client()
    await client.request(type="subscribe", topic="fleet")
    assert (await client.next())["servers"] == []
    server_id, *_ = await admin.new_server()
    [added] = (await client.until("fleet_update"))["servers"]
    await admin.ask("PATCH", f"/servers/{server_id}", {"name": "db-1"})
    [renamed] = (await client.until("fleet_update"))["servers"]
    assert (added["id"], added["name"], renamed["name"]) == (server_id, "web-1", "db-1")


async def test_a_user_whose_rights_change_is_signed_out_of_the_socket(admin: User) -> None:
    body = {"username": "ann", "password": "a long password", "role": "viewer"}
    _status, made = await admin.ask("POST", "/users", body)
    ann = await admin.log_in("ann", "a long password")
    client = await ann.client()
    await admin.ask("PATCH", f"/users/{made['id']}", {"active": False})
    ended = await client.ended()
    assert (ended.code, ended.error) == (4401, "unauthorized")


async def test_a_grant_shows_and_hides_a_server_live(admin: User) -> None:
    server_id, *_ = await admin.new_server()
    body = {"username": "ann", "password": "a long password", "role": "viewer"}
    _status, made = await admin.ask("POST", "/users", body)
    client = await (await admin.log_in("ann", "a long password")).client()
    await client.request(type="subscribe", topic="fleet")
    assert (await client.next())["servers"] == []
    await admin.ask("PUT", f"/servers/{server_id}/grants/{made['id']}", {"role": "viewer"})
    [shown] = (await client.until("fleet_update"))["servers"]
    assert (shown["id"], shown["role"]) == (server_id, "viewer")
    assert (await client.request(type="subscribe", topic="metrics", server_id=server_id))["type"] == "result"
    await admin.ask("DELETE", f"/servers/{server_id}/grants/{made['id']}")
    assert (await client.until("subscription_ended"))["server_id"] == server_id


async def test_sigterm_says_goodbye_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    acked, key = 0, ""
    for _run in range(3):
        hub = await _started(tmp_path)
        async with asyncio.timeout(DEADLINE_S):
            url = (await _stdout(hub).readline()).decode().split()[-1]
        async with aiohttp.ClientSession(url) as http:
            admin = await User(http).log_in("admin", PASSWORD)
            key = key or (await admin.new_server())[2]
            agent, client = Peer(await http.ws_connect("/api/v1/agents/ws")), await admin.client()
            await agent.send({"type": "auth", "api_key": key, "epoch": "e1"})
            last_seq = (await agent.next())["last_seq"]
            assert last_seq >= acked
            await agent.send(*(metrics(last_seq + more) for more in range(1, 21)))
            acked = (await agent.until("ack"))["seq"]
            hub.send_signal(signal.SIGTERM)
            ended = await agent.ended()
            acked = max([acked, *(frame["seq"] for frame in ended.frames if frame["type"] == "ack")])
            assert (ended.code, (await client.ended()).code) == (1001, 1001)
        async with asyncio.timeout(DEADLINE_S):
            assert await hub.wait() == 0


async def _started(data_dir: Path) -> asyncio.subprocess.Process:
    command = ["-m", "chatops_server", "run", "--port", "0", "--data-dir", str(data_dir)]
    environ = {**os.environ, "CHATOPS_ADMIN_PASSWORD": PASSWORD}
    return await asyncio.create_subprocess_exec(
        sys.executable, *command, env=environ, stdout=asyncio.subprocess.PIPE
    )


def _stdout(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    assert process.stdout is not None
    return process.stdout
