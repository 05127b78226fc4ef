"""A hub under whose database the power fails: what was written and not synced may be gone.

usage: python -m tests.faults.power run … with POWER_LOG=FILE, and MUTANT=no_sync for one that does not sync

SQLite does all its writing through a table of functions (sqlite3_io_methods). Here `xWrite`, `xTruncate` and
`xSync` of that table are led through Python, in the very process of the hub, and noted in a log. Of the
files before and that log `after_the_cut` makes what a disk may hold that lost its power at the log's end: all
that was synced, and of the rest any part, in sectors.

What that proves: all that was acknowledged was synced when its `ack` went out, and the file opens whatever
became of the rest. What it does not: that the disk keeps what it says it has synced, and that the file system
keeps the names of files (SQLite syncs the folder, which goes round this table).
"""

import _sqlite3
import ctypes
import os
import random
import shutil
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from chatops_server import cli
from chatops_server.storage.sqlite import connections

SECTOR: Final = 512
_RECORD: Final = struct.Struct("<cHQI")
_WRITE, _TRUNCATE, _SYNC = b"W", b"T", b"S"

_FILE: Final = ctypes.c_void_p
_WRITING: Final = ctypes.CFUNCTYPE(ctypes.c_int, _FILE, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
_TRUNCATING: Final = ctypes.CFUNCTYPE(ctypes.c_int, _FILE, ctypes.c_int64)
_SYNCING: Final = ctypes.CFUNCTYPE(ctypes.c_int, _FILE, ctypes.c_int)
_OPENING: Final = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, _FILE, ctypes.c_int, ctypes.c_void_p
)
# How many pointers stand in sqlite3_io_methods of version 3, behind its number.
_METHODS: Final = 18


class _IoMethods(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("close", ctypes.c_void_p),
        ("read", ctypes.c_void_p),
        ("write", ctypes.c_void_p),
        ("truncate", ctypes.c_void_p),
        ("sync", ctypes.c_void_p),
        ("others", ctypes.c_void_p * (_METHODS - 5)),
    )


class _Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("longest_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("open", ctypes.c_void_p),
    )


class Tap:
    """Leads what SQLite writes in this process past a log."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._names: dict[int, str] = {}
        self._tables: dict[int, _IoMethods] = {}
        # SQLite keeps pointers to these; Python must keep the things.
        self._kept: list[Any] = []

    def install(self) -> None:
        """Go between SQLite and its default file system, for files that are opened from now on."""
        library = ctypes.CDLL(str(library_path()))
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        vfs = library.sqlite3_vfs_find(None).contents
        before = _OPENING(vfs.open)

        def open_file(self_: int, name: int | None, file: int, flags: int, out: int) -> int:
            result = before(self_, name, file, flags, out)
            if result == 0 and name is not None:
                self._names[file] = Path(os.fsdecode(ctypes.string_at(name))).name
                place = ctypes.cast(file, ctypes.POINTER(ctypes.c_void_p))
                place[0] = ctypes.addressof(self._table(place[0] or 0))
            return int(result)

        opening = _OPENING(open_file)
        self._kept += [before, opening]
        vfs.open = ctypes.cast(opening, ctypes.c_void_p).value

    def _table(self, of: int) -> _IoMethods:
        if of in self._tables:
            return self._tables[of]
        real = _IoMethods.from_address(of)
        copy = _IoMethods()
        ctypes.memmove(ctypes.byref(copy), of, ctypes.sizeof(_IoMethods) if real.version > 2 else 8 + 8 * 12)
        write, truncate, sync = _WRITING(real.write), _TRUNCATING(real.truncate), _SYNCING(real.sync)

        def on_write(file: int, data: int, size: int, at: int) -> int:
            self.note(self._names[file], _WRITE, at, ctypes.string_at(data, size))
            return int(write(file, data, size, at))

        def on_truncate(file: int, size: int) -> int:
            self.note(self._names[file], _TRUNCATE, size)
            return int(truncate(file, size))

        def on_sync(file: int, flags: int) -> int:
            result = int(sync(file, flags))
            if result == 0:
                # Killed before this line it counts as not synced, and nobody was told that it is.
                self.note(self._names[file], _SYNC, 0)
            return result

        ours = _WRITING(on_write), _TRUNCATING(on_truncate), _SYNCING(on_sync)
        copy.write, copy.truncate, copy.sync = (ctypes.cast(each, ctypes.c_void_p).value for each in ours)
        self._kept += [write, truncate, sync, *ours]
        self._tables[of] = copy
        return copy

    def note(self, name: str, kind: bytes, at: int, data: bytes = b"") -> None:
        """Write down what happens to a file."""
        raw = name.encode()
        os.write(self._log, _RECORD.pack(kind, len(raw), at, len(data)) + raw + data)


def library_path() -> Path:
    """Return the SQLite of this process; raises LookupError where it is built into Python."""
    assert _sqlite3.sqlite_version
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "libsqlite3" in line:
            return Path(line.split(maxsplit=5)[5])
    raise LookupError("SQLite is built into this Python")


@dataclass
class _Disk:
    """One file: what is on it for certain, and what was written since."""

    content: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[bytes, int, bytes]] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.unsynced:
            self._apply(*change)
        self.unsynced.clear()

    def lose_power(self, chance: random.Random) -> None:
        """Take of what was not synced any sectors of any writes; truncations too may have happened."""
        for kind, at, data in self.unsynced:
            if kind == _TRUNCATE:
                if chance.random() < 0.5:
                    self._apply(kind, at, data)
                continue
            for first in range(0, len(data), SECTOR):
                if chance.random() < 0.5:
                    self._apply(kind, at + first, data[first : first + SECTOR])
        self.unsynced.clear()

    def _apply(self, kind: bytes, at: int, data: bytes) -> None:
        if kind == _TRUNCATE:
            del self.content[at:]
            return
        self.content.extend(bytes(max(0, at - len(self.content))))
        self.content[at : at + len(data)] = data


def after_the_cut(before: Path, log: Path, folder: Path, chance: random.Random) -> int:
    """Put into `folder` the files of `before` as the power cut at the log's end left them.

    Returns how many writes were lost or torn.
    """
    disks: dict[str, _Disk] = {}
    for kind, name, at, data in _records(log.read_bytes()):
        disk = disks.get(name)
        if disk is None:
            path = before / name
            disk = disks[name] = _Disk(bytearray(path.read_bytes() if path.exists() else b""))
        if kind == _SYNC:
            disk.sync()
        else:
            disk.unsynced.append((kind, at, data))
    lost = sum(len(disk.unsynced) for disk in disks.values())
    for name, disk in disks.items():
        disk.lose_power(chance)
        (folder / name).write_bytes(disk.content)
    for shared in folder.glob("*-shm"):
        # Memory, not disk.
        shared.unlink()
    return lost


def _records(log: bytes) -> Iterator[tuple[bytes, str, int, bytes]]:
    at = 0
    while at + _RECORD.size <= len(log):
        kind, name_size, offset, size = _RECORD.unpack_from(log, at)
        at += _RECORD.size
        if at + name_size + size > len(log):
            return  # killed while it was noted
        name = log[at : at + name_size].decode()
        yield kind, name, offset, log[at + name_size : at + name_size + size]
        at += name_size + size


def snapshot(data: Path, aside: Path) -> None:
    """Keep what is on the disk before a hub starts."""
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for path in data.glob("hub.db*"):
        shutil.copy(path, aside)


def no_sync() -> None:
    """Leave out what makes an `ack` mean something: the sync of each commit."""
    pragmas = connections._WRITER_PRAGMAS  # noqa: SLF001 - a mutant
    lax = tuple(each.replace("= FULL", "= NORMAL") for each in pragmas)
    setattr(connections, "_WRITER_PRAGMAS", lax)  # noqa: B010 - likewise: it is final


if __name__ == "__main__":
    if os.environ.get("MUTANT") == "no_sync":
        no_sync()
    # Held for as long as SQLite may call into it.
    tap = Tap(Path(os.environ["POWER_LOG"]))
    tap.install()
    sys.exit(cli.main())
