"""Two hubs in one process, each with sockets and a folder of its own, on one PostgreSQL database."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from chatops_server.app import open_hub, serving
from chatops_server.assembly import Setup
from chatops_server.config import Config
from chatops_server.storage.postgres.address import PostgresUrl
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, CHEAP, SECRET, Asker
from tests.live_peers import Peer
from tests.postgres_server import PostgresServer

OpenHub = Callable[[str], AbstractAsyncContextManager[Asker]]
"""Opens a hub on the database, by a name for its folder."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two hubs, and their admin logged in at both."""

    one: Asker
    other: Asker


@asynccontextmanager
async def opened(folder: Path, database: PostgresUrl) -> AsyncIterator[Asker]:
    setup = Setup(database, folder, ADMIN_PASSWORD, SECRET, CHEAP, webhook_allow_private=True)
    config = Config(
        host="127.0.0.1",
        port=0,
        data_dir=folder,
        database=database,
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
def open_one(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[OpenHub]:
    with postgres_server.database() as database:
        yield lambda name: opened(tmp_path / name, database)


@pytest.fixture
async def pair(open_one: OpenHub) -> AsyncIterator[Pair]:
    async with open_one("one") as one, open_one("other") as other:
        yield Pair(one, other)


async def agent(asker: Asker, key: str, **auth: object) -> Peer:
    """Return an agent that has authenticated at this hub, and `auth_success` taken from it."""
    peer = Peer(await asker.http.ws_connect("/api/v1/agents/ws"))
    await peer.send({"type": "auth", "api_key": key, **auth})
    assert (await peer.next())["type"] == "auth_success"
    return peer


async def client(asker: Asker, token: str | None = None) -> Peer:
    """Return a client that has authenticated at this hub, and `auth_success` taken from it."""
    peer = Peer(await asker.http.ws_connect("/api/v1/ws"))
    await peer.send({"type": "auth", "token": token or asker.token})
    assert (await peer.next())["type"] == "auth_success"
    return peer
