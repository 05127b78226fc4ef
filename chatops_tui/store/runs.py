"""Commands this terminal has started: what became of each, and what each has printed."""

from collections.abc import Iterator
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from chatops_tui.store.outputs import KEPT_LINES, OutputRing
from chatops_wire.commands import CommandFinished, CommandOutput, CommandStatus

# As many as one scrolls through; older ones are in the hub's history.
KEPT_RUNS: Final = 100
# A batch shares one console's worth of memory, but each server keeps what fills a screen or two.
_BATCH_LINES: Final = 50_000
_LEAST_LINES: Final = 200

RunStatus = CommandStatus | Literal["asked", "rejected"]
"""`asked`: the hub has not answered yet. `rejected`: it said no, or could not be asked; `reason` says why."""


class Run(msgspec.Struct, frozen=True):
    """One command on one server. Command and reason are others' text: neutralise before drawing."""

    key: int
    """Its number in this terminal, from 1."""
    server_id: str
    command: str
    asked_ms: int
    batch: int = 0
    """The number of the fan-out it belongs to; 0: of none."""
    command_id: str = ""
    status: RunStatus = "asked"
    exit_code: int | None = None
    signal: int | None = None
    duration_ms: int | None = None
    truncated: bool = False
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """It has not ended, as far as is known."""
        return self.status in {"asked", "running"}

    @property
    def is_failed(self) -> bool:
        """It has ended, and not well."""
        return not self.is_open and self.status != "succeeded"


class RunMemory:
    """One run and its output."""

    def __init__(self, run: Run, kept_lines: int) -> None:
        self.run = run
        self.output = OutputRing(kept_lines)
        self.last_seq = 0
        self.cancelled_once = False
        """Somebody here has asked to end it; asking again kills it."""


class RunsAsked(msgspec.Struct, frozen=True):
    """Commands are on their way to the hub."""

    runs: tuple[Run, ...]


class RunAccepted(msgspec.Struct, frozen=True):
    """The hub has taken it."""

    key: int
    command_id: str


class RunRejected(msgspec.Struct, frozen=True):
    """It does not run, as far as is known here; `reason` is one sentence."""

    key: int
    reason: str


class RunTold(msgspec.Struct, frozen=True):
    """Something is to be said of it; it goes on."""

    key: int
    reason: str


class RunForgotten(msgspec.Struct, frozen=True):
    """The hub does not know the command any more."""

    command_id: str
    reason: str


RunEvent = RunsAsked | RunAccepted | RunRejected | RunTold | RunForgotten | CommandOutput | CommandFinished


class Runs:
    """Every run by its number, the oldest first; beyond KEPT_RUNS ended ones are forgotten."""

    def __init__(self) -> None:
        self._runs: dict[int, RunMemory] = {}
        self._by_id: dict[str, RunMemory] = {}
        self._last_key = 0
        self.version = 0
        """Another one whenever anything here has changed."""

    def __iter__(self) -> Iterator[RunMemory]:
        return iter(self._runs.values())

    def take_key(self) -> int:
        """Return a number nobody has."""
        self._last_key += 1
        return self._last_key

    def get(self, key: int) -> RunMemory | None:
        """Return one; None once it is forgotten."""
        return self._runs.get(key)

    def of_server(self, server_id: str) -> list[RunMemory]:
        """Return what was started on one server alone."""
        return [one for one in self if one.run.server_id == server_id and not one.run.batch]

    def of_batch(self, batch: int) -> list[RunMemory]:
        """Return the members of one fan-out."""
        return [one for one in self if one.run.batch == batch]

    def followed(self) -> frozenset[str]:
        """Return the ids of commands whose output is wanted: all that have not ended."""
        return frozenset(one.run.command_id for one in self if one.run.is_open and one.run.command_id)

    def clear(self) -> None:
        """Forget everything: somebody else may sign in."""
        self._runs.clear()
        self._by_id.clear()
        self.version += 1

    def forget(self, server_id: str) -> None:
        """Forget what has ended on one server alone."""
        for one in self.of_server(server_id):
            if not one.run.is_open:
                self._drop(one)
        self.version += 1

    def apply(self, event: RunEvent) -> None:
        """Fold one event in; what is not known here changes nothing."""
        self.version += 1
        match event:
            case RunsAsked():
                self._add(event.runs)
            case RunAccepted():
                self._accept(event)
            case RunRejected() | RunTold():
                self._remark(event)
            case RunForgotten():
                self._lose(event)
            case CommandOutput():
                self._take_output(event)
            case CommandFinished():
                self._take_end(event)

    def _add(self, runs: tuple[Run, ...]) -> None:
        lines = min(KEPT_LINES, max(_LEAST_LINES, _BATCH_LINES // max(1, len(runs))))
        for run in runs:
            # Run again within a fan-out, it takes the place of the former run.
            again = [one for one in self.of_batch(run.batch) if one.run.server_id == run.server_id]
            for one in again if run.batch else ():
                self._drop(one)
            self._runs[run.key] = RunMemory(run, lines)
        self._trim()

    def _accept(self, event: RunAccepted) -> None:
        one = self._runs.get(event.key)
        if one is not None:
            one.run = replace(one.run, command_id=event.command_id, status="running")
            self._by_id[event.command_id] = one

    def _remark(self, event: RunRejected | RunTold) -> None:
        one = self._runs.get(event.key)
        if one is not None and one.run.is_open:
            status: RunStatus = "rejected" if isinstance(event, RunRejected) else one.run.status
            one.run = replace(one.run, status=status, reason=event.reason)

    def _lose(self, event: RunForgotten) -> None:
        one = self._by_id.get(event.command_id)
        if one is not None and one.run.is_open:
            one.output.finish()
            one.run = replace(one.run, status="lost", reason=event.reason)

    def _take_output(self, chunk: CommandOutput) -> None:
        one = self._by_id.get(chunk.command_id)
        # After a reconnection the hub tells everything again.
        if one is not None and chunk.seq > one.last_seq and one.run.is_open:
            one.last_seq = chunk.seq
            one.output.feed(chunk.stream, chunk.data)

    def _take_end(self, end: CommandFinished) -> None:
        one = self._by_id.get(end.command_id)
        if one is None or not one.run.is_open:
            return
        one.output.finish()
        one.run = replace(
            one.run,
            status=end.status,
            exit_code=end.exit_code,
            signal=end.signal,
            duration_ms=end.duration_ms,
            truncated=end.truncated,
            reason=end.message or end.code or "",
        )

    def _trim(self) -> None:
        """Forget the oldest ended ones; of fan-outs only the newest stays."""
        newest = max((one.run.batch for one in self), default=0)
        ended = [one for one in self if not one.run.is_open]
        for one in ended:
            if one.run.batch and one.run.batch != newest:
                self._drop(one)
        alone = [one for one in ended if not one.run.batch]
        for one in alone[: max(0, len(alone) - KEPT_RUNS)]:
            self._drop(one)

    def _drop(self, one: RunMemory) -> None:
        self._runs.pop(one.run.key, None)
        self._by_id.pop(one.run.command_id, None)
