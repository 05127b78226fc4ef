"""Ids of commands the agent has taken: none is run twice within a day, also when the agent was restarted."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import msgspec

DAY_S: Final = 86_400.0
MOST: Final = 10_000
_NAME: Final = "commands.seen"
# An id has 64 characters, each of which may take twelve in JSON.
_MOST_LINE: Final = 1024
_PRIVATE: Final = 0o600

Entry = tuple[Annotated[int, msgspec.Meta(ge=0)], str]
"""When, in Unix milliseconds, and which id."""


class SeenFile:
    """One line an id, appended; a crash costs at most the last one. It may block."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when there is something to write."""
        self._path = folder / _NAME
        self._lines = 0

    def load(self) -> list[Entry]:
        """Return what an earlier agent has written, oldest first; lines that make no sense are passed over.

        Raises:
            OSError: The folder cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                found = list(_entries(file))
        except FileNotFoundError:
            return []
        self._lines = len(found)
        return found[-MOST:]

    @property
    def is_full(self) -> bool:
        """It holds as many that are of no use any more as ones that are."""
        return self._lines >= 2 * MOST

    def add(self, entry: Entry) -> None:
        """Write down one more.

        Raises:
            OSError: It is not written down.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _opened(self._path, os.O_APPEND) as file:
            file.write(_line(entry))
        self._lines += 1

    def replace(self, written: list[Entry]) -> None:
        """Write down these instead of what is there; raises OSError."""
        beside = self._path.with_suffix(".new")
        with _opened(beside, os.O_TRUNC) as file:
            file.writelines(map(_line, written))
        beside.replace(self._path)
        self._lines = len(written)


class Seen:
    """The ids of a day, at most 10,000 of them, oldest first."""

    def __init__(self, now_ms: Callable[[], int], now: Callable[[], float]) -> None:
        """Begin with none.

        Args:
            now_ms: Unix milliseconds, for what is written down.
            now: Monotonic seconds, for how long an id counts.
        """
        self._now_ms, self._now = now_ms, now
        self._ids: OrderedDict[str, float] = OrderedDict()

    def __contains__(self, command_id: str) -> bool:
        return command_id in self._ids

    def add(self, command_id: str) -> Entry:
        """Take an id and return it as it is written down."""
        self._ids[command_id] = self._now()
        self.drop_old()
        return self._now_ms(), command_id

    def take_over(self, entries: Iterable[Entry]) -> None:
        """Go on with what an earlier agent has seen; call it before the first `add`."""
        for at_ms, command_id in entries:
            # A clock that was set back makes none of them younger than now.
            age_s = max(0.0, (self._now_ms() - at_ms) / 1000)
            self._ids[command_id] = self._now() - age_s
        self.drop_old()

    def drop_old(self) -> None:
        """Forget what is older than a day, or too much."""
        oldest = self._now() - DAY_S
        while self._ids and (len(self._ids) > MOST or next(iter(self._ids.values())) < oldest):
            self._ids.popitem(last=False)

    def entries(self) -> list[Entry]:
        """Return all as they are written down."""
        now, now_ms = self._now(), self._now_ms()
        return [(now_ms - round((now - at) * 1000), command_id) for command_id, at in self._ids.items()]


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        try:
            found = msgspec.json.decode(line[:_MOST_LINE], type=Entry)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Cut short by a crash, or no line of ours.
            continue
        yield found


def _line(entry: Entry) -> bytes:
    return msgspec.json.encode(entry) + b"\n"


def _opened(path: Path, how: int) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | how, _PRIVATE), "wb")  # noqa: PTH123 - a descriptor
