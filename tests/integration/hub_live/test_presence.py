"""Who comes and goes is written down, also after the database was away for a while."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.latest_order import Mark
from chatops_server.errors import StorageError
from chatops_server.services.fleet_loading import load_fleet
from chatops_server.services.presence import Bounds, Presence
from chatops_server.storage.base import Script, Storage, execute
from chatops_server.storage.sql.events import NewEvent
from chatops_server.storage.sql.latest import LatestRow, put_latest
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from chatops_wire.agent import AgentInfo, Auth
from tests.broker_builders import NOW_MS, TIMESTAMP, sample, state_of
from tests.deadlines import DEADLINE_S, eventually
from tests.hub_rows import add_servers


class EventLog:
    """Stands for Events: remembers what was recorded, or fails as long as it is told to."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.is_failing = False

    async def record_all(self, events: Sequence[NewEvent]) -> None:
        assert all((event.kind, bool(event.server_id)) == ("connection", True) for event in events)
        if self.is_failing:
            raise StorageError("disk full")
        self.messages += [event.message for event in events]


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[SqliteStorage]:
    opened = await open_sqlite(tmp_path / "hub.db")
    await add_servers(opened, 2)
    yield opened
    await opened.close()


@pytest.fixture
async def fleet(storage: SqliteStorage) -> Fleet:
    loaded = Fleet(lambda _num: ())
    await load_fleet(loaded, storage)
    return loaded


AUTH = Auth(api_key="k", agent=AgentInfo(hostname="web-1"), capabilities=("docker",))


async def _again(storage: Storage) -> Fleet:
    fleet = Fleet(lambda _num: ())
    await load_fleet(fleet, storage)
    return fleet


async def test_a_fresh_fleet_is_loaded_without_news(fleet: Fleet) -> None:
    assert [(state.id, state.name, state.status) for state in fleet] == [
        ("srv_1", "web-1", "never"),
        ("srv_2", "web-2", "never"),
    ]
    assert not fleet.take_changes()


async def test_what_an_agent_told_and_sent_is_there_after_a_restart(
    storage: SqliteStorage, fleet: Fleet
) -> None:
    presence = Presence(fleet, storage, EventLog(), lambda: NOW_MS)
    state = state_of(fleet)
    presence.connected(state, AUTH)
    fleet.observed(state, sample(7, cpu=12.5), Mark("e1", 7), NOW_MS + 5)
    presence.disconnected(state, "test")
    await presence.flush()
    loaded = state_of(await _again(storage))
    assert (loaded.status, loaded.last_seen_ms, loaded.host, loaded.capabilities) == (
        "offline",
        NOW_MS + 5,
        AgentInfo(hostname="web-1"),
        ("docker",),
    )
    assert loaded.latest is not None
    assert (loaded.latest.mark, loaded.latest.sample.cpu.percent) == (Mark("e1", 7), 12.5)


async def test_the_flush_takes_servers_that_are_still_online(storage: SqliteStorage, fleet: Fleet) -> None:
    presence = Presence(fleet, storage, EventLog(), lambda: NOW_MS)
    state = state_of(fleet)
    presence.connected(state, AUTH)
    await presence.flush()
    fleet.observed(state, sample(1), Mark("e1", 1), NOW_MS + 60_000)
    await presence.flush()
    loaded = state_of(await _again(storage))
    assert (loaded.last_seen_ms, loaded.latest is not None) == (NOW_MS + 60_000, True)


async def test_events_come_in_order_and_none_for_a_replaced_session(
    storage: SqliteStorage, fleet: Fleet
) -> None:
    log = EventLog()
    presence = Presence(fleet, storage, log, lambda: NOW_MS)
    state = state_of(fleet)
    presence.connected(state, AUTH)
    presence.connected(state, AUTH)
    presence.disconnected(state, "the connection broke")
    await presence.flush()
    assert log.messages == ["web-1 connected", "web-1 disconnected: the connection broke"]


async def test_a_deleted_server_leaves_nothing_to_write(storage: SqliteStorage, fleet: Fleet) -> None:
    log = EventLog()
    presence = Presence(fleet, storage, log, lambda: NOW_MS)
    state = state_of(fleet)
    presence.connected(state, AUTH)
    fleet.observed(state, sample(1), Mark("e1", 1), NOW_MS)
    await storage.write(_delete("srv_1"))
    await presence.flush()
    fleet.removed("srv_1")
    presence.disconnected(state, "the server was deleted")
    await presence.flush()
    assert log.messages == ["web-1 connected"]
    assert [state.id for state in await _again(storage)] == ["srv_2"]


async def test_what_could_not_be_written_is_written_later(storage: SqliteStorage, fleet: Fleet) -> None:
    log = EventLog()
    log.is_failing = True
    presence = Presence(fleet, storage, log, lambda: NOW_MS, Bounds(retry_after_s=0.01))
    running = asyncio.create_task(presence.run(), name="presence")
    presence.connected(state_of(fleet), AUTH)
    presence.connected(state_of(fleet, "srv_2"), AUTH)
    await eventually(lambda: presence.failure)
    log.is_failing = False
    await eventually(lambda: log.messages == ["web-1 connected", "web-2 connected"])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert presence.failure is None


async def test_a_server_that_stays_online_is_written_down_now_and_then(
    storage: SqliteStorage, fleet: Fleet
) -> None:
    presence = Presence(fleet, storage, EventLog(), lambda: NOW_MS, Bounds(flush_every_s=0.02))
    running = asyncio.create_task(presence.run(), name="presence")
    state = state_of(fleet)
    presence.connected(state, AUTH)
    fleet.observed(state, sample(3), Mark("e1", 3), NOW_MS + 9)

    async def is_stored() -> bool:
        return state_of(await _again(storage)).last_seen_ms == NOW_MS + 9

    await eventually(is_stored)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_events_that_cannot_be_written_do_not_fill_the_memory(
    storage: SqliteStorage, fleet: Fleet
) -> None:
    log = EventLog()
    presence = Presence(fleet, storage, log, lambda: NOW_MS, Bounds(max_events=3))
    state = state_of(fleet)
    for reason in "ab":
        presence.connected(state, AUTH)
        presence.disconnected(state, reason)
    await presence.flush()
    assert log.messages == ["web-1 disconnected: a", "web-1 connected", "web-1 disconnected: b"]


async def test_a_stored_sample_of_another_version_does_not_stop_the_hub(storage: SqliteStorage) -> None:
    await storage.write(put_latest(LatestRow(1, "e1", 1, NOW_MS, b'{"timestamp":"only"}')))
    assert state_of(await _again(storage)).latest is None


async def test_a_stored_live_sample_stays_a_live_one(storage: SqliteStorage) -> None:
    body = b'{"timestamp":"%b","cpu":{"percent":1},"memory":{"total":1,"used":1,"percent":100}}'
    await storage.write(put_latest(LatestRow(1, "e1", 9, NOW_MS, body % TIMESTAMP.encode())))
    latest = state_of(await _again(storage)).latest
    assert latest is not None
    assert latest.mark == Mark("e1", 9, is_live=True)


def _delete(server_id: str) -> Script[int]:
    return (yield from execute("DELETE FROM servers WHERE id = $1", server_id))


async def test_the_newest_sample_of_one_that_stays_online_is_written_less_often(
    storage: SqliteStorage, fleet: Fleet
) -> None:
    bounds = Bounds(flush_every_s=0.01, samples_every=10**9)
    presence = Presence(fleet, storage, EventLog(), lambda: NOW_MS, bounds)
    running = asyncio.create_task(presence.run(), name="presence")
    state = state_of(fleet)
    presence.connected(state, AUTH)
    fleet.observed(state, sample(1), Mark("e1", 1), NOW_MS + 1)

    async def stored(seen_ms: int) -> int | None:
        """Return the newest stored sequence once the server was seen then."""
        loaded = state_of(await _again(storage))
        if loaded.last_seen_ms != seen_ms or loaded.latest is None:
            return None
        return loaded.latest.mark.seq

    async def is_stored(seq: int, seen_ms: int) -> None:
        while await stored(seen_ms) != seq:
            continue

    await asyncio.wait_for(is_stored(1, NOW_MS + 1), DEADLINE_S)
    fleet.observed(state, sample(2), Mark("e1", 2), NOW_MS + 2)
    await asyncio.wait_for(is_stored(1, NOW_MS + 2), DEADLINE_S)
    presence.disconnected(state, "test")
    await asyncio.wait_for(is_stored(2, NOW_MS + 2), DEADLINE_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_now_and_then_the_newest_sample_is_written_too(storage: SqliteStorage, fleet: Fleet) -> None:
    bounds = Bounds(flush_every_s=0.01, samples_every=2)
    presence = Presence(fleet, storage, EventLog(), lambda: NOW_MS, bounds)
    running = asyncio.create_task(presence.run(), name="presence")
    state = state_of(fleet)
    presence.connected(state, AUTH)
    for seq in (1, 2, 3):
        fleet.observed(state, sample(seq), Mark("e1", seq), NOW_MS + seq)
        async with asyncio.timeout(DEADLINE_S):
            while (loaded := state_of(await _again(storage))).latest is None or loaded.latest.mark.seq != seq:
                continue
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
