"""Who used the machine: the top processes of a moment, and the moments of an hour packed together.

A moment waits in the hourly table by itself; when the hour is sealed its moments share one list of names,
since the same processes stand in nearly all of them. Measured (bench/history): 20 processes a moment take
some 400 bytes while they wait and 100-200 for the seven days after that.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Struct

from chatops_server.domain.chunks import DamagedChunkError
from chatops_server.domain.columns import LIMIT
from chatops_wire.samples import Process

EVERY_MS: Final = 30_000
"""At most one snapshot a server in each of these, aligned to the epoch."""
# By processor time, as agents order them, and by memory: what a screen shows at 80x24, and then some.
_BY_TIME: Final = 12
_BY_MEMORY: Final = 8
# What tells two workers of one program apart stands in the first words.
_COMMAND: Final = 80
_NAME: Final = 32
_KIB: Final = 1024
# One moment is too short for more to help; an hour is packed once and kept for days.
_QUICK: Final = 1
_THOROUGH: Final = 9

_Described = tuple[int, str, str, str]
_Use = tuple[int, int, int]


class _Hour(Struct, frozen=True, array_like=True):
    described: list[_Described]
    """Process id, name, user and command line, each once."""
    times: list[int]
    uses: list[list[_Use]]
    """For each time: which of `described`, tenths of a percent of a core, KiB."""


class _Moment(Struct, frozen=True, array_like=True):
    described: list[_Described]
    uses: list[tuple[int, int]]


_encoder: Final = msgspec.msgpack.Encoder()
_hours: Final = msgspec.msgpack.Decoder(_Hour)
_moments: Final = msgspec.msgpack.Decoder(_Moment)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The top processes at `ts_ms`, the sample's own time, by processor time, then memory."""

    ts_ms: int
    processes: tuple[Process, ...]


def encode(processes: Sequence[Process]) -> bytes:
    """Return one moment as bytes: of many processes those that use most."""
    kept = _top(processes)
    return zlib.compress(
        _encoder.encode(_Moment([_described(one) for one in kept], list(map(_use, kept)))), _QUICK
    )


def decode(ts_ms: int, body: bytes) -> Snapshot:
    """Return what `encode` packed.

    Raises:
        DamagedChunkError: These bytes are none.
    """
    try:
        moment = _moments.decode(zlib.decompress(body))
    except (zlib.error, msgspec.MsgspecError) as exc:
        raise DamagedChunkError(str(exc)) from exc
    pairs = zip(moment.described, moment.uses, strict=False)
    return Snapshot(ts_ms, tuple(_process(described, *use) for described, use in pairs))


def encode_hour(snapshots: Iterable[Snapshot]) -> tuple[int, bytes]:
    """Return how many moments there are, and all of them as bytes; of one time the last one counts."""
    by_time = {snapshot.ts_ms: snapshot.processes for snapshot in snapshots}
    numbers: dict[_Described, int] = {}
    uses = [
        [(numbers.setdefault(_described(one), len(numbers)), *_use(one)) for one in by_time[ts_ms]]
        for ts_ms in sorted(by_time)
    ]
    hour = _Hour(list(numbers), sorted(by_time), uses)
    return len(by_time), zlib.compress(_encoder.encode(hour), _THOROUGH)


def decode_hour(body: bytes) -> list[Snapshot]:
    """Return what `encode_hour` packed, by time.

    Raises:
        DamagedChunkError: These bytes are none.
    """
    try:
        hour = _hours.decode(zlib.decompress(body))
        return [
            Snapshot(ts_ms, tuple(_process(hour.described[at], *use) for at, *use in uses))
            for ts_ms, uses in zip(hour.times, hour.uses, strict=True)
        ]
    except (zlib.error, msgspec.MsgspecError, IndexError, ValueError) as exc:
        raise DamagedChunkError(str(exc)) from exc


def _top(processes: Sequence[Process]) -> list[Process]:
    by_time = sorted(processes, key=lambda one: (-one.cpu_percent, -one.memory_used, one.pid))
    by_memory = sorted(by_time[_BY_TIME:], key=lambda one: -one.memory_used)
    return by_time[:_BY_TIME] + by_memory[:_BY_MEMORY]


def _described(one: Process) -> _Described:
    # A command line that only repeats the name says nothing more.
    command = "" if one.command == one.name else one.command[:_COMMAND]
    return min(one.pid, LIMIT), one.name[:_NAME], one.user[:_NAME], command


def _use(one: Process) -> tuple[int, int]:
    return _whole(one.cpu_percent * 10), _whole(one.memory_used / _KIB)


def _whole(value: float) -> int:
    # Of an agent that lies: nothing negative, infinite or wider than a column.
    return round(min(max(value, 0), LIMIT)) if value == value else 0  # noqa: PLR0124 - not a number


def _process(described: _Described, tenths: int, kib: int) -> Process:
    pid, name, user, command = described
    return Process(
        pid=pid,
        name=name,
        user=user,
        cpu_percent=tenths / 10,
        memory_used=kib * _KIB,
        command=command or name,
    )
