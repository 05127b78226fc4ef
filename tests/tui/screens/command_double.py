"""The commands of the hub double: nothing is run, the test says what is printed and how it ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from chatops_wire.codes import ErrorCode
from chatops_wire.commands import CommandFinished, CommandOutput, FinalStatus, OutputStream
from chatops_wire.rest import Page
from chatops_wire.rest_commands import (
    BatchCreate,
    BatchItem,
    BatchView,
    CommandCancelCreate,
    CommandCreate,
    CommandView,
)

Send = Callable[[tuple[str, str | None], msgspec.Struct], Awaitable[None]]
Answer = Callable[[msgspec.Struct, int], web.Response]
PREFIX = "/api/v1/commands"


@dataclass(eq=False)
class CommandOfDouble:
    """One command: what was printed and how it ended."""

    id: str
    server_id: str
    command: str
    chunks: list[CommandOutput] = field(default_factory=list)
    finished: CommandFinished | None = None
    cancels: list[bool] = field(default_factory=list)


class CommandDouble:
    """Every command that was asked for, by id; `refuse` answers the next ones with a problem."""

    def __init__(
        self, send: Send, answer: Answer, problem: Callable[[int, ErrorCode, str], web.Response]
    ) -> None:
        self._send = send
        self._answer = answer
        self._problem = problem
        self.all: dict[str, CommandOfDouble] = {}
        self.past: list[str] = []
        """What was run before, the newest first."""
        self.forgotten: set[str] = set()
        """Ids the hub does not know any more."""
        self.batches: list[BatchCreate] = []
        """What was asked of many servers at once."""
        self.refuse: tuple[int, ErrorCode, str] | None = None

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{PREFIX}/", self._create),
            web.post(f"{PREFIX}/batch", self._create_batch),
            web.get(PREFIX, self._list),
            web.get(f"{PREFIX}/{{command}}/output", self._output),
            web.post(f"{PREFIX}/{{command}}/cancel", self._cancel),
        ]

    @property
    def newest(self) -> CommandOfDouble:
        return next(reversed(self.all.values()))

    def on(self, server_id: str) -> CommandOfDouble:
        """Return the newest command on a server."""
        return next(one for one in reversed(self.all.values()) if one.server_id == server_id)

    async def prints(self, one: CommandOfDouble, data: bytes, stream: OutputStream = "stdout") -> None:
        chunk = CommandOutput(command_id=one.id, seq=len(one.chunks) + 1, stream=stream, data=data)
        one.chunks.append(chunk)
        await self._send(("command", one.id), chunk)

    async def ends(
        self,
        one: CommandOfDouble,
        exit_code: int | None = 0,
        *,
        status: FinalStatus | None = None,
        signal: int | None = None,
        message: str = "",
    ) -> None:
        one.finished = CommandFinished(
            command_id=one.id,
            status=status or ("succeeded" if exit_code == 0 else "failed"),
            exit_code=exit_code,
            signal=signal,
            output_bytes=sum(len(chunk.data) for chunk in one.chunks),
            truncated=False,
            duration_ms=1400,
            message=message,
        )
        await self._send(("command", one.id), one.finished)

    def told(self, command_id: str) -> list[msgspec.Struct]:
        """Return what a newcomer is told of a command."""
        one = self.all[command_id]
        return [*one.chunks, *([one.finished] if one.finished else [])]

    def _new(self, server_id: str, command: str) -> CommandOfDouble:
        one = CommandOfDouble(f"cmd-{len(self.all) + 1:04}", server_id, command)
        self.all[one.id] = one
        return one

    async def _create(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read(), type=CommandCreate)
        if self.refuse is not None:
            return self._problem(*self.refuse)
        return self._answer(_view(self._new(body.server_id, body.command)), 202)

    async def _create_batch(self, request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read(), type=BatchCreate)
        if self.refuse is not None:
            return self._problem(*self.refuse)
        self.batches.append(body)
        made = [self._new(server_id, body.command) for server_id in body.server_ids]
        items = tuple(BatchItem(command_id=one.id, server_id=one.server_id, status="running") for one in made)
        return self._answer(BatchView(batch_id="b1", items=items), 202)

    async def _list(self, request: web.Request) -> web.Response:
        server_id = request.query.get("server_id", "")
        items = tuple(_view(CommandOfDouble(f"old{n}", server_id, text)) for n, text in enumerate(self.past))
        return self._answer(Page(items=items), 200)

    async def _output(self, request: web.Request) -> web.Response:
        one = self.all[request.match_info["command"]]
        return web.Response(body=b"".join(chunk.data for chunk in one.chunks))

    async def _cancel(self, request: web.Request) -> web.Response:
        one = self.all[request.match_info["command"]]
        one.cancels.append(msgspec.json.decode(await request.read(), type=CommandCancelCreate).force)
        return self._answer(_view(one), 200)


def _view(one: CommandOfDouble) -> CommandView:
    return CommandView(
        command_id=one.id, server_id=one.server_id, user_id="u1", command=one.command, status="running"
    )
