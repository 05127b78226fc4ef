"""Runs that other hubs see to, followed and cancelled here; and this hub's, for others."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Final, Literal, TypeVar

import msgspec

from chatops_server.broker.runs import Run
from chatops_server.bus.base import BusError
from chatops_server.domain.output_chunks import Chunk, packed, unpacked
from chatops_server.errors import HubUnreachableError
from chatops_server.services.commands.commands import Commands
from chatops_server.services.commands.elsewhere import NotOursError
from chatops_server.services.errands import Errands
from chatops_server.services.hubs.node import Node
from chatops_server.storage.sql.commands import CommandRow

T = TypeVar("T")

# How long a question waits for news; then it is asked again, which also says that somebody still follows.
_NEWS_WITHIN_S: Final = 5.0
_ANSWER_WITHIN_S: Final = 10.0
# A follower whose client reads slowly asks late; one that has left never does.
_IDLE_S: Final = 60.0
_PIECE_BYTES: Final = 256 * 1024
_SMALL_BYTES: Final = 16 * 1024
_NOTHING_NEW: Final = b"n"
_OVER: Final = b"o"
_CHUNKS: Final = b"c"
_YES: Final = b"y"
_NO: Final = b"x"


class _Asked(msgspec.Struct, frozen=True, array_like=True):
    """The first question, to the hub that sees to a run or a batch."""

    kind: Literal["run", "batch"]
    id: str
    link: str = ""
    """Names the subject of what follows; nobody can guess it."""
    force: bool = False


class _Wish(msgspec.Struct, frozen=True, array_like=True):
    """A question about a run: what comes after `seq`, or its end."""

    seq: int = 0
    waits: bool = True
    cancels: bool = False
    force: bool = False


_asked = msgspec.msgpack.Decoder(_Asked)
_wish = msgspec.msgpack.Decoder(_Wish)


@dataclass(slots=True, eq=False)
class _Watch:
    """Another hub that follows a run of this one."""

    run: Run
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)


class RunLinks:
    """Output is asked for piece by piece, so that a slow reader anywhere slows nobody down.

    The database says whose a run is. For the event loop's thread only.
    """

    def __init__(self, node: Node, commands: Commands) -> None:
        self._node = node
        self._commands = commands
        self._errands = Errands()
        node.bus.subscribe(_subject(node.id), self._answer)

    async def followed(
        self, row: CommandRow, seq: int, *, waits: bool = True
    ) -> AsyncGenerator[Sequence[Chunk], None]:
        """Yield what comes after `seq` until the run ends; without `waits` what there is now.

        Raises:
            NotOursError: That hub knows no such run.
            HubUnreachableError: It does not answer, or not any more.
        """
        try:
            subject = await self._opened(row)
            while True:
                answer = await self._ask(subject, _Wish(seq, waits))
                if answer[:1] == _OVER or (answer == _NOTHING_NEW and not waits):
                    return
                if answer[:1] == _CHUNKS:
                    chunks = await _in_thread(len(answer), partial(unpacked, answer[1:]))
                    yield chunks
                    seq = chunks[-1].seq
        except (BusError, TimeoutError) as exc:
            raise HubUnreachableError from exc

    async def cancel(self, row: CommandRow, *, force: bool) -> None:
        """Have a run ended, and return a moment later.

        Raises:
            HubUnreachableError: The hub that sees to it does not answer, or knows no such run.
        """
        try:
            subject = await self._opened(row)
            await self._ask(subject, _Wish(cancels=True, force=force))
        except (BusError, TimeoutError, NotOursError) as exc:
            raise HubUnreachableError from exc

    async def cancel_batch(self, node_id: str, batch_id: str, *, force: bool) -> None:
        """Have what of a batch has not ended be ended; raises HubUnreachableError."""
        try:
            await self._ask(_subject(node_id), _Asked("batch", batch_id, force=force))
        except (BusError, TimeoutError) as exc:
            raise HubUnreachableError from exc

    async def close(self) -> None:
        """End what others follow."""
        await self._errands.stop()

    async def _opened(self, row: CommandRow) -> str:
        link = token_hex(12)
        if await self._ask(_subject(row.node_id or ""), _Asked("run", row.id, link)) != _YES:
            raise NotOursError
        return f"run.{link}"

    async def _ask(self, subject: str, question: msgspec.Struct) -> bytes:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            return await self._node.bus.request(subject, msgspec.msgpack.encode(question))

    # For other hubs

    async def _answer(self, payload: bytes) -> bytes:
        asked = _asked.decode(payload)
        if asked.kind == "batch":
            self._commands.cancel_own_batch(asked.id, force=asked.force)
            return _YES
        run = self._commands.own(asked.id)
        if run is None:
            return _NO
        watch = _Watch(run)

        async def answer(wish: bytes) -> bytes:
            return await self._wished(watch, _wish.decode(wish))

        end = self._node.bus.subscribe(f"run.{asked.link}", answer)
        watched = self._errands.start(_watched(watch), f"watch-{asked.id}")
        if watched is None:
            end()
            return _NO
        watched.add_done_callback(lambda _task: end())
        return _YES

    async def _wished(self, watch: _Watch, wish: _Wish) -> bytes:
        watch.was_asked.set()
        if wish.cancels:
            await self._commands.cancel_own(watch.run, force=wish.force)
            return _YES
        output = watch.run.output
        if not wish.waits and output.last_seq <= wish.seq:
            return _NOTHING_NEW
        try:
            async with asyncio.timeout(_NEWS_WITHIN_S):
                chunks = await output.after(wish.seq)
                if not chunks:
                    await watch.run.ended.wait()
                    return _OVER
        except TimeoutError:
            return _NOTHING_NEW
        piece = _piece(chunks)
        return _CHUNKS + await _in_thread(_size(piece), partial(packed, piece))


async def _watched(watch: _Watch) -> None:
    """Keep a run's output readable for as long as somebody asks."""
    with watch.run.output.followed(), suppress(TimeoutError):
        while True:
            async with asyncio.timeout(_IDLE_S):
                await watch.was_asked.wait()
            watch.was_asked.clear()


def _subject(node_id: str) -> str:
    return f"hub.{node_id}.run"


def _piece(chunks: Sequence[Chunk]) -> Sequence[Chunk]:
    """Return as many of the first chunks as a message takes well; at least one."""
    size = 0
    for number, chunk in enumerate(chunks):
        size += len(chunk.data)
        if size > _PIECE_BYTES:
            return tuple(chunks[: max(1, number)])
    return tuple(chunks)


def _size(chunks: Sequence[Chunk]) -> int:
    return sum(len(chunk.data) for chunk in chunks)


async def _in_thread(size: int, call: Callable[[], T]) -> T:
    return call() if size <= _SMALL_BYTES else await asyncio.to_thread(call)
