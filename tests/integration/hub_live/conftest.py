"""The live part of a hub with real sockets and a real database; only tokens are a double."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from chatops_server.broker.server_state import ServerState
from chatops_server.domain.permissions import Principal
from chatops_server.errors import TokenError
from chatops_server.services import agent_actions
from chatops_server.services.agent_actions import AgentActions, Kept
from chatops_server.services.api_keys import ApiKeys, VerifiedKey
from chatops_server.services.events import Events
from chatops_server.services.hubs.telling import Telling
from chatops_server.services.ingest import Ingest
from chatops_server.services.ingest_session import Appends
from chatops_server.services.ledger import Ledger
from chatops_server.services.live import Live, Ticker, put_together
from chatops_server.services.presence import Presence
from chatops_server.storage.base import GapRow, SampleRow, Storage
from chatops_server.storage.sql import api_keys as keys_sql
from chatops_server.storage.sql import servers as servers_sql
from chatops_server.storage.sql import users as users_sql
from chatops_server.storage.sql.api_keys import KeyRow
from chatops_server.storage.sql.servers import ServerRow
from chatops_server.storage.sql.users import UserRow
from chatops_server.storage.sqlite.engine import open_sqlite
from chatops_server.web.frame_socket import Patience
from chatops_server.web.live_routes import LiveServices, add_live
from chatops_server.web.middlewares import errors_as_problems
from chatops_wire import keys
from chatops_wire.rest import Role
from tests.live_peers import Peer

# A key and a token at which the doubles fail as only a defect does.
BOOM = "boom"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Clock:
    """Monotonic seconds that a test can put forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return time.monotonic() + self.ahead_s


class Tokens:
    """Stands for Accounts: a token is known or not, until it is ended."""

    def __init__(self) -> None:
        self.known: dict[str, Principal] = {}

    def add(self, token: str, principal: Principal) -> str:
        self.known[token] = principal
        return token

    def authenticate(self, access_token: str) -> Principal:
        if access_token == BOOM:
            raise RuntimeError(BOOM)
        if access_token not in self.known:
            raise TokenError("the access token is not valid")
        return self.known[access_token]

    def is_current(self, principal: Principal, now_ms: int) -> bool:
        del now_ms
        return principal in self.known.values()


class HeldStore:
    """A SampleStore whose commits wait until the test lets them through."""

    def __init__(self, inner: Appends) -> None:
        self._inner = inner
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0
        self.defect: Exception | None = None

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        self.waiting += 1
        if self.defect is not None:
            raise self.defect
        await self.open.wait()
        await self._inner.append(rows)
        self.waiting -= 1

    async def cursor(self, server_num: int, epoch: str) -> int:
        return await self._inner.cursor(server_num, epoch)


class HeldKeys:
    """Keys that are looked up when the test lets them be."""

    def __init__(self, inner: ApiKeys) -> None:
        self._inner = inner
        self.open = asyncio.Event()
        self.open.set()
        self.waiting = 0

    async def verify(self, text: str) -> VerifiedKey:
        if text == BOOM:
            raise RuntimeError(BOOM)
        verified = await self._inner.verify(text)
        self.waiting += 1
        await self.open.wait()
        self.waiting -= 1
        return verified


@dataclass
class LiveHub:
    """One hub and whoever connects to it."""

    storage: Storage
    live: Live
    presence: Presence
    actions: AgentActions
    api_keys: ApiKeys
    held_keys: HeldKeys
    store: HeldStore
    tokens: Tokens
    ticker: Ticker
    events: Events
    clock: Clock
    runner: web.AppRunner | None = None
    http: aiohttp.ClientSession | None = None
    _peers: list[Peer] = field(default_factory=list)

    async def add_server(self, name: str = "web-1", owner_id: str = "usr_owner") -> ServerState:
        row = ServerRow(0, f"srv_{secrets.token_hex(4)}", name, (), owner_id, now_ms())
        num = await self.storage.write(servers_sql.add_server(row))
        return self.live.fleet.added(ServerRow(num, row.id, name, (), owner_id, row.created_ms))

    async def add_key(self, state: ServerState) -> str:
        key = keys.make(secrets.token_bytes(keys.ID_BYTES + keys.SECRET_BYTES))
        secret_hash = sha256(key.secret.encode()).hexdigest()
        row = KeyRow(key.id, state.num, state.id, "", key.prefix, secret_hash, now_ms())
        await self.storage.write(keys_sql.add_key(row))
        return key.text

    async def revoke(self, key_text: str) -> None:
        """Do what services.api_keys does: commit, then close."""
        key = keys.parse(key_text)
        assert key is not None
        await self.storage.write(keys_sql.revoke_key(key.id, now_ms()))
        self.live.sessions.close_key(key.id)

    async def delete(self, state: ServerState) -> None:
        """Do what services.servers does: commit, then forget and close."""
        await self.storage.write(servers_sql.delete_server(state.id))
        self.live.fleet.removed(state.id)
        self.live.sessions.close_server(state.id)

    async def connect(self, path: str, *, autoping: bool = True, origin: str | None = None) -> Peer:
        assert self.http is not None
        headers = {"Origin": origin} if origin else {}
        ws = await self.http.ws_connect(f"/api/v1{path}", autoping=autoping, headers=headers)
        peer = Peer(ws)
        self._peers.append(peer)
        return peer

    async def agent(self, key: str, **auth: object) -> Peer:
        """Return an agent that has authenticated, and `auth_success` taken from it."""
        peer = await self.connect("/agents/ws")
        await peer.send({"type": "auth", "api_key": key, **auth})
        assert (await peer.next())["type"] == "auth_success"
        return peer

    async def client(self, who: str = "owner", path: str = "/ws") -> Peer:
        """Return a client that has authenticated, and `auth_success` taken from it."""
        peer = await self.connect(path)
        await peer.send({"type": "auth", "token": who})
        assert (await peer.next())["type"] == "auth_success"
        return peer

    async def watching(self, state: ServerState, who: str = "owner") -> Peer:
        """Return a client subscribed to a server's metrics."""
        peer = await self.client(who)
        assert (await peer.request(type="subscribe", topic="metrics", server_id=state.id))["type"] == "result"
        return peer

    async def stop(self) -> None:
        assert self.runner is not None
        await self.runner.cleanup()

    async def close_peers(self) -> None:
        for peer in self._peers:
            await peer.close()


PATIENCE = Patience()
USERS: dict[str, Role] = {"usr_owner": "operator", "usr_admin": "admin", "usr_guest": "viewer"}


@asynccontextmanager
async def open_live_hub(path: Path, patience: Patience = PATIENCE) -> AsyncIterator[LiveHub]:
    storage = await open_sqlite(path)
    try:
        hub = assembled_hub(storage, path.parent)
        await add_users(storage)
        async with served(hub, patience):
            yield hub
    finally:
        await storage.close()


async def add_users(storage: Storage) -> None:
    for user_id, role in USERS.items():
        user = UserRow(user_id, user_id[4:], role, active=True, token_version=1, created_ms=now_ms())
        await storage.write(users_sql.add_user(user, "no password"))


def assembled_hub(storage: Storage, folder: Path, telling: Telling | None = None) -> LiveHub:
    clock = Clock()
    live = put_together(lambda num: storage.samples.recent_cpu(num, now_ms()), clock.now, telling)
    events = Events(storage, live.topics, now_ms)
    ledger = Ledger(storage, events, now_ms)
    api_keys = ApiKeys(storage, ledger, live.fleet, live.sessions, now_ms)
    tokens = Tokens()
    for user_id, role in USERS.items():
        tokens.add(user_id[4:], Principal(user_id, user_id[4:], role, now_ms() + 1_800_000, 1))
    return LiveHub(
        storage=storage,
        live=live,
        presence=Presence(live.fleet, storage, events, now_ms),
        actions=agent_actions.put_together(storage, ledger, live, Kept(folder), now_ms),
        api_keys=api_keys,
        held_keys=HeldKeys(api_keys),
        store=HeldStore(storage.samples),
        tokens=tokens,
        ticker=Ticker(live, tokens, now_ms),
        events=events,
        clock=clock,
    )


@asynccontextmanager
async def served(hub: LiveHub, patience: Patience = PATIENCE) -> AsyncIterator[None]:
    app = web.Application(middlewares=[errors_as_problems(hub.live.counters.problems)])
    ingest = Ingest(hub.store, now_ms)
    add_live(app, hub.live, _services(hub, ingest, patience))
    hub.runner = web.AppRunner(app, shutdown_timeout=1.0)
    await hub.runner.setup()
    await web.TCPSite(hub.runner, "127.0.0.1", 0).start()
    loops = [
        asyncio.create_task(hub.presence.run(), name="presence"),
        asyncio.create_task(hub.ticker.run(), name="ticker"),
    ]
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{hub.runner.addresses[0][1]}") as http:
            hub.http = http
            yield
            await hub.close_peers()
    finally:
        hub.store.open.set()
        hub.held_keys.open.set()
        await hub.runner.cleanup()
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await hub.presence.flush()
        await hub.actions.close()


def _services(hub: LiveHub, ingest: Ingest, patience: Patience) -> LiveServices:
    return LiveServices(hub.presence, hub.held_keys, ingest, hub.actions, hub.tokens, now_ms, patience)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with open_live_hub(tmp_path / "hub.db") as opened:
        yield opened


@pytest.fixture
async def impatient_hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    """A hub that gives up on its peers within a second."""
    patience = Patience(auth_s=0.3, heartbeat_s=0.3, stall_s=0.3, close_s=0.3)
    async with open_live_hub(tmp_path / "hub.db", patience) as opened:
        yield opened


@pytest.fixture
async def server(hub: LiveHub) -> ServerState:
    return await hub.add_server()


@pytest.fixture
async def key(hub: LiveHub, server: ServerState) -> str:
    return await hub.add_key(server)
