"""Takes the hub's requests to follow logs: which are followed, and which refused."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from chatops_agent.actions.logs.log_file import LogFile
from chatops_agent.actions.logs.log_paths import LogRefusedError
from chatops_agent.actions.logs.sources import FileSource, JournalSource
from chatops_agent.actions.logs.stream import Source, Stream
from chatops_agent.actions.processes.lane_pool import LanePool
from chatops_agent.actions.workshop import Workshop
from chatops_agent.patterns import Pattern
from chatops_wire.codes import Refusal
from chatops_wire.streams import MAX_TAIL, LogSource, StreamClose, StreamCredit, StreamOpen

MOST_OPEN: Final = 16
_NO_LOGS: Final = "this machine allows no logs to be followed (--allow)"
_NO_CONTAINERS: Final = "this machine allows no logs of containers (--allow docker or logs)"

StreamMessage = StreamOpen | StreamCredit | StreamClose


@dataclass(frozen=True, slots=True)
class Readable:
    """What of this machine's own logs may be followed."""

    folders: tuple[Path, ...]
    """Below which files may be."""
    units: tuple[Pattern, ...] | None = None
    """Of the only units whose journal may be; None: all."""

    def has(self, unit: str) -> bool:
        """Say whether the journal of this unit may be followed."""
        return self.units is None or any(each.matches(unit) for each in self.units)


class Streams:
    """All logs that are followed: at most 16, the next one is refused. They end with the connection."""

    def __init__(
        self,
        shop: Workshop,
        own: Readable | None,
        of_container: Callable[[LogSource], Source] | None = None,
    ) -> None:
        """Begin with nothing.

        Args:
            shop: Starts journalctl.
            own: Which of this machine's logs may be followed; None: none of them.
            of_container: Makes the source for a container; None: this machine allows none of these.
        """
        self._shop = shop
        self._own = own
        self._of_container = of_container
        # Not those of the processes: logs on dead mounts must not keep commands from being started.
        self._lanes = LanePool("logs")
        self._streams: dict[str, Stream] = {}

    def handle(self, message: StreamMessage) -> None:
        """Do what the hub asks for, or begin to."""
        if isinstance(message, StreamOpen):
            self._open(message)
            return
        stream = self._streams.get(message.stream_id)
        if stream is None:
            return
        if isinstance(message, StreamCredit):
            stream.grant(message.lines)
        else:
            stream.close()

    def disconnected(self) -> None:
        """End all; the hub opens again what it still wants."""
        for stream in self._streams.values():
            stream.abandon()
        # Their ids are free at once.
        self._streams.clear()

    def narrow(self, *, own: bool, container: bool) -> None:
        """End those of this machine, or of its containers, that the hub has done without from now on."""
        for stream in self._streams.values():
            if not (container if stream.is_of_container else own):
                stream.close()

    def close(self) -> None:
        """Forget everything; no task of a stream may be left."""
        self._streams.clear()
        self._lanes.close()

    def _open(self, opening: StreamOpen) -> None:
        try:
            self._check(opening)
            stream = Stream(opening, self._source(opening.source), self._shop.rota.ready)
        except LogRefusedError as exc:
            refusal = StreamClose(stream_id=opening.stream_id, reason=exc.message, code=exc.code.value)
            self._shop.rota.answer(refusal)
            return
        self._streams[opening.stream_id] = stream
        self._shop.begin(self._conduct(opening.stream_id, stream), f"log-{opening.stream_id}")

    async def _conduct(self, stream_id: str, stream: Stream) -> None:
        try:
            await stream.conduct()
        finally:
            self._shop.rota.withdraw(stream)
            if self._streams.get(stream_id) is stream:
                del self._streams[stream_id]

    def _check(self, opening: StreamOpen) -> None:
        is_container = opening.source.container is not None
        if (self._of_container if is_container else self._own) is None:
            raise LogRefusedError(Refusal.NOT_ALLOWED, _NO_CONTAINERS if is_container else _NO_LOGS)
        unit = opening.source.unit
        if self._own is not None and unit is not None and not self._own.has(unit):
            raise LogRefusedError(Refusal.NOT_ALLOWED, f"{unit!r} is not on this machine's list of units")
        if opening.stream_id in self._streams:
            raise LogRefusedError(Refusal.DUPLICATE, "there is a stream of this id")
        if len(self._streams) >= MOST_OPEN:
            raise LogRefusedError(Refusal.BUSY, f"{MOST_OPEN} logs are followed here already")

    def _source(self, source: LogSource) -> Source:
        tail = min(source.tail, MAX_TAIL)
        match source:
            case LogSource(path=str() as path, unit=None, container=None):
                opening = partial(LogFile, path, self._own.folders if self._own else (), tail)
                return FileSource(path, opening, self._lanes, most_lines=None if source.follow else tail)
            case LogSource(path=None, unit=str() as unit, container=None):
                return JournalSource(unit, tail, self._shop, follows=source.follow)
            case LogSource(path=None, unit=None, container=str()) if self._of_container is not None:
                return self._of_container(source)
            case _:
                text = "a source is exactly one of path, unit and container"
                raise LogRefusedError(Refusal.INVALID_REQUEST, text)
