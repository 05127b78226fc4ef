"""The programs the demo starts: each in its own process group, none left behind however the demo ends."""

import asyncio
import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from chatops_tui.demo.errors import DemoError

# The contract gives the demo 5 s to end: the agent may hand over what it has, then the hub commits it.
AGENT_ENDS_WITHIN_S: Final = 1.5
ALL_END_WITHIN_S: Final = 4.0
# What explains a failed start without filling the screen.
LAST_LINES: Final = 8
_TAIL_BYTES: Final = 16 * 1024
# prctl(2): the kernel sends this signal when the thread that started the process is gone.
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Program:
    """What to start: a name for people, a module of ours with its arguments, and where its log goes."""

    name: str
    arguments: Sequence[str]
    log: Path
    environ: Mapping[str, str]


class Child:
    """One program that has been started."""

    def __init__(self, program: Program) -> None:
        self.name = program.name
        self._log = program.log
        with _private(program.log) as log:
            # The child holds the other end and never writes: end of file means that it is gone.
            self._life, held = os.pipe()
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own programs
                    [sys.executable, "-m", *program.arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=dict(program.environ),
                    pass_fds=(held,),
                    # A ctrl+c at the keyboard is for the demo, which then ends its children in order.
                    start_new_session=True,
                    preexec_fn=_dying_with(os.getpid()),  # noqa: PLW1509 - no threads run yet
                )
            finally:
                os.close(held)

    def line(self, within_s: float) -> str:
        """Return the first line it prints.

        Raises:
            DemoError: It ended first, or took longer.
        """
        assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
        output, end = self._process.stdout.fileno(), time.monotonic() + within_s
        taken = b""
        while b"\n" not in taken:
            ready, _, _ = select.select([output], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise DemoError(f"the {self.name} was not ready within {within_s:.0f} s", self.last_lines())
            piece = os.read(output, 4096)
            if not piece:
                raise self.failure()
            taken += piece
        return taken.split(b"\n", 1)[0].decode(errors="replace")

    async def gone(self) -> None:
        """Return when it has ended. Cancelling is safe."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._life, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._life)

    def has_ended(self) -> bool:
        """Return whether it has."""
        return self._process.poll() is not None

    def failure(self) -> DemoError:
        """Return the error that tells that it ended by itself, with its last words."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        code = self._process.returncode
        return DemoError(f"the {self.name} ended with status {code}; its last lines:", self.last_lines())

    def last_lines(self) -> list[str]:
        """Return the end of its log."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return log.read().decode(errors="replace").splitlines()[-LAST_LINES:]
        return []

    def ask_to_end(self) -> None:
        """Send SIGTERM, unless it has ended."""
        if not self.has_ended():
            self._process.terminate()

    def wait(self, until_s: float) -> None:
        """Wait for its end, but not past this time of the monotonic clock."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=max(0.0, until_s - time.monotonic()))

    def end(self) -> None:
        """Kill what is left of it and of what it started in its group, and give its descriptors back."""
        if not self.has_ended():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._life)


class Children:
    """What runs; leaving the context ends all of it, the agent before the hub it speaks to."""

    def __init__(self) -> None:
        self._running: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end = time.monotonic() + ALL_END_WITHIN_S
        while self._running:
            # The last one started first: it depends on those before it.
            child = self._running.pop()
            child.ask_to_end()
            child.wait(min(end, time.monotonic() + AGENT_ENDS_WITHIN_S) if self._running else end)
            child.end()

    def start(self, program: Program) -> Child:
        """Start a program and return it."""
        child = Child(program)
        self._running.append(child)
        return child

    def stop(self, child: Child) -> None:
        """End one of them now."""
        self._running.remove(child)
        child.ask_to_end()
        child.wait(time.monotonic() + AGENT_ENDS_WITHIN_S)
        child.end()


def _private(log: Path) -> BinaryIO:
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb")


def _dying_with(parent: int) -> Callable[[], None] | None:
    """Return what a new process does first, so that even `kill -9` of the demo leaves no orphan (Linux)."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            # The demo died between fork and prctl; nobody else will tell us.
            os._exit(1)

    return bind
