"""A program in a real pseudo-terminal: what it writes, how fast it is read, and how soon it answers a key."""

import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_CHUNK: Final = 65_536
_STOP_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.005
# Terminals of these days are asked whether they can show whole pictures (mode 2026), and say that they can.
_QUESTION: Final = b"\x1b[?2026$p"
_ANSWER: Final = b"\x1b[?2026;2$y"


class Terminal:
    """Reads as fast as it can, or `rate` bytes a second; keeps what came, and answers what it is asked."""

    def __init__(self, pid: int, fd: int, rate: float | None) -> None:
        """Begin to read."""
        self.pid = pid
        self.began_s = time.monotonic()
        self.output = bytearray()
        self.heard_s = self.began_s
        """When the last bytes came."""
        self.moments: list[tuple[float, int]] = []
        """Unix seconds, and how many bytes had come by then."""
        self.ended_s: float | None = None
        self._fd = fd
        self._rate = rate
        self._reader = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._reader.start()

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._fd, keys)

    def waits_for(self, text: bytes, within_s: float) -> float:
        """Return after how many seconds since the start `text` had come; TimeoutError."""
        while text not in self.output:
            if time.monotonic() - self.began_s > within_s:
                raise TimeoutError(f"{text!r} never came; last: {bytes(self.output[-400:])!r}")
            time.sleep(_LOOK_EVERY_S)
        return self.heard_s - self.began_s

    def answers(self, keys: bytes, within_s: float = 2.0) -> float | None:
        """Return after how many seconds something was drawn for a key; None: nothing was."""
        before, at_s = len(self.output), time.monotonic()
        self.press(keys)
        while time.monotonic() - at_s < within_s:
            if len(self.output) > before:
                return self.heard_s - at_s
            time.sleep(0.0005)
        return None

    def hang_up(self) -> float:
        """Take the terminal away; return after how many seconds the process was gone."""
        at_s = time.monotonic()
        os.close(self._fd)
        self._fd = -1
        while time.monotonic() - at_s < _STOP_WITHIN_S:
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                self.ended_s = time.monotonic()
                return self.ended_s - at_s
            time.sleep(_LOOK_EVERY_S)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return float("inf")

    def stop(self) -> None:
        """End the process, unless it has ended."""
        if self.ended_s is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            limit_s = time.monotonic() + _STOP_WITHIN_S
            while not os.waitpid(self.pid, os.WNOHANG)[0]:
                if time.monotonic() > limit_s:
                    os.kill(self.pid, signal.SIGKILL)
                time.sleep(_LOOK_EVERY_S)
        if self._fd >= 0:
            os.close(self._fd)

    def _read(self) -> None:
        # A slow line delivers a little at a time, not much now and then.
        chunk = _CHUNK if self._rate is None else max(1, int(self._rate / 20))
        while True:
            try:
                came = os.read(self._fd, chunk)
            except OSError:
                return
            if not came:
                return
            self.heard_s = time.monotonic()
            before = max(0, len(self.output) - len(_QUESTION) + 1)
            self.output += came
            self.moments.append((time.time(), len(self.output)))
            for _asked in range(self.output.count(_QUESTION, before)):
                self.press(_ANSWER)
            if self._rate is not None:
                time.sleep(len(came) / self._rate)


@contextlib.contextmanager
def in_terminal(
    command: Sequence[str],
    environ: Mapping[str, str],
    size: tuple[int, int],
    *,
    rate: float | None = None,
    deaf: bool = False,
) -> Iterator[Terminal]:
    """Run a program in a terminal of columns x rows, and end it; `deaf`: it never hears of a hang-up."""
    pid, fd = pty.fork()
    if pid == 0:
        if deaf:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execvpe(command[0], list(command), dict(environ))  # noqa: S606 - our own arguments
    columns, rows = size
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    terminal = Terminal(pid, fd, rate)
    try:
        yield terminal
    finally:
        terminal.stop()
