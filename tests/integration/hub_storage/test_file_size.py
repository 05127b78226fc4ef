"""The file stops growing: what is dropped makes room, and what is too much goes back to the file system."""

from pathlib import Path

from chatops_server.domain.tiers import Keep
from chatops_server.storage.base import Script, execute, fetch
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from tests.deadlines import eventually
from tests.hub_rows import HOUR_MS, NOON_MS, add_servers, row

KEEP = Keep(raw_days=1, minutes_days=1, ten_minutes_days=1, hours_days=1)


async def pages(storage: SqliteStorage) -> tuple[int, int]:
    [(count,)] = await storage.read(fetch("PRAGMA page_count"))
    [(free,)] = await storage.read(fetch("PRAGMA freelist_count"))
    return count, free


def _ballast(megabytes: int) -> Script[None]:
    yield from execute("CREATE TABLE ballast (body BLOB)")
    for _ in range(megabytes):
        yield from execute("INSERT INTO ballast VALUES (zeroblob(1000000))")


async def test_many_free_pages_are_given_back_and_some_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "chatops.db"
    storage = await open_sqlite(path, now_ms=lambda: NOON_MS)
    try:
        await storage.write(_ballast(40))
        before, _ = await pages(storage)
        await storage.write(execute("DROP TABLE ballast"))

        async def is_smaller() -> bool:
            # Each hundred commits or so a few pages go.
            for _ in range(20):
                await storage.write(execute("UPDATE servers SET name = name"))
            count, free = await pages(storage)
            return count < before - 5_000 and free <= 4_096

        await eventually(is_smaller)
        [(integrity,)] = await storage.read(fetch("PRAGMA integrity_check"))
        assert integrity == "ok"
    finally:
        await storage.close()
    assert path.stat().st_size < 20_000_000


async def test_days_of_samples_take_the_room_of_the_first_one(tmp_path: Path) -> None:
    now_ms, sizes = NOON_MS, []
    storage = await open_sqlite(tmp_path / "chatops.db", now_ms=lambda: now_ms, keep=KEEP)
    try:
        await add_servers(storage)
        seq = 0
        for _ in range(8):
            for _ in range(6):
                now_ms += 6 * HOUR_MS
                await storage.samples.append(
                    [row(seq + at, now_ms + at * 1_000, cpu=float(at % 97)) for at in range(1, 700)]
                )
                seq += 699
                await storage.samples.seal(now_ms)
                await storage.samples.expire(now_ms)
            sizes.append((await pages(storage))[0])
    finally:
        await storage.close()
    assert max(sizes[2:]) <= 1.1 * sizes[1]
