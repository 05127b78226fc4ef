"""Commands while the disk takes nothing: told, retried, and nobody waits for ever."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.domain.permissions import Principal
from chatops_server.errors import StorageError
from chatops_server.services.access import Caller
from chatops_server.services.commands.commands import Commands
from chatops_server.services.commands.keeper import Patience
from chatops_server.services.events import Events
from chatops_server.services.ledger import Ledger
from chatops_server.storage.base import SampleStore, Script, Storage, WriterLoad
from chatops_server.storage.spool import Spool
from chatops_server.storage.sql.servers import all_servers
from chatops_server.storage.sqlite.engine import open_sqlite
from chatops_wire.commands import CHUNK_BYTES, CommandOutput, CommandResponse
from chatops_wire.rest import EventView
from chatops_wire.rest_commands import CommandCreate
from tests.deadlines import eventually
from tests.hub_rows import add_servers

T = TypeVar("T")
ADMIN = Principal("usr_1", "ann", "admin", 2**62, 1)
CALLER = Caller(ADMIN, "127.0.0.1")
HURRIED = Patience(disk_s=0.01, disk_attempts=5)
CHUNK = b"x" * CHUNK_BYTES


class FullDisk:
    """A Storage that takes nothing while it is full."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.is_full = False
        self.refused = 0

    @property
    def samples(self) -> SampleStore:
        return self._inner.samples

    @property
    def load(self) -> WriterLoad:
        return self._inner.load

    async def read(self, script: Script[T]) -> T:
        return await self._inner.read(script)

    async def write(self, script: Script[T]) -> T:
        if self.is_full:
            self.refused += 1
            script.close()
            raise StorageError("the disk is full")
        return await self._inner.write(script)

    async def try_lead(self, name: str) -> bool:
        return await self._inner.try_lead(name)

    async def check(self) -> str:
        return await self._inner.check()

    async def close(self) -> None:
        await self._inner.close()


class NoFiles:
    """Files on a disk that takes none."""

    def __init__(self) -> None:
        self.refused = 0

    async def put(self, name: str, body: bytes) -> None:
        del name, body
        self.refused += 1
        raise OSError(28, "No space left on device")

    async def get(self, name: str) -> bytes:
        raise FileNotFoundError(name)

    async def drop(self, *names: str) -> None:
        del names


class _NobodyListens:
    def event_recorded(self, event: EventView) -> None:
        del event


@dataclass
class Bench:
    storage: FullDisk
    commands: Commands
    session: AgentSession

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Return what the agent was sent of this type, since the last look."""
        frames = [msgspec.json.decode(frame) for frame in self.session.outbox.take()]
        return [frame for frame in frames if frame["type"] == kind]

    async def begin(self, **more: Any) -> str:  # noqa: ANN401 - fields of an order
        order = CommandCreate(server_id="srv_1", command="make", wait=False, **more)
        return await self.commands.run(order, ADMIN, CALLER)

    async def say(self, command_id: str, seq: int, data: bytes = CHUNK) -> None:
        message = CommandOutput(command_id=command_id, seq=seq, stream="stdout", data=data)
        await self.commands.hear(self.session, message)

    async def end(self, command_id: str) -> None:
        await self.commands.hear(self.session, CommandResponse(command_id=command_id, status="succeeded"))

    async def shown(self, command_id: str) -> dict[str, Any]:
        history = self.commands.history
        row = await history.row(ADMIN, command_id)
        return dict(msgspec.json.decode(b"".join([piece async for piece in history.whole(row)])))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def open_bench(folder: Path, files: NoFiles | Spool) -> AsyncIterator[Bench]:
    opened = await open_sqlite(folder / "hub.db")
    await add_servers(opened)
    storage = FullDisk(opened)
    fleet, sessions = Fleet(lambda _num: ()), AgentSessions()
    [row] = await opened.read(all_servers())
    session = AgentSession(fleet.added(row), "key", 1, lambda: False)
    with sessions.attempt() as attempt:
        sessions.register(session, attempt)
    ledger = Ledger(storage, Events(storage, _NobodyListens(), _now_ms), _now_ms)
    commands = Commands(storage, ledger, (fleet, sessions, files, ActionCounts(), None), _now_ms, HURRIED)
    try:
        yield Bench(storage, commands, session)
    finally:
        await commands.close()
        await opened.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    spool = Spool(tmp_path / "spool")
    await spool.open()
    async with open_bench(tmp_path, spool) as opened:
        yield opened


async def test_what_cannot_be_written_down_is_not_sent(bench: Bench) -> None:
    bench.storage.is_full = True
    with pytest.raises(StorageError):
        await bench.begin()
    assert bench.sent("command") == []


async def test_a_result_is_stored_once_the_disk_takes_it(bench: Bench) -> None:
    command_id = await bench.begin()
    await bench.say(command_id, 1, b"done")
    bench.storage.is_full = True
    await bench.end(command_id)
    await eventually(lambda: bench.storage.refused >= 2)
    assert bench.sent("command_forget") == []
    bench.storage.is_full = False

    async def is_stored() -> bool:
        shown = await bench.shown(command_id)
        return (shown["status"], shown["output"]) == ("succeeded", "done")

    await eventually(is_stored)
    await eventually(lambda: bench.sent("command_forget"))


async def test_a_result_that_is_never_stored_stays_with_the_agent_and_nobody_waits(bench: Bench) -> None:
    command_id = await bench.begin()
    row = await bench.commands.history.row(ADMIN, command_id)
    bench.storage.is_full = True

    async def follow() -> list[Any]:
        return [item async for item in bench.commands.history.followed(row)]

    following = asyncio.create_task(follow())
    await bench.end(command_id)
    [finished] = await following
    assert finished.status == "succeeded"
    assert bench.sent("command_forget") == []
    assert (await bench.shown(command_id))["status"] == "running"


async def test_no_more_is_asked_for_while_nothing_can_be_put_aside(bench: Bench) -> None:
    command_id = await bench.begin(max_output=2**30)
    bench.storage.is_full = True
    bench.sent("command")
    granted, seq = 0, 0
    for seq in range(1, 129):
        await bench.say(command_id, seq)
        granted += sum(credit["bytes"] for credit in bench.sent("command_credit"))
    await eventually(lambda: bench.storage.refused > 0)
    assert granted < 3 * 1024 * 1024
    bench.storage.is_full = False
    await eventually(lambda: bench.sent("command_credit"))
    await bench.say(command_id, seq + 1, b"end")
    await bench.end(command_id)

    async def is_whole() -> bool:
        shown = await bench.shown(command_id)
        return bool(shown["status"] == "succeeded" and len(shown["output"]) == 128 * CHUNK_BYTES + 3)

    await eventually(is_whole)


async def test_output_that_no_file_takes_is_missing_and_said_to_be(tmp_path: Path) -> None:
    files = NoFiles()
    async with open_bench(tmp_path, files) as bench:
        command_id = await bench.begin(max_output=2**30)
        for seq in range(1, 400):
            await bench.say(command_id, seq)
            await asyncio.sleep(0)
        await bench.end(command_id)

        async def is_over() -> bool:
            return bool((await bench.shown(command_id))["status"] == "succeeded")

        await eventually(is_over)
        shown = await bench.shown(command_id)
        assert files.refused > 0
        assert shown["truncated"] is True
        assert shown["output_bytes"] == 399 * CHUNK_BYTES
        assert 7 * 1024 * 1024 < len(shown["output"]) < 399 * CHUNK_BYTES


async def test_numbers_beyond_any_bound_are_cut_to_what_a_database_takes(bench: Bench) -> None:
    command_id = await bench.begin()
    response = CommandResponse(
        command_id=command_id,
        status="failed",
        exit_code=-(2**200),
        signal=2**200,
        duration_ms=-5,
        output_bytes=2**200,
        code="x" * 100,
        message="y" * 5000,
    )
    await bench.commands.hear(bench.session, response)

    async def is_over() -> bool:
        return bool((await bench.shown(command_id))["status"] == "failed")

    await eventually(is_over)
    shown = await bench.shown(command_id)
    assert (shown["exit_code"], shown["signal"]) == (-(2**63), 2**63 - 1)
    assert (shown["duration_ms"], shown["output_bytes"]) == (0, 2**63 - 1)
    assert (len(shown["code"]), len(shown["message"])) == (64, 1000)
