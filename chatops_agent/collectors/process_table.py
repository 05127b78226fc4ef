"""How the table of processes is read: straight from /proc on Linux, through psutil elsewhere."""

import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import psutil

_PROC: Final = Path("/proc")
# Fields of /proc/<pid>/stat after the name in brackets, proc_pid_stat(5); the state is the first.
_USER_TICKS, _SYSTEM_TICKS, _START_TICKS, _RESIDENT_PAGES = 11, 12, 19, 21
_STAT_BYTES: Final = 1024
# Longer command lines exist (a class path of 100 kB); of these nobody sees more than the beginning.
_COMMAND_BYTES: Final = 4096


class Reading(NamedTuple):
    """One process in one pass over the table; a tuple, as there are hundreds."""

    pid: int
    started: float
    """When it started, in the reader's own unit: with the pid it tells a process from its successor."""
    cpu_s: float
    resident: int
    name: str


@dataclass(frozen=True, slots=True)
class Description:
    """What is only looked up for processes that are shown."""

    user: str
    command: bytes
    """Words separated by NUL; empty for a kernel thread, or where reading it is not allowed."""


class ProcessReader(Protocol):
    """Reads the table of processes."""

    def scan(self) -> list[Reading]:
        """Return all that could be read; one that ended meanwhile is left out."""

    def describe(self, pid: int) -> Description:
        """Return what is known of one process; empty fields if it has ended or hides it."""


def reader() -> ProcessReader:
    """Return the reader for this system."""
    return ProcReader() if (_PROC / "self" / "stat").exists() else PsutilReader()


class ProcReader:
    """Reads /proc: 200 processes cost some 5 ms here, ten times less than psutil objects."""

    def __init__(self) -> None:
        self._tick_s = 1.0 / os.sysconf("SC_CLK_TCK")
        self._page_bytes = os.sysconf("SC_PAGE_SIZE")

    def scan(self) -> list[Reading]:
        """Return every process that /proc shows to this user."""
        readings = []
        # os.listdir and string paths: a Path a process doubles the cost of the pass.
        for entry in os.listdir(_PROC):  # noqa: PTH208 - likewise
            if entry.isdecimal():
                reading = self._read(entry)
                if reading is not None:
                    readings.append(reading)
        return readings

    def describe(self, pid: int) -> Description:
        """Return the effective user and the command line."""
        folder = _PROC / str(pid)
        return Description(user=_user_name(_effective_uid(folder)), command=_command(folder))

    def _read(self, pid: str) -> Reading | None:
        try:
            stat = _first_bytes(f"/proc/{pid}/stat", _STAT_BYTES)
        except OSError:
            return None
        # The name stands in brackets and may itself hold brackets, blanks and newlines.
        opened, closed = stat.find(b"("), stat.rfind(b")")
        fields = stat[closed + 2 :].split(None, _RESIDENT_PAGES + 1)
        if opened < 0 or len(fields) <= _RESIDENT_PAGES:
            return None
        return Reading(
            pid=int(pid),
            started=float(fields[_START_TICKS]),
            cpu_s=(int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) * self._tick_s,
            resident=int(fields[_RESIDENT_PAGES]) * self._page_bytes,
            name=stat[opened + 1 : closed].decode("utf-8", "replace"),
        )


class PsutilReader:
    """Reads through psutil, for systems without /proc."""

    def scan(self) -> list[Reading]:
        """Return every process that psutil shows to this user."""
        readings = []
        for process in psutil.process_iter():
            with suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                readings.append(
                    Reading(
                        pid=process.pid,
                        started=process.create_time(),
                        cpu_s=times.user + times.system,
                        resident=process.memory_info().rss,
                        name=process.name(),
                    )
                )
        return readings

    def describe(self, pid: int) -> Description:
        """Return the user and the command line."""
        user, command = "", b""
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            user = process.username()
            command = "\0".join(process.cmdline()).encode("utf-8", "replace")[:_COMMAND_BYTES]
        return Description(user=user, command=command)


def _first_bytes(path: str, count: int) -> bytes:
    # Half the cost of open(): no buffer, no file object.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, count)
    finally:
        os.close(descriptor)


def _effective_uid(folder: Path) -> int | None:
    # The folder's owner would be root for every process that may not be dumped.
    with suppress(OSError, ValueError, IndexError):
        for line in (folder / "status").read_bytes().splitlines():
            if line.startswith(b"Uid:"):
                return int(line.split()[2])
    return None


def _user_name(uid: int | None) -> str:
    if uid is None:
        return ""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _command(folder: Path) -> bytes:
    try:
        return _first_bytes(f"{folder}/cmdline", _COMMAND_BYTES)
    except OSError:
        return b""
