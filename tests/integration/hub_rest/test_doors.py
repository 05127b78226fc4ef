"""What a stranger can send before anybody knows who it is: names, origins, headers, first messages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from chatops_server.app import open_hub, serving
from chatops_server.assembly import Setup
from chatops_server.broker.client_outbox import ClientOutbox
from chatops_server.broker.clients import Clients, ClientSession
from chatops_server.broker.closing import ConnectionEnded
from chatops_server.config import Config, SshConfig
from chatops_server.domain.permissions import Principal
from chatops_server.web.first_message import MAX_AGENT_AUTH, MAX_CLIENT_AUTH
from chatops_server.web.host_names import host_of
from tests.deadlines import DEADLINE_S
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, CHEAP, SECRET, Asker
from tests.live_peers import Peer

AGENTS, CLIENTS = "/api/v1/agents/ws", "/api/v1/ws"


@asynccontextmanager
async def hub(
    folder: Path, *names: str, ssh: SshConfig | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    setup = Setup(folder / "hub.db", folder, ADMIN_PASSWORD, SECRET, CHEAP)
    config = Config("127.0.0.1", 0, folder, folder / "hub.db", None, "info", None, None)
    async with (
        open_hub(setup) as running,
        serving(running, replace(config, allowed_hosts=names, ssh=ssh)) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http,
    ):
        yield http


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("hub.lan", 200),
        ("HUB.lan.:8765", 200),
        ("[::1]:8765", 200),
        ("evil.example", 403),
        ("hub.lan.evil", 403),
    ],
)
async def test_only_the_names_that_were_given_are_answered_to(tmp_path: Path, host: str, status: int) -> None:
    async with (
        hub(tmp_path, "hub.lan", "::1") as http,
        http.get("/openapi.json", headers={"Host": host}) as answer,
    ):
        assert answer.status == status


async def test_sockets_ask_for_the_name_too_and_health_does_not(tmp_path: Path) -> None:
    async with hub(tmp_path, "hub.lan") as http:
        async with http.get("/healthz") as answer:
            assert answer.status == 200
        for path in (AGENTS, CLIENTS):
            with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
                await http.ws_connect(path)
            assert raised.value.status == 403


async def test_the_ui_over_ssh_may_ask_by_address(tmp_path: Path) -> None:
    async with hub(tmp_path, "hub.lan", ssh=SshConfig(0, "")) as http:
        for host, status in (("127.0.0.1:8765", 200), ("evil.example", 403), ("localhost", 403)):
            async with http.get("/openapi.json", headers={"Host": host}) as answer:
                assert answer.status == status


@pytest.mark.parametrize("text", ["", "[", "a b", "::1", "http://x", "\ud800"])
def test_any_host_header_is_read(text: str) -> None:
    assert isinstance(host_of(text), str)


@pytest.mark.parametrize("path", [AGENTS, CLIENTS, "/api/v1/ws/metrics/srv_1", "/api/v1/ws/logs/srv_1"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "["]
)
async def test_a_page_of_another_origin_opens_no_socket(asker: Asker, path: str, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
        await asker.http.ws_connect(path, headers={"Origin": origin})
    assert raised.value.status == 403


@pytest.mark.parametrize(("path", "most"), [(AGENTS, MAX_AGENT_AUTH), (CLIENTS, MAX_CLIENT_AUTH)])
async def test_a_first_message_is_small(asker: Asker, path: str, most: int) -> None:
    async with asker.http.ws_connect(path) as ws:
        peer = Peer(ws)
        await peer.send({"type": "auth", "api_key": "k", "token": "t", "more": "x" * most})
        assert (await peer.ended()).code == 1009


@pytest.mark.parametrize("path", [AGENTS, CLIENTS])
@pytest.mark.parametrize("opening", ["[", '{"a":', '{"type":"auth","api_key":"k","token":"t","more":['])
async def test_a_frame_nested_without_end_costs_its_connection_only(
    asker: Asker, path: str, opening: str
) -> None:
    async with asker.http.ws_connect(path) as ws:
        peer = Peer(ws)
        await ws.send_str(opening + "[" * 3000)
        assert (await peer.ended()).code == 4400
    assert (await asker.get("/auth/me")).status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X-Many: a\r\n" * 5000 + b"\r\n",
    ],
    ids=["long address", "long header", "many headers"],
)
async def test_heads_have_bounds(asker: Asker, head: bytes) -> None:
    async with asker.http.get("/healthz") as answer:
        port = answer.url.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head)
        async with asyncio.timeout(DEADLINE_S):
            line = await reader.readline()
    finally:
        writer.close()
    assert line.split()[1] == b"400"


def test_one_user_has_only_so_many_connections() -> None:
    there = Clients(most_of_one_user=2)

    def session(user_id: str) -> ClientSession:
        return ClientSession(
            Principal(user_id, user_id, "viewer", 1 << 50, 0), ClientOutbox(lambda *_: b"", lambda *_: b"")
        )

    there.add(session("ann"))
    there.add(session("ann"))
    there.add(session("bob"))
    with pytest.raises(ConnectionEnded) as raised:
        there.add(session("ann"))
    assert raised.value.closing.code == 4429
