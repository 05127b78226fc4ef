"""What the agent remembers of its runs, for how long, and what it forgets first."""

import asyncio
import stat
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from chatops_agent.actions.commands.registry import KEEP_S, Allowed, Clocks, Commands
from chatops_agent.actions.commands.seen import MOST, SeenFile
from chatops_agent.actions.rota import Rota
from chatops_agent.actions.workshop import Containment, Workshop
from chatops_wire.commands import Command, CommandAttach, CommandResponse
from tests.deadlines import eventually

DAY_S = 86_400.0


class Memory:
    """Commands under a clock that the test sets."""

    def __init__(self, folder: Path | None = None) -> None:
        self.now = 1000.0
        self.rota = Rota(lambda: None)
        self.tasks: list[asyncio.Task[None]] = []
        self.shop = Workshop(self.rota, self._begin)
        clocks = Clocks(lambda: round(self.now * 1000), lambda: self.now)
        self.commands = Commands(self.shop, clocks, Allowed(at_all=True), folder)

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.create_task(work, name=name))

    async def run(self, command_id: str, command: str = "true") -> CommandResponse:
        self.commands.handle(Command(command_id=command_id, command=command))
        return await self.told()

    async def told(self) -> CommandResponse:
        """Take messages up to the next result, and let its task end."""

        def result() -> CommandResponse | None:
            while (message := self.rota.next_message()) is not None:
                if isinstance(message, CommandResponse):
                    return message
            return None

        found = await eventually(result)
        await asyncio.gather(*self.tasks)
        assert isinstance(found, CommandResponse)
        return found

    async def attached(self, command_id: str) -> str:
        """Return what becomes of a run after a reconnect: its status."""
        self.commands.handle(CommandAttach(command_id=command_id, after_seq=0))
        return (await self.told()).status


@asynccontextmanager
async def opened(memory: Memory) -> AsyncIterator[Memory]:
    await memory.shop.open(Containment(adopting=False, cgroups=False))
    await memory.commands.open()
    try:
        yield memory
    finally:
        memory.commands.close()
        await memory.shop.close()


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    async with opened(Memory()) as memory:
        yield memory


async def test_a_result_nobody_fetches_is_kept_for_an_hour(memory: Memory) -> None:
    await memory.run("a")
    memory.now += KEEP_S
    assert await memory.attached("a") == "succeeded"
    memory.now += 1
    assert await memory.attached("a") == "lost"


async def test_an_id_is_remembered_for_a_day(memory: Memory) -> None:
    await memory.run("a")
    memory.now += DAY_S
    assert (await memory.run("a")).code == "duplicate"
    memory.now += 1
    assert (await memory.run("a")).status == "succeeded"


async def test_so_it_is_by_the_agent_s_next_process(tmp_path: Path) -> None:
    folder = tmp_path / "not there yet"
    first = Memory(folder)
    async with opened(first):
        await first.run("a")
        first.now += DAY_S / 2
        await first.run("b\nü")
    assert stat.S_IMODE((folder / "commands.seen").stat().st_mode) == 0o600
    with (folder / "commands.seen").open("ab") as file:
        file.write(b'[1, 2]\n[17, "cut sho')
    second = Memory(folder)
    async with opened(second):
        second.now = first.now
        assert (await second.run("a")).code == "duplicate"
        assert (await second.run("b\nü")).code == "duplicate"
        second.now += DAY_S / 2 + 1
        assert (await second.run("a")).status == "succeeded"


async def test_what_is_asked_for_meanwhile_waits_for_the_ids(tmp_path: Path) -> None:
    async with opened(Memory(tmp_path)) as first:
        await first.run("a")
    second = Memory(tmp_path)
    second.commands.handle(Command(command_id="a", command="true"))
    async with opened(second):
        assert (await second.told()).code == "duplicate"


async def test_a_file_of_ids_does_not_grow_for_ever(tmp_path: Path) -> None:
    many = [(number, f"c{number}") for number in range(2 * MOST)]
    await asyncio.to_thread(SeenFile(tmp_path).replace, many)
    memory = Memory(tmp_path)
    async with opened(memory):
        await memory.run("one more")
    left = await asyncio.to_thread(SeenFile(tmp_path).load)
    assert (len(left), left[-1][1]) == (MOST, "one more")
    assert (tmp_path / "commands.seen").read_bytes().count(b"\n") == MOST


async def test_a_folder_that_takes_nothing_is_told_once_and_commands_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    memory = Memory(tmp_path / "file" / "folder")
    async with opened(memory):
        assert (await memory.run("a")).status == "succeeded"
        assert (await memory.run("b")).status == "succeeded"
        assert (await memory.run("a")).code == "duplicate"
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["ids of commands are not written down"]


async def test_of_results_that_were_told_the_oldest_go_first(memory: Memory) -> None:
    for number in range(260):
        await memory.run(f"c{number}")
    assert await memory.attached("c3") == "lost"
    assert await memory.attached("c4") == "succeeded"
    assert await memory.attached("c259") == "succeeded"


async def test_outputs_that_were_told_take_no_more_than_their_memory(memory: Memory) -> None:
    for number in range(40):
        await memory.run(f"c{number}", "head -c 300000 /dev/zero")
    assert await memory.attached("c0") == "lost"
    assert await memory.attached("c39") == "succeeded"


async def test_too_many_results_that_nobody_takes_refuse_the_next_order(memory: Memory) -> None:
    for number in range(64):
        order = Command(command_id=f"c{number}", command="echo x; echo y", window=1)
        memory.commands.handle(order)
        await asyncio.gather(*memory.tasks)
    assert (await memory.run("next")).code == "busy"
