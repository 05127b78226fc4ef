"""Scripts: one transaction, on every engine."""

import asyncio

import pytest

from chatops_server.errors import StorageError
from chatops_server.storage.base import (
    Bulk,
    ReferenceViolationError,
    Script,
    Storage,
    UniqueViolationError,
    execute,
    fetch,
    fetch_one,
)
from tests.deadlines import eventually


def rename(number: int, name: str) -> Script[int]:
    return (yield from execute("UPDATE servers SET name = $2 WHERE num = $1", number, name))


def name_of(number: int) -> Script[str]:
    row = yield from fetch_one("SELECT name FROM servers WHERE num = $1", number)
    assert row is not None
    return str(row[0])


def names() -> Script[list[str]]:
    return [row[0] for row in (yield from fetch("SELECT name FROM servers ORDER BY num"))]


async def test_a_script_returns_what_it_decides(storage: Storage) -> None:
    assert await storage.write(rename(1, "db-1")) == 1
    assert await storage.write(rename(99, "db-1")) == 0
    assert await storage.read(name_of(1)) == "db-1"


async def test_a_parameter_may_be_named_twice_and_in_any_order(storage: Storage) -> None:
    [row] = await storage.read(fetch("SELECT $2, $1, $2", "a", "b"))
    assert tuple(row) == ("b", "a", "b")


async def test_a_missing_row_is_none(storage: Storage) -> None:
    assert await storage.read(fetch_one("SELECT 1 FROM servers WHERE num = $1", 99)) is None


async def test_an_error_of_the_script_rolls_it_back_and_comes_out(storage: Storage) -> None:
    def half() -> Script[None]:
        yield from rename(1, "half")
        raise LookupError("half way")

    with pytest.raises(LookupError, match="half way"):
        await storage.write(half())
    assert await storage.read(name_of(1)) == "web-1"


async def test_a_taken_value_is_a_unique_violation(storage: Storage) -> None:
    with pytest.raises(UniqueViolationError):
        await storage.write(rename(1, "web-2"))


async def test_a_row_that_is_gone_or_needed_is_a_reference_violation(storage: Storage) -> None:
    insert = "INSERT INTO grants (server_num, user_id, role, created_ms) VALUES ($1, $2, 'viewer', 0)"
    with pytest.raises(ReferenceViolationError):
        await storage.write(execute(insert, 99, "usr_1"))
    with pytest.raises(ReferenceViolationError):
        await storage.write(execute("DELETE FROM users WHERE id = $1", "usr_1"))


async def test_sql_that_is_wrong_is_a_storage_error_of_its_script_alone(storage: Storage) -> None:
    with pytest.raises(StorageError):
        await storage.write(execute("SELECT nothing FROM nowhere"))
    with pytest.raises(StorageError):
        await storage.read(fetch("SELECT nothing FROM nowhere"))
    assert await storage.check() == "ok"


async def test_one_failing_script_does_not_hurt_those_beside_it(storage: Storage) -> None:
    async def tried(name: str) -> bool:
        try:
            await storage.write(rename(2, name))
        except UniqueViolationError:
            return False
        return True

    # Most of them queue while the writer commits the first.
    results = await asyncio.gather(*(tried("web-1" if at % 2 else f"n{at}") for at in range(60)))
    assert results == [True, False] * 30
    assert await storage.read(names()) == ["web-1", "n58"]


async def test_a_bulk_statement_takes_many_rows(storage: Storage) -> None:
    def many() -> Script[int]:
        outcome = yield Bulk(
            "INSERT INTO grants (server_num, user_id, role, created_ms) VALUES ($1, $2, $3, $4)",
            [(number, "usr_1", "viewer", 0) for number in (1, 2)],
        )
        return outcome.changed

    assert await storage.write(many()) == 2


async def test_a_reading_script_sees_one_snapshot(storage: Storage) -> None:
    loop = asyncio.get_running_loop()

    def twice() -> Script[tuple[str, str]]:
        before = yield from name_of(1)
        changed.append(loop.create_task(storage.write(rename(1, "db-1"))))
        for _ in range(20):
            yield from fetch("SELECT 1")
        return before, (yield from name_of(1))

    changed: list[asyncio.Task[int]] = []
    assert await storage.read(twice()) == ("web-1", "web-1")
    await changed[0]
    assert await storage.read(name_of(1)) == "db-1"


async def test_a_reading_script_cannot_write(storage: Storage) -> None:
    with pytest.raises(StorageError):
        await storage.read(rename(1, "db-1"))
    assert await storage.read(name_of(1)) == "web-1"


async def test_cancelling_the_caller_does_not_cut_a_write_in_half(storage: Storage) -> None:
    def two() -> Script[None]:
        yield from rename(1, "db-1")
        yield from rename(2, "db-2")

    for _ in range(20):
        writing = asyncio.create_task(storage.write(two()))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait({writing})
        assert await storage.read(names()) in (["web-1", "web-2"], ["db-1", "db-2"])
        await storage.write(rename(1, "web-1"))
        await storage.write(rename(2, "web-2"))


async def test_a_cancelled_read_leaves_its_connection_usable(storage: Storage) -> None:
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    for _ in range(5):
        reading = asyncio.create_task(storage.read(fetch(endless)))
        done, _ = await asyncio.wait({reading}, timeout=0.02)
        assert not done
        reading.cancel()
        await asyncio.wait({reading})
    await asyncio.gather(*(storage.read(names()) for _ in range(10)))


async def test_what_is_queued_when_it_closes_is_committed(storage: Storage) -> None:
    writing = asyncio.create_task(storage.write(rename(1, "db-1")))
    await asyncio.sleep(0)
    await storage.close()
    assert await writing == 1


async def test_a_closed_database_says_so(storage: Storage) -> None:
    await storage.close()
    await storage.close()
    with pytest.raises(StorageError):
        await storage.read(names())
    with pytest.raises(StorageError):
        await storage.write(rename(1, "db-1"))
    assert await storage.check() != "ok"


async def test_the_audit_log_cannot_be_changed(storage: Storage) -> None:
    await storage.write(
        execute(
            "INSERT INTO audit (ts_ms, action, result, prev_hash, hash) VALUES (0, 'a', 'ok', '', 'h')",
        )
    )
    with pytest.raises(StorageError):
        await storage.write(execute("UPDATE audit SET action = 'b'"))
    with pytest.raises(StorageError):
        await storage.write(execute("DELETE FROM audit"))


async def test_deleting_a_server_takes_what_belongs_to_it(storage: Storage) -> None:
    await storage.write(
        execute(
            "INSERT INTO api_keys (id, server_num, secret_hash, prefix, created_ms)"
            " VALUES ('k', 1, '', '', 0)"
        )
    )
    await storage.write(
        execute("INSERT INTO events (ts_ms, kind, server_id, message) VALUES (0, 'connection', 'srv_1', 'm')")
    )
    await storage.write(execute("DELETE FROM servers WHERE num = 1"))
    assert await storage.read(fetch("SELECT id FROM api_keys")) == []
    assert len(await storage.read(fetch("SELECT id FROM events"))) == 1


async def test_user_names_differ_by_more_than_case(storage: Storage) -> None:
    with pytest.raises(UniqueViolationError):
        await storage.write(
            execute(
                "INSERT INTO users (id, username, password_hash, role, created_ms)"
                " VALUES ('usr_2', 'ANN', '-', 'viewer', 0)"
            )
        )


async def test_the_check_waits_for_nobody(storage: Storage) -> None:
    assert await eventually(storage.check) == "ok"


async def test_a_hub_that_is_alone_leads(storage: Storage) -> None:
    assert await storage.try_lead("anything")
    assert await storage.try_lead("anything")
