"""Commands, their output and terminals in every storage engine, and how long they are kept."""

from dataclasses import replace

import pytest

from chatops_server.domain.output_chunks import Chunk, packed
from chatops_server.services.commands.retention import drop_commands
from chatops_server.storage.base import ReferenceViolationError, Script, Storage
from chatops_server.storage.sql import command_output as output_sql
from chatops_server.storage.sql import commands as sql
from chatops_server.storage.sql import terminals as terminals_sql
from chatops_server.storage.sql.servers import delete_server
from chatops_server.storage.sql.terminals import NewTerminal, TerminalEnd
from tests.hub_rows import NOON_MS

DAY_MS = 24 * 3600 * 1000
MUCH = 2**40


def ran(name: str, at_ms: int, size: int = 0, *, is_over: bool = True) -> Script[int]:
    new = sql.NewCommand(name, 1, "usr_1", f"echo {name}", (), None, 60.0)
    num = yield from sql.add_command(new, at_ms)
    yield from sql.begin_command(num, at_ms)
    if size:
        body = packed([Chunk(1, "stdout", bytes(size))], 0)
        yield from output_sql.add_part(num, output_sql.PartRow(0, 1, 1, size), body)
    if is_over:
        yield from sql.end_command(num, sql.CommandEnd("succeeded", at_ms, output_bytes=size))
    return num


async def kept(storage: Storage) -> dict[str, tuple[int, bool]]:
    """Return by id how much output is kept, and whether it is said to be truncated."""
    rows = await storage.read(sql.commands_visible_to(None, sql.CommandFilter()))
    found = {}
    for row in rows:
        parts = await storage.read(output_sql.parts(row.num))
        found[row.id] = (sum(part.raw_bytes for part in parts), row.truncated)
    return found


async def test_old_commands_go_with_their_output_and_running_ones_stay(storage: Storage) -> None:
    await storage.write(ran("old", NOON_MS, 100))
    await storage.write(ran("old-running", NOON_MS, is_over=False))
    await storage.write(ran("new", NOON_MS + 2 * DAY_MS, 100))
    await drop_commands(storage, NOON_MS + DAY_MS, MUCH)
    assert await kept(storage) == {"old-running": (0, False), "new": (100, False)}
    assert await storage.read(output_sql.output_bytes()) < 200


async def test_of_too_much_output_the_oldest_goes_and_the_commands_stay(storage: Storage) -> None:
    for number in range(5):
        await storage.write(ran(f"c{number}", NOON_MS, 10_000))
    await drop_commands(storage, 0, 25_000)
    assert await kept(storage) == {
        "c0": (0, True),
        "c1": (0, True),
        "c2": (0, True),
        "c3": (10_000, False),
        "c4": (10_000, False),
    }
    await drop_commands(storage, 0, 0)
    assert {size for size, _ in (await kept(storage)).values()} == {0}


async def test_output_of_what_runs_is_not_taken_away(storage: Storage) -> None:
    await storage.write(ran("running", NOON_MS, 10_000, is_over=False))
    await drop_commands(storage, 0, 0)
    assert await kept(storage) == {"running": (10_000, False)}


async def test_many_old_commands_go_in_short_steps(storage: Storage) -> None:
    for number in range(45):
        await storage.write(ran(f"c{number}", NOON_MS))
    await drop_commands(storage, NOON_MS + 1, MUCH)
    assert await kept(storage) == {}


async def test_a_piece_that_is_written_again_takes_the_place_of_the_first(storage: Storage) -> None:
    num = await storage.write(ran("twice", NOON_MS, 10))
    await storage.write(output_sql.add_part(num, output_sql.PartRow(0, 1, 2, 20), b"body"))
    assert await storage.read(output_sql.parts(num)) == [output_sql.PartRow(0, 1, 2, 20)]
    assert await storage.read(output_sql.part_body(num, 0)) == b"body"
    await storage.write(output_sql.drop_part(num, 0))
    assert await storage.read(output_sql.part_body(num, 0)) is None


async def test_old_terminals_go(storage: Storage) -> None:
    for number, name in enumerate(("old", "open", "new")):
        await storage.write(terminals_sql.add_terminal(NewTerminal(name, 1, "usr_1", NOON_MS + number)))
    await storage.write(terminals_sql.close_terminal("old", TerminalEnd(NOON_MS, "")))
    assert await storage.write(terminals_sql.drop_terminals_before(NOON_MS + 2, 10)) == ["old"]
    left = await storage.read(terminals_sql.terminals_of(None, None, terminals_sql.NEWEST, 10))
    assert [row.id for row in left] == ["new", "open"]


async def test_what_is_listed_is_what_was_asked_for_and_may_be_seen(storage: Storage) -> None:
    for name, server_num, batch_id in (("a", 1, "bat_1"), ("b", 2, None), ("c", 1, None)):
        new = sql.NewCommand(name, server_num, "usr_1", f"Run {name}_%", (), None, 60.0, batch_id)
        await storage.write(sql.add_command(new, NOON_MS))

    async def found(user_id: str | None = None, **wanted: object) -> list[str]:
        asked = replace(sql.CommandFilter(), **wanted)  # type: ignore[arg-type]
        return [row.id for row in await storage.read(sql.commands_visible_to(user_id, asked))]

    assert await found() == ["c", "b", "a"]
    assert await found("usr_1") == ["c", "b", "a"]
    assert await found("usr_stranger") == []
    assert await found(server_id="srv_1") == ["c", "a"]
    assert await found(batch_id="bat_1") == ["a"]
    assert await found(containing="run A") == ["a"]
    assert await found(containing="_%") == ["c", "b", "a"]
    assert await found(containing="__") == []
    assert await found(status="failed") == []
    assert await found(limit=2) == ["c", "b"]
    [row] = await storage.read(sql.commands_visible_to(None, sql.CommandFilter(batch_id="bat_1")))
    assert await found(before=row.num + 1) == ["a"]


async def test_a_deleted_server_takes_its_commands_and_terminals_along(storage: Storage) -> None:
    num = await storage.write(ran("gone", NOON_MS, 10))
    await storage.write(terminals_sql.add_terminal(NewTerminal("trm_1", 1, "usr_1", NOON_MS)))
    await storage.write(delete_server("srv_1"))
    assert await storage.read(sql.command("gone")) is None
    assert await storage.read(output_sql.parts(num)) == []
    assert await storage.read(terminals_sql.terminal("trm_1")) is None
    assert await storage.write(sql.end_command(num, sql.CommandEnd("lost", NOON_MS))) is False
    with pytest.raises(ReferenceViolationError):
        await storage.write(output_sql.add_part(num, output_sql.PartRow(0, 1, 1, 1), b""))


async def test_an_end_is_stored_and_may_be_put_right(storage: Storage) -> None:
    num = await storage.write(ran("a", NOON_MS, is_over=False))
    [row] = await storage.read(sql.running_commands())
    assert (row.id, row.status, row.started_ms) == ("a", "running", NOON_MS)
    await storage.write(sql.end_command(num, sql.CommandEnd("lost", NOON_MS + 1, code="agent_offline")))
    end = sql.CommandEnd(
        "failed",
        NOON_MS + 2,
        exit_code=3,
        message="m",
        output_bytes=2**40,
        truncated=True,
        duration_ms=5,
        preview="é",
        output_sha256="ab",
    )
    await storage.write(sql.end_command(num, end))
    assert await storage.read(sql.running_commands()) == []
    found = await storage.read(sql.command("a"))
    assert found is not None
    assert (found.status, found.exit_code, found.code, found.truncated) == ("failed", 3, None, True)
    assert (found.output_bytes, found.preview, found.finished_ms) == (2**40, "é", NOON_MS + 2)


async def test_a_terminal_is_closed_reopened_and_closed_with_its_hub(storage: Storage) -> None:
    await storage.write(terminals_sql.add_terminal(NewTerminal("trm_1", 1, "usr_1", NOON_MS)))
    await storage.write(terminals_sql.close_terminal("trm_1", TerminalEnd(NOON_MS + 1, "exit", 42)))
    found = await storage.read(terminals_sql.terminal("trm_1"))
    assert found is not None
    assert (found.closed_ms, found.reason, found.recorded_bytes) == (NOON_MS + 1, "exit", 42)
    assert await storage.write(terminals_sql.reopen_terminal("trm_1", None)) == NOON_MS
    assert await storage.write(terminals_sql.reopen_terminal("trm_none", None)) is None
    assert await storage.read(terminals_sql.terminal_owners("srv_1")) == {"trm_1": "usr_1"}
    assert await storage.write(terminals_sql.close_left_terminals(NOON_MS + 2, "restart")) == 1
    assert await storage.read(terminals_sql.terminals_of("usr_2", None, terminals_sql.NEWEST, 10)) == []
    [row] = await storage.read(terminals_sql.terminals_of("usr_1", "srv_1", terminals_sql.NEWEST, 10))
    assert (row.reason, row.closed_ms) == ("restart", NOON_MS + 2)
