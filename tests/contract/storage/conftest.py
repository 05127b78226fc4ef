"""Every storage engine, one after the other."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from chatops_server.storage.base import Storage
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.engine import Place, open_postgres
from chatops_server.storage.sqlite.engine import open_sqlite
from tests.hub_rows import Clock, add_servers


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | PostgresUrl]:
    """Where an empty database is."""
    if request.param == "sqlite":
        yield tmp_path / "chatops.db"
        return
    server = request.getfixturevalue("postgres_server")
    with server.database() as address:
        yield address


@pytest.fixture
async def storage(
    database: Path | PostgresUrl, tmp_path: Path, clock: Callable[[], int]
) -> AsyncIterator[Storage]:
    """An empty database with servers 1 and 2."""
    opened: Storage
    if isinstance(database, PostgresUrl):
        opened = await open_postgres(Place(database, tmp_path), now_ms=clock)
    else:
        opened = await open_sqlite(database, now_ms=clock)
    await add_servers(opened, 2)
    yield opened
    await opened.close()
