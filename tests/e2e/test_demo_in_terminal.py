"""The demo as a person starts it: in a terminal, to the first live picture, and out again."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyte
import pytest

from tests.deadlines import eventually_sync
from tests.e2e.demo_process import START_WITHIN_S, is_alive, own_environ

LEAVES_THE_UI = b"\x1b[?1049l"


class Terminal:
    """A real pseudo-terminal of 80x24, and what is on it."""

    def __init__(self, descriptor: int, process: "subprocess.Popen[bytes]") -> None:
        self._descriptor = descriptor
        self._process = process
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""

    def text(self) -> str:
        """What is on the screen now, after reading what has come."""
        while select.select([self._descriptor], [], [], 0.01)[0]:
            try:
                piece = os.read(self._descriptor, 65536)
            except OSError:
                break
            self.written += piece
            self._stream.feed(piece)
        return "\n".join(self._screen.display)

    def until(self, text: str) -> None:
        """Wait until `text` was on the screen: a look later something else may be there."""
        looked: list[str] = []

        def seen_or_over() -> bool:
            is_over = self._process.poll() is not None
            looked.append(self.text())
            return text in looked[-1] or is_over

        eventually_sync(seen_or_over, deadline_s=START_WITHIN_S, what=text)
        assert text in looked[-1], self.written.decode(errors="replace")[-4000:]

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())


@contextmanager
def demo_on_screen(
    folder: Path,
) -> Iterator[tuple[Terminal, "subprocess.Popen[bytes]", list[psutil.Process]]]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "chatops_tui.cli", "demo", "--port", "0", "--data-dir", str(folder)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env=own_environ(folder) | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    )
    os.close(theirs)
    try:
        terminal = Terminal(ours, process)
        terminal.until("● live")
        yield terminal, process, psutil.Process(process.pid).children(recursive=True)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(ours)


def ended(terminal: Terminal, process: "subprocess.Popen[bytes]") -> bool:
    # The terminal is read meanwhile: a program cannot end while nobody takes its last words.
    terminal.text()
    return process.poll() is not None


def test_it_opens_signed_in_shows_what_to_press_and_quits_whole(tmp_path: Path) -> None:
    with demo_on_screen(tmp_path / "demo") as (terminal, process, family):
        terminal.until("q back, and at last quit")
        terminal.until("CPU")
        assert len(family) >= 2
        terminal.type("q")
        eventually_sync(lambda: ended(terminal, process))
        assert process.returncode == 0, terminal.text()
        assert LEAVES_THE_UI in terminal.written
        eventually_sync(lambda: not any(is_alive(one) for one in family))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(tmp_path: Path, number: int) -> None:
    with demo_on_screen(tmp_path / "demo") as (terminal, process, family):
        process.send_signal(number)
        eventually_sync(lambda: ended(terminal, process))
        assert process.returncode == 0, terminal.text()
        assert LEAVES_THE_UI in terminal.written
        eventually_sync(lambda: not any(is_alive(one) for one in family))
