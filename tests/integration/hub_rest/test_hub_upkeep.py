"""What the hub does by itself: says whether it can work, and drops what is over."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.domain.keeping import Terms
from chatops_server.domain.tiers import DAY_MS
from chatops_server.services.events import Events
from chatops_server.services.keeping import KeepingTerms
from chatops_server.services.ledger import Ledger
from chatops_server.services.readiness import ReadinessChecks, disk_check, storing_check
from chatops_server.services.refresh_tokens import REFRESH_TOKEN_MS, first_of_family
from chatops_server.services.retention import Retention
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import users as users_sql
from chatops_server.storage.sql.events import EventFilter, NewEvent, add_event, all_events
from chatops_server.storage.sql.users import RefreshRow, UserRow
from chatops_server.storage.sqlite.engine import open_sqlite
from chatops_wire.rest import EventView

_KEEP_EVENTS_MS = Terms().events_days * DAY_MS


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = await open_sqlite(tmp_path / "hub.db")
    yield storage
    await storage.close()


class _Deaf:
    def event_recorded(self, event: EventView) -> None:
        pass


def _keeping(storage: Storage) -> KeepingTerms:
    ledger = Ledger(storage, Events(storage, _Deaf(), lambda: 0), lambda: 0)
    return KeepingTerms(storage, ledger, Terms())


async def _ok() -> str:
    return "ok"


async def _broken() -> str:
    return "out of order"


async def test_a_needed_part_that_fails_makes_it_unavailable() -> None:
    ready = await ReadinessChecks({"database": _broken, "disk": _ok}, {"bus": _ok}).ask()
    assert ready.status == "unavailable"
    assert ready.checks == {"database": "out of order", "disk": "ok", "bus": "ok"}


async def test_an_optional_part_that_fails_only_degrades_it() -> None:
    assert (await ReadinessChecks({"database": _ok}, {"bus": _broken}).ask()).status == "degraded"
    assert (await ReadinessChecks({"database": _ok}, {"bus": _ok}).ask()).status == "ok"


async def test_the_disk_is_asked_for_room(tmp_path: Path) -> None:
    assert await disk_check(tmp_path)() == "ok"
    assert "MiB free" in await disk_check(tmp_path, min_free_bytes=2**60)()
    assert "cannot be read" in await disk_check(tmp_path / "gone")()


async def test_samples_that_are_not_stored_are_told_with_the_reason() -> None:
    failures: list[str | None] = [None, "database or disk is full"]
    check = storing_check("samples", lambda: failures.pop(0))
    assert await check() == "ok"
    assert await check() == "samples are not stored: database or disk is full"


async def test_what_is_over_is_dropped_and_the_rest_stays(storage: Storage) -> None:
    now_ms = 10 * _KEEP_EVENTS_MS
    user = UserRow("usr_1", "ann", "viewer", active=True, token_version=1, created_ms=0)
    old, new = (
        first_of_family(text, user.id, now_ms - age) for text, age in (("a", REFRESH_TOKEN_MS), ("b", 0))
    )
    await storage.write(_filled(user, (old, new), (now_ms - _KEEP_EVENTS_MS - 1, now_ms)))
    await Retention(storage, _keeping(storage), lambda: now_ms).drop()
    assert await storage.read(users_sql.refresh_token(old.id)) is None
    assert await storage.read(users_sql.refresh_token(new.id)) == new
    assert [row.ts_ms for row in await storage.read(all_events(EventFilter()))] == [now_ms]


def _filled(user: UserRow, tokens: tuple[RefreshRow, ...], events_at: tuple[int, ...]) -> Script[None]:
    yield from users_sql.add_user(user, "no hash")
    for token in tokens:
        yield from users_sql.add_refresh_token(token)
    for at_ms in events_at:
        yield from add_event(at_ms, NewEvent("login", "ann logged in"))


async def test_retention_goes_on_until_it_is_cancelled(storage: Storage) -> None:
    running = asyncio.create_task(Retention(storage, _keeping(storage), lambda: 0).run())
    await storage.write(add_event(0, NewEvent("login", "ann logged in")))
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_event_is_told_after_it_was_stored(storage: Storage) -> None:
    told: list[EventView] = []

    class Listener:
        def event_recorded(self, event: EventView) -> None:
            told.append(event)

    events = Events(storage, Listener(), lambda: 1000)
    view = await events.record("connection", "web-1 connected", server_id="srv_1", data={"a": 1})
    assert told == [view]
    [row] = await storage.read(all_events(EventFilter()))
    assert (str(row.id), row.event.message, row.event.data) == (view.id, "web-1 connected", {"a": 1})
    await storage.close()
    with pytest.raises(Exception, match="unavailable"):
        await events.record("connection", "web-1 disconnected")
    assert told == [view]
