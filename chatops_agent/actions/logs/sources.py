"""The two sources of log lines: a file that grows, and the journal."""

import asyncio
import math
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import Final

from chatops_agent.actions.logs.journal_lines import JournalParser
from chatops_agent.actions.logs.log_file import LogFile
from chatops_agent.actions.logs.log_paths import LogRefusedError
from chatops_agent.actions.logs.stream import Sink
from chatops_agent.actions.processes import environment
from chatops_agent.actions.processes.inlet import Inlet
from chatops_agent.actions.processes.lane_pool import LanePool
from chatops_agent.actions.processes.pack import Pack
from chatops_agent.actions.processes.spawning import Launch, NotStartedError
from chatops_agent.actions.waiting import after_cancellation
from chatops_agent.actions.workshop import Workshop, new_cookie
from chatops_agent.lanes import LaneBusyError
from chatops_wire.codes import Refusal
from chatops_wire.streams import LogLine

# A file that grows tells nobody (inotify would, but only of local file systems, and not through Python's
# library); two system calls every quarter of a second cost nothing, and nobody sees the difference.
_LOOK_EVERY_S: Final = 0.25
# A file on a dead mount does not answer at all.
_ANSWER_WITHIN_S: Final = 5.0
_END_WITHIN_S: Final = 1.0
_MOST_COMPLAINT: Final = 500
_ALL_TOLD: Final = "that is all there is"
# What systemd allows in names of units; no patterns, and nothing that looks like an option.
_UNIT: Final = re.compile(r"[A-Za-z0-9_:@][A-Za-z0-9_:@.\\-]*")


class FileSource:
    """Follows one path, or tells only the lines it has."""

    def __init__(
        self, path: str, make: Callable[[], LogFile], lanes: LanePool, *, most_lines: int | None
    ) -> None:
        """Prepare.

        Args:
            path: What it is called.
            make: Opens it, in a lane.
            lanes: Where it is read.
            most_lines: After so many, or the last, there is an end; None: it is followed.
        """
        self._handle = _Handle(make)
        self._path = path
        self._lanes = lanes
        self._most_lines = most_lines

    async def follow(self, sink: Sink) -> str:
        """Hand on lines, for ever if it is followed; cancelled, close the file.

        Raises:
            LogRefusedError: It is not to be followed, or does not answer.
        """
        try:
            if self._most_lines is not None:
                await self._tell(sink, self._most_lines)
                return _ALL_TOLD
            while True:
                lines = await self._read(asyncio.get_running_loop().time())
                if lines:
                    await sink.put(_log_lines(lines))
                else:
                    await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            self._handle.close()

    async def _tell(self, sink: Sink, left: int) -> None:
        """Hand on so many lines; what is written meanwhile is not waited for, also not the end of a line."""
        while left > 0:
            lines = await self._read(0.0) or await self._read(math.inf)
            if not lines:
                return
            await sink.put(_log_lines(lines[:left]))
            left -= len(lines)

    async def _read(self, now: float) -> list[str]:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                return await self._lanes.run(partial(self._handle.read, now))
        except (TimeoutError, LaneBusyError):
            text = f"{self._path!r} does not answer; is a network mount dead?"
            raise LogRefusedError(Refusal.UNAVAILABLE, text) from None
        except OSError as exc:
            raise LogRefusedError(Refusal.UNAVAILABLE, f"{self._path!r}: {exc.strerror}") from exc


class JournalSource:
    """Follows one unit of systemd's, through journalctl, or tells only its last lines."""

    def __init__(self, unit: str, tail: int, shop: Workshop, *, follows: bool) -> None:
        self._unit = unit
        self._tail = tail
        self._follows = follows
        self._shop = shop
        self._parser = JournalParser()
        self._lines: list[LogLine] = []
        self._complaint = bytearray()
        self._stirred = asyncio.Event()

    async def follow(self, sink: Sink) -> str:
        """Hand on lines until journalctl ends; cancelled, end it.

        Raises:
            LogRefusedError: The unit has no possible name, or there is no journalctl.
        """
        if _UNIT.fullmatch(self._unit) is None:
            raise LogRefusedError(Refusal.INVALID_REQUEST, f"no name of a unit: {self._unit!r}")
        files: list[Inlet] = []
        try:
            pack = await self._start(files)
            try:
                await self._hand_on(files[0], sink)
            finally:
                await _end(pack)
        finally:
            for inlet in files:
                inlet.close()
        said = self._complaint.decode("utf-8", "replace").strip()
        if not self._follows and not said:
            return _ALL_TOLD
        raise LogRefusedError(Refusal.UNAVAILABLE, said or "journalctl ended")

    async def _start(self, files: list[Inlet]) -> Pack:
        cookie = new_cookie()
        with ExitStack() as theirs:
            try:
                launch = Launch(
                    argv=(
                        "journalctl", f"--unit={self._unit}", f"--lines={self._tail}",
                        *(["--follow"] if self._follows else []),
                        "--output=json", "--output-fields=MESSAGE", "--all", "--quiet", "--no-pager",
                    ),
                    env=environment.for_command(self._shop.environ, self._shop.account, cookie, {}),
                    cwd="/",
                    cookie=cookie,
                    stdin=subprocess.DEVNULL,
                    stdout=_pipe(self._take, self._stirred.set, files, theirs),
                    stderr=_pipe(self._complain, None, files, theirs),
                    contained=False,
                )  # fmt: skip
                pack = await self._shop.start(launch)
            except NotStartedError as exc:
                missing = exc.exit_code is not None
                text = "there is no journalctl on this machine" if missing else exc.message
                raise LogRefusedError(Refusal.UNAVAILABLE, text) from exc
            except OSError as exc:
                raise LogRefusedError(Refusal.BUSY, f"no pipe: {exc.strerror}") from exc
        files[1].resume()
        return pack

    async def _hand_on(self, output: Inlet, sink: Sink) -> None:
        while self._lines or not output.ended.is_set():
            self._stirred.clear()
            if not self._lines:
                output.resume()
                await self._stirred.wait()
            lines, self._lines = self._lines, []
            if lines:
                # While the hub takes no more, journalctl has to wait as it writes.
                output.pause()
                await sink.put(lines)

    def _take(self, data: bytes) -> None:
        self._lines.extend(self._parser.feed(data))
        if self._lines:
            self._stirred.set()

    def _complain(self, data: bytes) -> None:
        self._complaint += data[: _MOST_COMPLAINT - len(self._complaint)]


class _Handle:
    """A file that is read in one thread and closed in another."""

    def __init__(self, make: Callable[[], LogFile]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._file: LogFile | None = None
        self._busy = self._closed = False

    def read(self, now: float) -> list[str]:
        """Open it the first time, and return lines that follow; none after `close`. For the lane."""
        with self._lock:
            if self._closed:
                return []
            self._busy = True
        try:
            if self._file is None:
                self._file = self._make()
            return self._file.read(now)
        finally:
            with self._lock:
                self._busy = False
                if self._closed and self._file is not None:
                    self._file.close()

    def close(self) -> None:
        """Close it, at the latest when a read that hangs comes back."""
        with self._lock:
            self._closed = True
            if not self._busy and self._file is not None:
                self._file.close()


def _log_lines(lines: list[str]) -> list[LogLine]:
    return [LogLine(ts=None, stream="stdout", line=line) for line in lines]


def _pipe(
    take: Callable[[bytes], None], on_end: Callable[[], None] | None, files: list[Inlet], theirs: ExitStack
) -> int:
    ours, other = os.pipe()
    theirs.callback(os.close, other)
    files.append(Inlet(ours, take, on_end))
    return other


async def _end(pack: Pack) -> None:
    after_cancellation()
    pack.leader.signal_group(signal.SIGTERM)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_WITHIN_S):
                await pack.leader.ended.wait()
    finally:
        pack.leader.signal_group(signal.SIGKILL)
        await pack.disband()
