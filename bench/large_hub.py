"""A hub with any number of servers, made ready in seconds: rows and keys go straight into its database."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from bench.programs import listening, post
from chatops_server.storage.base import Script, fetch_one
from chatops_server.storage.sql.api_keys import KeyRow, add_key
from chatops_server.storage.sql.servers import ServerRow, add_server
from chatops_server.storage.sqlite.engine import open_sqlite
from chatops_wire import keys

USERNAME: Final = "admin"
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class LargeHub:
    """Where its data lies, who may log in, and what its agents hold."""

    data_dir: Path
    password: str
    port: int
    server_ids: tuple[str, ...]
    keys: tuple[str, ...]

    @contextlib.contextmanager
    def running(self) -> Iterator[tuple[str, int]]:
        """Run it; yield its URL and process id."""
        with _hub(self.data_dir, self.password, self.port) as (url, pid):
            yield url, pid

    def token(self, url: str) -> str:
        """Log in."""
        return _token(url, self.password)


def made(data_dir: Path, servers: int) -> LargeHub:
    """Make a hub that has so many servers, each with a key."""
    password = secrets.token_urlsafe()
    with _hub(data_dir, password, 0) as (url, _):
        port = int(url.rpartition(":")[2])
        _token(url, password)
    ids, texts = asyncio.run(_filled(data_dir / "hub.db", servers))
    return LargeHub(data_dir, password, port, tuple(ids), tuple(texts))


@contextlib.contextmanager
def _hub(data_dir: Path, password: str, port: int) -> Iterator[tuple[str, int]]:
    command = ["chatops_server", "run", "--port", str(port), "--data-dir", str(data_dir)]
    with listening(command, {"CHATOPS_ADMIN_PASSWORD": password}) as found:
        yield found


def _token(url: str, password: str) -> str:
    login: dict[str, Any] = post(url, "/auth/login", {"username": USERNAME, "password": password})
    return str(login["access_token"])


async def _filled(database: Path, servers: int) -> tuple[list[str], list[str]]:
    storage = await open_sqlite(database)
    ids: list[str] = []
    texts: list[str] = []
    try:
        for first in range(0, servers, _AT_ONCE):
            some = await storage.write(_servers(range(first, min(first + _AT_ONCE, servers))))
            ids += [server_id for server_id, _ in some]
            texts += [text for _, text in some]
    finally:
        await storage.close()
    return ids, texts


def _servers(numbers: range) -> Script[list[tuple[str, str]]]:
    owner = yield from fetch_one("SELECT id FROM users WHERE username = $1", USERNAME)
    if owner is None:
        raise RuntimeError("the hub has no admin")
    now_ms = time.time_ns() // 1_000_000
    made_now = []
    for number in numbers:
        server_id = f"srv_bench{number}"
        row = ServerRow(0, server_id, f"bench-{number}", (), owner[0], now_ms, None, None, ())
        num = yield from add_server(row)
        key = keys.make(secrets.token_bytes(keys.ID_BYTES + keys.SECRET_BYTES))
        secret_hash = sha256(key.secret.encode()).hexdigest()
        yield from add_key(KeyRow(key.id, num, server_id, "bench", key.prefix, secret_hash, now_ms))
        made_now.append((server_id, key.text))
    return made_now
