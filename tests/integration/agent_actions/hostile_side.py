"""The hub's side of an agent's connection, in the wrong hands."""

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from chatops_wire.commands import Command, CommandOutput, CommandResponse
from chatops_wire.containers import DockerCommand, DockerResponse
from chatops_wire.streams import LogSource, StreamClose, StreamOpen
from chatops_wire.terminals import TerminalClose, TerminalData, TerminalOpen
from tests.deadlines import eventually
from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.hub_double import Call

M = TypeVar("M")


@dataclass
class Hostile:
    """The hub's side of one connection, in the wrong hands."""

    call: Call
    agent: AgentProcess
    mark: Path
    """What must not come to be."""
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def command(self, text: str = "", **fields: Any) -> CommandResponse:  # noqa: ANN401 - of a Command
        order = Command(command_id=f"c{next(self.ids)}", command=text, **fields)
        await self.call.say(order)
        return await self.answered(CommandResponse, command_id=order.command_id)

    async def terminal(self, **fields: Any) -> TerminalClose:  # noqa: ANN401 - of a TerminalOpen
        opening = TerminalOpen(terminal_id=f"t{next(self.ids)}", cols=80, rows=24, **fields)
        await self.call.say(opening)
        # What is typed without waiting must not reach a shell either.
        await self.call.say(
            TerminalData(terminal_id=opening.terminal_id, data=f"touch {self.mark}\n".encode())
        )
        return await self.answered(TerminalClose, terminal_id=opening.terminal_id)

    async def docker(self, action: str, target: str, **fields: Any) -> DockerResponse:  # noqa: ANN401 - likewise
        order = DockerCommand(command_id=f"d{next(self.ids)}", action=action, container_id=target, **fields)
        await self.call.say(order)
        return await self.answered(DockerResponse, command_id=order.command_id)

    async def log(self, **source: Any) -> StreamClose:  # noqa: ANN401 - of a LogSource
        opening = StreamOpen(stream_id=f"s{next(self.ids)}", source=LogSource(**source))
        await self.call.say(opening)
        return await self.answered(StreamClose, stream_id=opening.stream_id)

    async def answered(self, kind: type[M], **fields: str) -> M:
        def found() -> list[M]:
            return [
                each
                for each in self.call.of(kind)
                if all(getattr(each, name) == value for name, value in fields.items())
            ]

        return (await eventually(found, what=f"{kind.__name__} {fields}"))[0]

    def output(self, command_id: str) -> bytes:
        return b"".join(each.data for each in self.call.of(CommandOutput) if each.command_id == command_id)

    async def did_nothing(self) -> None:
        """Assert that nothing of all this has come to be, once the agent has done something after it."""
        done = await self.command("echo still here")
        assert done.status == "succeeded", done
        assert self.output(done.command_id) == b"still here\n"
        assert not self.mark.exists()
