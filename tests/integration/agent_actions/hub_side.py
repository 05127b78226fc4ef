"""The hub's end of a desk: sends orders, and takes frames as fast or slow as a test wants."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from chatops_agent.actions.desk import Desk, Surroundings
from chatops_agent.actions.terminals.terminal import Patience
from chatops_agent.actions.workshop import Containment
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.policy import PERMISSIONS, Policy
from chatops_wire.agent import ActionRequest
from chatops_wire.codec import from_agent
from chatops_wire.commands import (
    Command,
    CommandCancel,
    CommandCredit,
    CommandOutput,
    CommandResponse,
    CommandStarted,
)
from chatops_wire.streams import StreamData
from chatops_wire.terminals import TerminalData, TerminalOpen, TerminalOpened
from tests.deadlines import eventually

M = TypeVar("M")

ALL_ALLOWED = Policy(frozenset(PERMISSIONS), (Path("/var/log"),))


class HubSide:
    """Everything a desk has said, in order."""

    def __init__(self, policy: Policy, surroundings: Surroundings) -> None:
        self._woken = asyncio.Event()
        self.desk = Desk(policy, self._woken.set, surroundings)
        self.watch = surroundings.watch
        self._decoder = from_agent()
        self._ids = itertools.count(1)
        self.messages: list[Any] = []
        self.reading = asyncio.Event()
        self.reading.set()
        self.refill = False
        """Grant again what was taken, as a hub does that keeps up."""

    async def read(self) -> None:
        """Take frames until cancelled."""
        while True:
            await self.reading.wait()
            self._woken.clear()
            frame = self.desk.next_frame()
            if frame is None:
                await self._woken.wait()
                continue
            message = self._decoder.decode(frame)
            self.messages.append(message)
            if self.refill and isinstance(message, CommandOutput):
                credit = CommandCredit(
                    command_id=message.command_id, bytes=len(message.data), through_seq=message.seq
                )
                self.desk.handle(credit)
            await asyncio.sleep(0)

    def say(self, message: ActionRequest) -> None:
        self.desk.handle(message)

    def run(self, command: str = "", **fields: Any) -> str:  # noqa: ANN401 - those of a Command
        """Order a command and return its id."""
        command_id = fields.pop("command_id", None) or f"c{next(self._ids)}"
        self.say(Command(command_id=command_id, command=command, **fields))
        return command_id

    def cancel(self, command_id: str, *, force: bool = False) -> None:
        self.say(CommandCancel(command_id=command_id, force=force))

    def of(self, kind: type[M], **fields: str) -> list[M]:
        """Return the messages of a kind whose fields have these values."""
        return [
            each
            for each in self.messages
            if isinstance(each, kind) and all(getattr(each, name) == value for name, value in fields.items())
        ]

    async def first(self, kind: type[M], **fields: str) -> M:
        found = await eventually(lambda: self.of(kind, **fields), what=f"{kind.__name__} {fields}")
        return found[0]

    async def started(self, command_id: str) -> int:
        """Return the pid once the command runs."""
        return (await self.first(CommandStarted, command_id=command_id)).pid

    async def result(self, command_id: str) -> CommandResponse:
        return await self.first(CommandResponse, command_id=command_id)

    async def finished(self, command: str = "", **fields: Any) -> CommandResponse:  # noqa: ANN401 - likewise
        """Run a command and return its result."""
        return await self.result(self.run(command, **fields))

    def output(self, command_id: str, stream: str | None = None) -> bytes:
        chunks = self.of(CommandOutput, command_id=command_id)
        return b"".join(each.data for each in chunks if stream in {None, each.stream})

    async def printed(self, command_id: str, text: bytes) -> bytes:
        """Return the output once this text is in it."""
        await eventually(lambda: text in self.output(command_id), what=f"{text!r} in the output")
        return self.output(command_id)

    async def has_output(self, command_id: str, size: int) -> None:
        """Return once exactly so many bytes have come."""
        await eventually(lambda: len(self.output(command_id)) == size, what=f"{size} bytes of output")

    def screen(self, terminal_id: str) -> bytes:
        return b"".join(each.data for each in self.of(TerminalData, terminal_id=terminal_id))

    async def opened(self, terminal_id: str = "t", *, cols: int = 80, rows: int = 24, window: int = 0) -> str:
        """Open a terminal whose shell has shown its prompt, and return its id."""
        self.say(TerminalOpen(terminal_id=terminal_id, cols=cols, rows=rows, window=window))
        await self.first(TerminalOpened, terminal_id=terminal_id)
        self.type("PS1='$ '; stty -echo; echo rea''dy\n", terminal_id)
        await self.shown(terminal_id, b"ready\r\n")
        return terminal_id

    def type(self, text: str | bytes, terminal_id: str = "t") -> None:
        data = text.encode() if isinstance(text, str) else text
        self.say(TerminalData(terminal_id=terminal_id, data=data))

    async def shown(self, terminal_id: str, text: bytes) -> bytes:
        await eventually(lambda: text in self.screen(terminal_id), what=f"{text!r} on the screen")
        return self.screen(terminal_id)

    def lines(self, stream_id: str) -> list[str]:
        return [line.line for each in self.of(StreamData, stream_id=stream_id) for line in each.lines]


@asynccontextmanager
async def hub_side(
    policy: Policy = ALL_ALLOWED,
    containment: Containment | None = None,
    patience: Patience | None = None,
    watch: ContainerWatch | None = None,
) -> AsyncIterator[HubSide]:
    """A desk that works, with a hub that reads."""
    around = Surroundings(containment or Containment(), patience or Patience(), watch=watch)
    hub = HubSide(policy, around)
    tasks = [
        asyncio.create_task(hub.desk.run(), name="desk"),
        asyncio.create_task(hub.read(), name="hub-reader"),
    ]
    # The desk runs from its first step on.
    await asyncio.sleep(0)
    try:
        yield hub
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
