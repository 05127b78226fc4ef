"""Every storage engine, one after the other."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chatops_server.storage.base import Storage
from chatops_server.storage.sqlite.engine import open_sqlite
from tests.hub_rows import NOON_MS, add_servers


class Clock:
    """The hub's clock, put forward by hand."""

    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite"])
async def storage(tmp_path: Path, clock: Callable[[], int]) -> AsyncIterator[Storage]:
    """An empty database with servers 1 and 2."""
    opened = await open_sqlite(tmp_path / "chatops.db", now_ms=clock)
    await add_servers(opened, 2)
    yield opened
    await opened.close()
