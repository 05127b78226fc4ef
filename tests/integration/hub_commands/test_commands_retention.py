"""How long commands are kept, and how much of their output; and files that do not outlive the hub."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chatops_server.domain.output_chunks import Chunk, packed
from chatops_server.services.commands.retention import drop_commands
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.spool import Spool
from chatops_server.storage.sql import command_output as output_sql
from chatops_server.storage.sql import commands as sql
from chatops_server.storage.sql import terminals as terminals_sql
from chatops_server.storage.sqlite.engine import open_sqlite
from tests.hub_rows import NOON_MS, add_servers

DAY_MS = 24 * 3600 * 1000
MUCH = 2**40


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    opened = await open_sqlite(tmp_path / "hub.db")
    await add_servers(opened)
    yield opened
    await opened.close()


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
        await storage.write(terminals_sql.add_terminal(name, 1, "usr_1", NOON_MS + number))
    await storage.write(terminals_sql.close_terminal("old", NOON_MS, "", None))
    assert await storage.write(terminals_sql.drop_terminals_before(NOON_MS + 2, 10)) == ["old"]
    left = await storage.read(terminals_sql.terminals_of(None, None, terminals_sql.NEWEST, 10))
    assert [row.id for row in left] == ["new", "open"]


async def test_the_spool_holds_files_of_this_hub_only(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "spool"
    spool = Spool(folder)
    await spool.open()
    await spool.put("a", b"one")
    await spool.put("a", b"two")
    assert await spool.get("a") == b"two"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
    await spool.drop("a", "never there")
    with pytest.raises(FileNotFoundError):
        await spool.get("a")
    await spool.put("b", b"left behind")
    await Spool(folder).open()
    assert list(folder.iterdir()) == []
