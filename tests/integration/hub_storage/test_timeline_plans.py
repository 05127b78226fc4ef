"""SQLite finds the timeline of one server or kind in an index, not among everybody's events."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.storage.base import Script, Statement, Storage, fetch
from chatops_server.storage.sql.events import EventFilter, EventRow, all_events, events_visible_to
from chatops_server.storage.sqlite.engine import open_sqlite


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    opened = await open_sqlite(tmp_path / "hub.db")
    yield opened
    await opened.close()


def _plan_of(script: Script[list[EventRow]]) -> Script[list[str]]:
    statement = next(script)
    assert isinstance(statement, Statement)
    rows = yield from fetch("EXPLAIN QUERY PLAN " + statement.sql, *statement.params)
    return [str(row[-1]) for row in rows]


@pytest.mark.parametrize(
    ("script", "index"),
    [
        (all_events(EventFilter(server_id="srv_1")), "events_server"),
        (all_events(EventFilter(kind="server")), "events_kind"),
        (events_visible_to("usr_1", EventFilter(server_id="srv_1")), "events_server"),
    ],
)
async def test_a_filter_is_looked_up(storage: Storage, script: Script[list[EventRow]], index: str) -> None:
    plan = await storage.read(_plan_of(script))
    assert f"SEARCH e USING INDEX {index}" in plan[0]
    assert not any("TEMP B-TREE" in step for step in plan)
