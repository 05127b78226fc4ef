"""Where output is put: a run's head into the database, what follows into files, its tail at last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from chatops_server.broker.run_output import GoneError, Segment, chunks_of
from chatops_server.broker.runs import Run
from chatops_server.domain.output_chunks import (
    AS_IT_IS,
    KEPT_BYTES,
    KEPT_HEAD_BYTES,
    Chunk,
    kept,
    packed,
    text_of,
    unpacked,
)
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.command_output import PartRow, add_part, part_body, parts

if TYPE_CHECKING:
    import hashlib

log = logging.getLogger(__name__)

T = TypeVar("T")

# How far a follower may fall behind a run that writes faster than it reads, before it misses something.
SPOOL_BYTES: Final = 256 * 1024 * 1024
# Shared by all runs; each has at least what is kept of it in the end.
ALL_SPOOL_BYTES: Final = 1024 * 1024 * 1024
PREVIEW_CHARS: Final = 4096
# Less than a millisecond of the event loop.
_SMALL_BYTES: Final = 16 * 1024


class Files(Protocol):
    """Where output goes that is too much for memory (storage.spool.Spool)."""

    async def put(self, name: str, body: bytes) -> None:
        """Write a file; raises OSError."""

    async def get(self, name: str) -> bytes:
        """Return a file; raises OSError."""

    async def drop(self, *names: str) -> None:
        """Remove files."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What of a run's output stays, and what is still to be written of it."""

    unwritten: tuple[PartRow, bytes] | None
    dropped_parts: Sequence[int]
    preview: str
    sha256: str
    is_whole: bool
    """Whether nothing that came is missing."""


class OutputStore:
    """Moves output out of memory and reads it back."""

    def __init__(self, storage: Storage, files: Files) -> None:
        self._storage = storage
        self._files = files
        self._spooled: set[str] = set()

    async def make_room(self, run: Run) -> None:
        """Move every full segment of a run out of memory.

        Raises:
            StorageError: The database does not take it; it stays in memory.
            ReferenceViolationError: The command is gone from the database.
        """
        while (segment := run.output.next_full()) is not None:
            head = sum(each.size for each in run.output.segments if each.part is not None)
            if head + segment.size <= KEPT_HEAD_BYTES:
                await self._into_database(run, segment)
            else:
                await self._into_file(run, segment)

    async def settle(self, run: Run) -> Settled:
        """Return what stays of the output of an ended run; its last piece alone is still to be written.

        Raises:
            StorageError, ReferenceViolationError: As above.
        """
        segments = run.output.segments
        head, tail = kept([segment.size for segment in segments])
        goes = list(segments[head:tail])
        summary, unwritten = _Summary(), None
        for segment in (*segments[:head], *segments[tail:]):
            try:
                chunks = tuple(await chunks_of(segment))
            except GoneError:
                goes.append(segment)
                continue
            await _in_thread(segment.size, partial(summary.add, chunks))
            if segment.part is None and segment is segments[-1]:
                unwritten = await self._row(run, segment, chunks)
            elif segment.part is None:
                await self._into_database(run, segment)
        return Settled(
            unwritten=unwritten,
            dropped_parts=[segment.part for segment in goes if segment.part is not None],
            preview=summary.preview,
            sha256=summary.digest.hexdigest(),
            is_whole=not goes and _is_whole(run, segments),
        )

    async def keep_all(self, run: Run) -> None:
        """Write down what would be kept if the run ended now, so that another hub can go on from here.

        Raises:
            StorageError, ReferenceViolationError: As above.
        """
        segments = run.output.segments
        head, tail = kept([segment.size for segment in segments])
        for segment in (*segments[:head], *segments[tail:]):
            if segment.part is None:
                await self._into_database(run, segment)

    async def stored(self, command_num: int) -> list[Segment]:
        """Return the segments that are in the database; raises StorageError."""
        rows = await self._storage.read(parts(command_num))
        return [
            Segment(
                first_seq=row.first_seq,
                last_seq=row.last_seq,
                size=row.raw_bytes,
                chunks=None,
                load=self._from_database(command_num, row.part),
                part=row.part,
            )
            for row in rows
        ]

    async def release(self, run: Run) -> None:
        """Remove a run's files."""
        self._spooled.discard(run.id)
        await self._files.drop(*(each.file for each in run.output.segments if each.file is not None))

    async def _into_database(self, run: Run, segment: Segment) -> None:
        row, body = await self._row(run, segment, tuple(await chunks_of(segment)))
        await self._storage.write(add_part(run.num, row, body))
        segment.part = row.part
        run.output.moved(segment, self._from_database(run.num, row.part))

    async def _into_file(self, run: Run, segment: Segment) -> None:
        name = f"{run.id}.{segment.first_seq}"
        body = await _in_thread(segment.size, partial(packed, tuple(segment.chunks or ()), AS_IT_IS))
        try:
            await self._files.put(name, body)
        except OSError as exc:
            # The run goes on; its middle or its tail will be missing, and it is said to be truncated.
            log.warning("output cannot be spooled", extra={"command": run.id, "reason": exc.strerror})
            run.output.drop(segment)
            return
        segment.file = name
        self._spooled.add(run.id)
        run.output.moved(segment, self._from_file(name))
        await self._trim(run)

    async def _trim(self, run: Run) -> None:
        filed = [each for each in run.output.segments if each.file is not None]
        share = max(KEPT_BYTES, ALL_SPOOL_BYTES // len(self._spooled))
        excess = sum(each.size for each in filed) - min(SPOOL_BYTES, share)
        for segment in filed:
            if excess <= 0:
                return
            run.output.drop(segment)
            await self._files.drop(str(segment.file))
            excess -= segment.size

    async def _row(self, run: Run, segment: Segment, chunks: tuple[Chunk, ...]) -> tuple[PartRow, bytes]:
        body = await _in_thread(segment.size, partial(packed, chunks))
        row = PartRow(run.next_part, segment.first_seq, segment.last_seq, segment.size)
        run.next_part += 1
        return row, body

    def _from_database(self, command_num: int, part: int) -> Callable[[], Awaitable[Sequence[Chunk]]]:
        async def load() -> Sequence[Chunk]:
            body = await self._storage.read(part_body(command_num, part))
            if body is None:
                raise GoneError
            return await _in_thread(KEPT_BYTES, partial(unpacked, body))

        return load

    def _from_file(self, name: str) -> Callable[[], Awaitable[Sequence[Chunk]]]:
        async def load() -> Sequence[Chunk]:
            try:
                body = await self._files.get(name)
            except OSError as exc:
                raise GoneError from exc
            return await _in_thread(len(body), partial(unpacked, body))

        return load


@dataclass(slots=True)
class _Summary:
    """What is told of an output without reading it again."""

    digest: "hashlib._Hash" = field(default_factory=sha256)
    preview: str = ""

    def add(self, chunks: tuple[Chunk, ...]) -> None:
        for chunk in chunks:
            self.digest.update(chunk.data)
        if len(self.preview) < PREVIEW_CHARS:
            self.preview = (self.preview + text_of(_beginning(chunks)))[:PREVIEW_CHARS]


def _beginning(chunks: tuple[Chunk, ...]) -> Iterator[Chunk]:
    # A character takes four bytes at most.
    left = 4 * PREVIEW_CHARS
    for chunk in chunks:
        if left <= 0:
            return
        yield chunk._replace(data=chunk.data[:left])
        left -= len(chunk.data)


def _is_whole(run: Run, segments: Sequence[Segment]) -> bool:
    return not run.output.has_hole and sum(each.size for each in segments) == run.output.total_bytes


async def _in_thread(size: int, call: Callable[[], T]) -> T:
    return call() if size <= _SMALL_BYTES else await asyncio.to_thread(call)
