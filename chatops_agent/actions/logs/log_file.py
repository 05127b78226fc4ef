"""The lines of a file as it grows, through rotation and truncation.

All of this may hang on a dead mount: call it in a lane.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from chatops_agent.actions.logs.lines import LineSplitter
from chatops_agent.actions.logs.log_paths import LogRefusedError, open_log

_READ_BYTES: Final = 64 * 1024
# Looking for the start of the last lines goes back no further than this.
_TAIL_BYTES: Final = 16 * 1024 * 1024
# The last line of a file may never get its end; a program that is writing one does not wait so long.
_UNFINISHED_S: Final = 1.0


class LogFile:
    """One path, and whatever file stands there.

    A file that was replaced (renamed, and made anew) is read to its end first, and until the new one has
    something in it: until then the program that writes may still have the old one open. The new one is held
    from when it is seen, so that it is read even if it is filled and replaced before the next look. One that
    has become shorter than what was read (copytruncate) is read from its start. Between two looks a file can
    be truncated and grow beyond what was read: what then stands before that place is missed, as by tail -F.
    """

    def __init__(self, path: str, folders: tuple[Path, ...], tail: int) -> None:
        """Open it.

        Raises:
            LogRefusedError: It is not to be followed.
        """
        self._path = path
        self._folders = folders
        self._file = open_log(path, folders)
        self._successor: int | None = None
        self._offset = _start_of_tail(self._file, tail)
        self._splitter = LineSplitter()
        self._grown_at = 0.0

    def read(self, now: float) -> list[str]:
        """Return lines that follow, some 64 KiB of them at most; none: look again later.

        Args:
            now: Monotonic seconds.
        """
        while data := os.pread(self._file, _READ_BYTES, self._offset):
            self._offset += len(data)
            self._grown_at = now
            lines = self._splitter.feed(data)
            if lines:
                return lines
        if os.fstat(self._file).st_size < self._offset:
            self._offset = 0
            return self._splitter.flush()
        if self._moves_on():
            return self._splitter.flush()
        if self._splitter.has_begun and now - self._grown_at > _UNFINISHED_S:
            return self._splitter.flush()
        return []

    def close(self) -> None:
        """Let go of it."""
        self._let_go_of_successor()
        os.close(self._file)

    def _moves_on(self) -> bool:
        """Go over to the file that came after this one; False: there is none, or nothing in it."""
        self._hold_successor()
        if self._successor is None or os.fstat(self._successor).st_size == 0:
            return False
        if os.fstat(self._file).st_size > self._offset:
            # Written just now: the next look reads it first.
            return False
        os.close(self._file)
        self._file, self._offset, self._successor = self._successor, 0, None
        return True

    def _hold_successor(self) -> None:
        """Hold the file that stands at the path now, unless one is held that has something to read."""
        held = self._successor
        if held is not None and os.fstat(held).st_size > 0:
            return
        try:
            there = os.stat(self._path)  # noqa: PTH116 - the same call as for the fd
        except OSError:
            return
        if os.path.samestat(there, os.fstat(self._file)):
            # Never replaced, or put back.
            self._let_go_of_successor()
            return
        if held is not None and os.path.samestat(there, os.fstat(held)):
            return
        with suppress(LogRefusedError):
            successor = open_log(self._path, self._folders)
            self._let_go_of_successor()
            self._successor = successor

    def _let_go_of_successor(self) -> None:
        if self._successor is not None:
            os.close(self._successor)
            self._successor = None


def _start_of_tail(file: int, lines: int) -> int:
    """Return where the last lines begin; the end of the last one counts for no further, empty line."""
    size = os.fstat(file).st_size
    if lines <= 0:
        return size
    place, wanted = size, lines
    while place > max(0, size - _TAIL_BYTES):
        block_start = max(0, place - _READ_BYTES)
        block = os.pread(file, place - block_start, block_start)
        if place == size and block.endswith(b"\n"):
            wanted += 1
        ends = block.count(b"\n")
        if ends >= wanted:
            return block_start + _nth_end_from_behind(block, wanted) + 1
        wanted -= ends
        place = block_start
    return place


def _nth_end_from_behind(block: bytes, count: int) -> int:
    place = len(block)
    for _ in range(count):
        place = block.rindex(b"\n", 0, place)
    return place
