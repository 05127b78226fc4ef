"""How far something long has come: a bar in a terminal, a line each tenth elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TextIO

_WIDTH: Final = 30
# Often enough for an eye, seldom enough for a slow line.
_EVERY_S: Final = 0.1
_TENTHS: Final = 10


@contextmanager
def bar(out: TextIO) -> Iterator[Callable[[int, int, str], None]]:
    """Yield what is told how much of how much is done, and of what the last of it was."""
    told = _Bar(out) if out.isatty() else _Lines(out)
    try:
        yield told
    finally:
        told.end()


class _Bar:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._shown_at = float("-inf")
        self._is_shown = False

    def __call__(self, done: int, total: int, what: str) -> None:
        now = time.monotonic()
        if done < total and now - self._shown_at < _EVERY_S:
            return
        self._shown_at, self._is_shown = now, True
        filled = _WIDTH * done // max(1, total)
        told = f"{_percent(done, total):3} %  {done:,} of {total:,} rows  {what}"
        self._out.write(f"\r[{'#' * filled:<{_WIDTH}}] {told}\x1b[K")
        self._out.flush()

    def end(self) -> None:
        if self._is_shown:
            self._out.write("\n")
            self._out.flush()


class _Lines:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._tenth = -1

    def __call__(self, done: int, total: int, what: str) -> None:
        tenth = _TENTHS * done // max(1, total)
        if tenth > self._tenth:
            self._tenth = tenth
            self._out.write(f"{_percent(done, total):3} %  {done:,} of {total:,} rows  {what}\n")
            self._out.flush()

    def end(self) -> None:
        """Nothing is left open."""


def _percent(done: int, total: int) -> int:
    return 100 * done // max(1, total)
