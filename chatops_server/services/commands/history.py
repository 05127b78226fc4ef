"""What was run: lists, single commands, and their output, kept or under way."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.run_output import GoneError, Segment, chunks_of
from chatops_server.broker.runs import Runs
from chatops_server.domain.output_chunks import Chunk, OutputText, kept
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import NotFoundError
from chatops_server.services.access import server_for
from chatops_server.services.commands.output_store import OutputStore
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.commands import CommandFilter, CommandRow, command, commands_visible_to
from chatops_wire import codec
from chatops_wire.commands import CommandFinished
from chatops_wire.rest_commands import CommandView
from chatops_wire.times import format_ms

_NO_OUTPUT: Final = b'"output":""'


class History:
    """Reads commands for those who may see their servers."""

    def __init__(self, storage: Storage, fleet: Fleet, runs: Runs, store: OutputStore) -> None:
        self._storage = storage
        self._fleet = fleet
        self._runs = runs
        self._store = store

    async def listed(
        self, principal: Principal, wanted: CommandFilter
    ) -> tuple[list[CommandView], int | None]:
        """Return matching commands, newest first, and the cursor of those that follow."""
        if wanted.server_id is not None:
            server_for(self._fleet, principal, wanted.server_id, ServerAction.READ)
        user_id = None if principal.role == "admin" else principal.user_id
        more = replace(wanted, limit=wanted.limit + 1)
        rows = await self._storage.read(commands_visible_to(user_id, more))
        shown = rows[: wanted.limit]
        return [self.view(row) for row in shown], shown[-1].num if len(rows) > wanted.limit else None

    async def row(
        self, principal: Principal, command_id: str, action: ServerAction = ServerAction.READ
    ) -> CommandRow:
        """Return a command whose server the user may see.

        Raises:
            NotFoundError: Unknown, or its server is invisible to this user.
            ForbiddenError: Seen, but the action on its server is not theirs to do.
        """
        found = await self._storage.read(command(command_id))
        if found is None:
            raise NotFoundError("no such command")
        try:
            server_for(self._fleet, principal, found.server_id, action)
        except NotFoundError as exc:
            raise NotFoundError("no such command") from exc
        return found

    async def whole(self, row: CommandRow) -> AsyncGenerator[bytes, None]:
        """Yield the JSON of CommandView with the output as text, piece by piece.

        Never as a whole: 16 MiB of control characters are 96 MiB of JSON.
        """
        view = codec.encode(msgspec.structs.replace(self.view(row), output=""))
        # No other place looks like it: within a text the quotes are escaped.
        before, _, after = view.partition(_NO_OUTPUT)
        text = OutputText()
        yield before + _NO_OUTPUT[:-1]
        async for chunks in self.chunks(row):
            yield _escaped(text.of(chunks))
        yield _escaped(text.rest()) + b'"' + after

    async def chunks(self, row: CommandRow) -> AsyncGenerator[Sequence[Chunk], None]:
        """Yield the output there is now, piece by piece; of a long one head and tail."""
        run = self._runs.get(row.id)
        if run is None:
            async for some in _chunks(await self._store.stored(row.num)):
                yield some
            return
        with run.output.followed():
            segments = run.output.segments
            head, tail = kept([segment.size for segment in segments])
            async for some in _chunks((*segments[:head], *segments[tail:])):
                yield some

    async def followed(self, row: CommandRow) -> AsyncGenerator[Sequence[Chunk] | CommandFinished, None]:
        """Yield the output so far, then what comes, each chunk once; then the end.

        A reader who falls far behind a fast command misses what lies in between; sequences tell.
        """
        run = self._runs.get(row.id)
        if run is None:
            async for some in self.chunks(row):
                yield some
            # Read again: it may have ended since.
            newest = await self._storage.read(command(row.id))
            yield _finished(row if newest is None else newest)
            return
        seq = 0
        with run.output.followed():
            while chunks := await run.output.after(seq):
                yield chunks
                seq = chunks[-1].seq
        await run.ended.wait()
        yield run.finished or _finished(row)

    def view(self, row: CommandRow) -> CommandView:
        """Return a command with only the beginning of its output."""
        run = self._runs.get(row.id)
        under_way = run is not None and run.finished is None
        return CommandView(
            command_id=row.id,
            server_id=row.server_id,
            user_id=row.user_id,
            command=row.command,
            status=row.status,
            exit_code=row.exit_code,
            signal=row.signal,
            output=row.preview,
            output_bytes=run.output.total_bytes if run is not None and under_way else row.output_bytes,
            truncated=row.truncated,
            duration_ms=row.duration_ms,
            started_at=_moment(row.started_ms),
            created_at=format_ms(row.created_ms),
            finished_at=_moment(row.finished_ms),
            batch_id=row.batch_id,
            argv=row.argv,
            cwd=row.cwd,
            timeout_s=row.timeout_s,
            code=row.code,
            message=row.message,
            output_sha256=row.output_sha256,
        )


async def _chunks(segments: Sequence[Segment]) -> AsyncGenerator[Sequence[Chunk], None]:
    for segment in segments:
        try:
            # A copy: the newest one still grows.
            yield tuple(await chunks_of(segment))
        except GoneError:
            continue


def _escaped(text: str) -> bytes:
    return msgspec.json.encode(text)[1:-1]


def _finished(row: CommandRow) -> CommandFinished:
    return CommandFinished(
        command_id=row.id,
        status="lost" if row.status == "running" else row.status,
        exit_code=row.exit_code,
        signal=row.signal,
        output_bytes=row.output_bytes,
        truncated=row.truncated,
        duration_ms=row.duration_ms or 0,
        code=row.code,
        message=row.message,
    )


def _moment(ms: int | None) -> str | None:
    return None if ms is None else format_ms(ms)
