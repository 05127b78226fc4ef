"""What the agent remembers of its runs, for how long, and what it forgets first."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from chatops_agent.actions.commands.registry import KEEP_S, Commands
from chatops_agent.actions.rota import Rota
from chatops_agent.actions.workshop import Containment, Workshop
from chatops_wire.commands import Command, CommandAttach, CommandResponse
from tests.deadlines import eventually

DAY_S = 86_400.0


class Memory:
    """Commands under a clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.rota = Rota(lambda: None)
        self.tasks: list[asyncio.Task[None]] = []
        self.shop = Workshop(self.rota, self._begin)
        self.commands = Commands(self.shop, allowed=True, now_ms=lambda: 0, now=lambda: self.now)

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


@pytest.fixture
async def memory() -> AsyncIterator[Memory]:
    memory = Memory()
    await memory.shop.open(Containment(adopting=False, cgroups=False))
    yield memory
    memory.commands.close()
    await memory.shop.close()


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
