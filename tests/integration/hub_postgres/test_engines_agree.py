"""The same life of a hub on SQLite and on PostgreSQL gives the same charts, events and audit."""

import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from chatops_server.domain.audit_chain import AuditEntry
from chatops_server.domain.tiers import DAY_MS, Keep
from chatops_server.storage.base import GapRow, HistoryQuery, Storage
from chatops_server.storage.postgres.address import PostgresUrl
from chatops_server.storage.postgres.engine import Place, open_postgres
from chatops_server.storage.sql.audit import AuditFilter, add_audit, audit_matching
from chatops_server.storage.sql.events import EventFilter, NewEvent, add_event, all_events, events_visible_to
from chatops_server.storage.sqlite.engine import open_sqlite
from tests.hub_rows import HOUR_MS, NOON_MS, Clock, add_servers, row, sample

METRICS = ("cpu.percent", "memory.used", "server.up", "cpu.iowait", "disk.used:/", "disk.used:/var")
KEEP = Keep(raw_days=1, minutes_days=3, ten_minutes_days=9, hours_days=60)
Question = Callable[..., Awaitable[Any]]
STEPS_MS = (0, 5_000, 5_000, 5_000, 20 * 60_000, 3 * HOUR_MS, 11 * HOUR_MS, 3 * DAY_MS)


@pytest.mark.parametrize("seed", range(3))
async def test_a_life_is_told_the_same(address: PostgresUrl, tmp_path: Path, clock: Clock, seed: int) -> None:
    (tmp_path / "sqlite").mkdir()
    storages: list[Storage] = [
        await open_sqlite(tmp_path / "sqlite" / "hub.db", now_ms=clock, keep=KEEP),
        await open_postgres(Place(address, tmp_path / "postgres"), now_ms=clock, keep=KEEP),
    ]
    try:
        for storage in storages:
            clock.now_ms = NOON_MS
            await _live(storage, clock, random.Random(seed))  # noqa: S311 - the same one twice
        for ask in _questions(clock.now_ms, random.Random(seed)):  # noqa: S311 - likewise
            answers = [await ask(storage) for storage in storages]
            assert answers[0] == answers[1]
    finally:
        for storage in storages:
            await storage.close()


async def _live(storage: Storage, clock: Clock, chance: random.Random) -> None:
    await add_servers(storage, 2)
    seqs = {1: 0, 2: 0}
    for step in range(40):
        clock.now_ms += chance.choice(STEPS_MS)
        num = chance.choice((1, 2))
        seqs[num] += 1
        ts_ms = clock.now_ms - chance.choice((0, 0, 900, 5_000, 2 * HOUR_MS, 26 * HOUR_MS))
        if chance.random() < 0.05:
            last = seqs[num] + chance.randrange(9)
            await storage.samples.append([GapRow(num, "e1", seqs[num], last, "spool full", ts_ms)])
            seqs[num] = last
            continue
        disks = ("/", "/var") if chance.random() < 0.5 else ("/",)
        of = sample(seqs[num], ts_ms, cpu=chance.randrange(10_000) / 100, disks=disks)
        made = row(seqs[num], ts_ms, server_num=num)
        await storage.samples.append([type(made)(num, "e1", seqs[num], ts_ms, clock.now_ms, of)])
        event = NewEvent("test", f"step {step} \N{SNOWMAN}", f"srv_{num}", "usr_1", {"step": step})
        await storage.write(add_event(clock.now_ms, event))
        entry = AuditEntry("2026-01-01T12:00:00.000Z", "test", "ok", "usr_1", f"t{step}", f"srv_{num}")
        await storage.write(add_audit(entry))
        if chance.random() < 0.1:
            await storage.samples.seal(clock.now_ms)
            await storage.samples.expire(clock.now_ms)
    await storage.samples.seal(clock.now_ms)


def _questions(now_ms: int, chance: random.Random) -> list[Question]:
    questions: list[Question] = []
    for _ in range(25):
        back_ms = chance.choice((HOUR_MS, 5 * HOUR_MS, DAY_MS, 9 * DAY_MS, 50 * DAY_MS))
        start_ms = now_ms - now_ms % HOUR_MS - back_ms
        asked = HistoryQuery(
            chance.choice((1, 2)), METRICS, start_ms, now_ms + 1, chance.choice((1, 3, 40, 300))
        )
        questions += [
            lambda storage, asked=asked: storage.samples.history(asked),
            lambda storage, asked=asked: storage.samples.coverage(asked),
            lambda storage, asked=asked: storage.samples.moment(asked.server_num, asked.start_ms),
        ]
    return [
        *questions,
        lambda storage: storage.read(all_events(EventFilter(limit=1_000))),
        lambda storage: storage.read(events_visible_to("usr_1", EventFilter(server_id="srv_2"))),
        lambda storage: storage.read(audit_matching(AuditFilter(limit=1_000))),
    ]
