"""The `chatops` command as a shell runs it: with pipes, or in a terminal of its own."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.deadlines import DEADLINE_S, eventually
from tests.integration.client.contract_hub import PASSWORD

WHO = {"CHATOPS_USERNAME": "ada", "CHATOPS_PASSWORD": PASSWORD}
COMMAND = (sys.executable, "-m", "chatops_tui.cli")

# A session of its own, with the terminal as its controlling one, so that the terminal's signals arrive.
_IN_SESSION = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, sys.argv[1:])"
)


@dataclass(frozen=True)
class Ran:
    """How a program ended and what it printed."""

    status: int
    out: bytes
    err: str


async def chatops(*arguments: str, stdin: bytes = b"", **environ: str) -> Ran:
    """Run the command without a terminal."""
    process = await begun(*arguments, stdin=asyncio.subprocess.PIPE, **environ)
    async with asyncio.timeout(3 * DEADLINE_S):
        out, err = await process.communicate(stdin)
    assert process.returncode is not None
    return Ran(process.returncode, out, err.decode())


async def begun(
    *arguments: str, stdin: int = asyncio.subprocess.DEVNULL, **environ: str
) -> asyncio.subprocess.Process:
    """Start the command without a terminal."""
    return await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | WHO | {"PYTHONIOENCODING": "utf-8"} | environ,
    )


@dataclass
class Terminal:
    """A terminal with a program in it, and what it shows."""

    fd: int
    other_fd: int
    process: asyncio.subprocess.Process
    seen: bytearray = field(default_factory=bytearray)

    def type(self, data: bytes) -> None:
        os.write(self.fd, data)

    def resize(self, cols: int, rows: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    @property
    def settings(self) -> list[object]:
        """What the terminal is set to, as any program in it would find it."""
        return list(termios.tcgetattr(self.other_fd))

    @property
    def is_raw(self) -> bool:
        return not termios.tcgetattr(self.other_fd)[3] & termios.ICANON

    def cook(self) -> None:
        """Set it as a shell does for a program that reads lines."""
        settings = termios.tcgetattr(self.other_fd)
        settings[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(self.other_fd, termios.TCSANOW, settings)

    def hang_up(self) -> None:
        """Take it away, as a window that is closed does."""
        os.close(self.fd)
        os.close(self.other_fd)
        self.fd, self.other_fd = os.pipe()

    def look(self) -> bytes:
        """Read what has come."""
        try:
            while data := os.read(self.fd, 65536):
                self.seen += data
        except OSError:
            pass
        return bytes(self.seen)

    async def shows(self, text: bytes) -> None:
        """Wait until this has been shown."""
        try:
            await eventually(lambda: text in self.look())
        except AssertionError:
            raise AssertionError(f"{text!r} is not in {bytes(self.seen)!r}") from None

    async def ends(self) -> int:
        """Wait for the program and return its status."""
        try:
            await eventually(self._has_ended, deadline_s=2 * DEADLINE_S)
        except AssertionError:
            raise AssertionError(f"still runs after {bytes(self.seen)!r}") from None
        self.look()
        assert self.process.returncode is not None
        return self.process.returncode

    def _has_ended(self) -> bool:
        # Read on: a program whose terminal is full cannot end.
        self.look()
        return self.process.returncode is not None


@asynccontextmanager
async def in_terminal(
    *arguments: str,
    size: tuple[int, int] = (80, 24),
    program: Sequence[str] = COMMAND,
    **environ: str,
) -> AsyncIterator[Terminal]:
    """Run the command, or another program, in a terminal of its own; killed afterwards if it still runs."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _IN_SESSION, *program, *arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | WHO | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"} | environ,
    )
    # Kept open: its settings are looked at after the program has ended.
    terminal = Terminal(ours, theirs, process)
    try:
        yield terminal
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
        os.close(ours)
        os.close(theirs)
