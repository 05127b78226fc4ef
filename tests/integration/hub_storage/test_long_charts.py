"""A chart nobody waits for any more is broken off, and the readers serve others again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.broker.server_state import from_row
from chatops_server.errors import StorageError
from chatops_server.services.access import ServerAccess
from chatops_server.services.history_queries import ChartRequest, HistoryQueries
from chatops_server.storage.sql.servers import ServerRow
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from tests.hub_rows import NOON_MS, add_servers, row

ACCESS = ServerAccess(from_row(ServerRow(1, "srv_1", "web-1", (), "usr_1", NOON_MS)), "admin")
# A label is never answered from memory.
REQUEST = ChartRequest(("disk.percent:/",), 0, NOON_MS + 1, 300)


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    opened = await open_sqlite(tmp_path / "hub.db", now_ms=lambda: NOON_MS)
    await add_servers(opened)
    await opened.samples.append([row(seq) for seq in range(1, 600)])
    yield opened
    await opened.close()


async def test_a_chart_that_takes_too_long_is_broken_off(storage: SqliteStorage) -> None:
    for _ in range(5):
        with pytest.raises(StorageError) as raised:
            await HistoryQueries(storage, within_s=0.0).chart(ACCESS, REQUEST)
        assert "a chart took more than" in raised.value.reason
    [series] = (await HistoryQueries(storage).chart(ACCESS, REQUEST)).series
    assert series.points
