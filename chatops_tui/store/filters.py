"""The language of `/`: which servers, and which processes, a few words pick.

Terms are separated by spaces and must all hold. `!` in front of a term inverts it.

    web            the name or a tag contains it
    tag:web        a tag contains it           name:db     the name contains it
    status:off     the status begins with it   (online, offline, never, warning, critical, ok)
    cpu>70         also mem, disk, net, rx, tx, load, up; with > >= < <= =; 10K, 3M, 1.5G, 2h, 3d
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import msgspec

from chatops_tui.store.models import Health, Row
from chatops_wire.samples import Process

T = TypeVar("T")
Test = Callable[[T], bool]

_COMPARISON: Final = re.compile(r"([a-z]+)(>=|<=|>|<|=)([0-9]+(?:\.[0-9]+)?)([a-z%]?)")
_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_SCALES: Final[Mapping[str, float]] = {
    "": 1,
    "%": 1,
    "k": 1024,
    "m": 1024**2,
    "g": 1024**3,
    "t": 1024**4,
    "s": 1,
    "h": 3600,
    "d": 86_400,
}


class Language(msgspec.Struct, Generic[T], frozen=True):
    """What the terms are about."""

    words: Callable[[T], tuple[str, ...]]
    """The texts a plain word is looked for in."""
    fields: Mapping[str, Callable[[T, str], bool]]
    """`key:value`; the value is lower case."""
    numbers: Mapping[str, Callable[[T], float | None]]
    """What may be compared; None never matches."""


def compiled(text: str, language: Language[T]) -> Test[T]:
    """Return whether an item matches `text`. A term that is not finished (`cpu>`) picks everything."""
    tests = [_term(word, language) for word in text.lower().split()]
    return lambda item: all(test(item) for test in tests)


def _term(word: str, language: Language[T]) -> Test[T]:
    if word.startswith("!"):
        rest = word[1:]
        inner = _term(rest, language) if rest else None
        return _anything if inner is None or inner is _anything else lambda item: not inner(item)
    comparison = _COMPARISON.fullmatch(word)
    if comparison is not None and comparison[1] in language.numbers:
        return _compare(comparison, language)
    key, colon, value = word.partition(":")
    if colon and key in language.fields:
        matches = language.fields[key]
        return (lambda item: matches(item, value)) if value else _anything
    if key.rstrip("<>=") in language.numbers and key[-1] in "<>=":
        return _anything
    return lambda item: any(word in text.lower() for text in language.words(item))


def _compare(comparison: re.Match[str], language: Language[T]) -> Test[T]:
    read, compare = language.numbers[comparison[1]], _OPERATORS[comparison[2]]
    wanted = float(comparison[3]) * _SCALES.get(comparison[4], 1)

    def test(item: T) -> bool:
        value = read(item)
        # People compare what they see, and they see whole numbers.
        return value is not None and compare(round(value) if comparison[2] == "=" else value, wanted)

    return test


def _anything(_item: object) -> bool:
    return True


def _vital(name: str) -> Callable[[Row], float | None]:
    def read(row: Row) -> float | None:
        value: float | None = getattr(row.vitals, name, None)
        return value

    return read


_HEALTH_WORDS: Final[Mapping[Health, str]] = {
    Health.CRITICAL: "critical",
    Health.WARNING: "warning",
    Health.OK: "ok",
    Health.OFFLINE: "offline",
    Health.NEVER: "never",
}

SERVERS: Final[Language[Row]] = Language(
    words=lambda row: (row.name, *row.tags),
    fields={
        "tag": lambda row, value: any(value in tag.lower() for tag in row.tags),
        "name": lambda row, value: value in row.name.lower(),
        "status": lambda row, value: (
            row.status.startswith(value) or _HEALTH_WORDS[row.health].startswith(value)
        ),
    },
    numbers={
        "cpu": _vital("cpu"),
        "mem": _vital("memory"),
        "memory": _vital("memory"),
        "disk": _vital("disk"),
        "net": _vital("net"),
        "rx": _vital("rx"),
        "tx": _vital("tx"),
        "load": _vital("load"),
        "up": _vital("uptime_s"),
    },
)

PROCESSES: Final[Language[Process]] = Language(
    words=lambda process: (process.name, process.command, process.user, str(process.pid)),
    fields={
        "user": lambda process, value: value in process.user.lower(),
        "name": lambda process, value: value in process.name.lower(),
    },
    numbers={
        "cpu": lambda process: process.cpu_percent,
        "mem": lambda process: float(process.memory_used),
        "memory": lambda process: float(process.memory_used),
        "pid": lambda process: float(process.pid),
    },
)
