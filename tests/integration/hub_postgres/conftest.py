"""A database of its own for each test, and hubs' storages on it."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.engine import Place, PostgresStorage, open_postgres
from tests.hub_rows import Clock
from tests.postgres_server import PostgresServer

Opener = Callable[[], Awaitable[PostgresStorage]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def address(postgres_server: PostgresServer) -> Iterator[PostgresUrl]:
    with postgres_server.database() as made:
        yield made


@pytest.fixture
async def another_hub(address: PostgresUrl, tmp_path: Path, clock: Clock) -> AsyncIterator[Opener]:
    """Opens the database as one more hub does; all are closed in the end."""
    opened: list[PostgresStorage] = []
    numbers = itertools.count()

    async def hub() -> PostgresStorage:
        storage = await open_postgres(Place(address, tmp_path / f"hub-{next(numbers)}"), now_ms=clock)
        opened.append(storage)
        return storage

    yield hub
    for storage in opened:
        await storage.close()
