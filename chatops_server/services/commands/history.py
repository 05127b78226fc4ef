"""What was run: lists, single commands, and their output, kept or under way."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.run_output import GoneError, Segment, chunks_of
from chatops_server.broker.runs import Run, Runs
from chatops_server.domain.output_chunks import Chunk, OutputText, kept
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import HubUnreachableError, NotFoundError
from chatops_server.services.access import server_for
from chatops_server.services.commands.elsewhere import Elsewhere, NotOursError
from chatops_server.services.commands.output_store import OutputStore
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.commands import CommandFilter, CommandRow, command, commands_visible_to
from chatops_wire import codec
from chatops_wire.commands import CommandFinished
from chatops_wire.rest_commands import CommandView
from chatops_wire.times import format_ms

_NO_OUTPUT: Final = b'"output":""'


# The row is there a moment before its hub knows the run.
_MISSES: Final = 3
# After that hub, or the way there, went away: another one takes over within seconds.
_LOOK_AGAIN_S: Final = 0.5


@dataclass(slots=True)
class Follow:
    """How far somebody has come who follows a run."""

    row: CommandRow
    seq: int = 0
    misses: int = 0
    """How often the hub whose it is said that it is over, or not its own, and the database did not."""
    end: CommandFinished | None = None


class History:
    """Reads commands for those who may see their servers."""

    def __init__(self, storage: Storage, fleet: Fleet, runs: Runs, store: OutputStore) -> None:
        self._storage = storage
        self._fleet = fleet
        self._runs = runs
        self._store = store
        self.elsewhere: Elsewhere | None = None
        """The other hubs; None: there are none."""

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
            async for some in self._chunks_elsewhere(row):
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
        follow = Follow(row)
        while follow.end is None:
            run = self._runs.get(row.id)
            pieces = self._followed_here(follow, run) if run else self._followed_elsewhere(follow)
            async for chunks in pieces:
                yield chunks
                follow.seq = chunks[-1].seq
        yield follow.end

    async def _followed_here(self, follow: "Follow", run: Run) -> AsyncGenerator[Sequence[Chunk], None]:
        with run.output.followed():
            seq = follow.seq
            while chunks := await run.output.after(seq):
                yield chunks
                seq = chunks[-1].seq
        await run.ended.wait()
        if not run.is_disowned:
            follow.end = run.finished or _finished(follow.row)

    async def _followed_elsewhere(self, follow: "Follow") -> AsyncGenerator[Sequence[Chunk], None]:
        """Yield what another hub tells of it, or at its end what is stored."""
        # Read again each time: it may have ended since, or be another hub's.
        follow.row = await self._newest(follow.row)
        if follow.row.status == "running" and self.elsewhere is not None and follow.misses < _MISSES:
            has_trouble = False
            try:
                async for chunks in self.elsewhere.followed(follow.row, follow.seq):
                    yield chunks
                    follow.misses = 0
                follow.misses += 1
            except NotOursError:
                follow.misses += 1
            except HubUnreachableError:
                has_trouble = True
            if has_trouble or follow.misses > 1:
                await asyncio.sleep(_LOOK_AGAIN_S)
            return
        async for chunks in _chunks(await self._store.stored(follow.row.num)):
            rest = tuple(chunk for chunk in chunks if chunk.seq > follow.seq)
            if rest:
                yield rest
        follow.row = await self._newest(follow.row)
        follow.end = _finished(follow.row)

    async def _newest(self, row: CommandRow) -> CommandRow:
        newest = await self._storage.read(command(row.id))
        return row if newest is None else newest

    async def _chunks_elsewhere(self, row: CommandRow) -> AsyncGenerator[Sequence[Chunk], None]:
        seq = 0
        async for chunks in _chunks(await self._store.stored(row.num)):
            yield chunks
            seq = chunks[-1].seq
        if row.status == "running" and self.elsewhere is not None:
            with suppress(NotOursError, HubUnreachableError):
                async for chunks in self.elsewhere.followed(row, seq, waits=False):
                    yield chunks

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
