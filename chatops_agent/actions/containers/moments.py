"""Moments as people and programs write them, in the form an engine takes. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from chatops_agent.engine.errors import EngineError
from chatops_wire.containers import DockerCode

_NS: Final = 1_000_000_000
_AGO: Final = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,10})s)?")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = re.compile(r"(\d{1,11})(?:\.(\d{1,9})\d*)?")


def nanoseconds(moment: str | float, now_ns: int) -> int:
    """Return Unix nanoseconds of an RFC 3339 text, Unix seconds, or how long ago (`10m`, `1h30m`).

    Raises:
        EngineError: None of these.
    """
    text = str(moment).strip()
    number = _NUMBER.fullmatch(text)
    if number is not None:
        return int(number[1]) * _NS + int((number[2] or "").ljust(9, "0"))
    ago = _AGO.fullmatch(text)
    if ago is not None and text:
        days, hours, minutes, seconds = (int(part or 0) for part in ago.groups())
        return now_ns - (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * _NS
    found = _rfc3339(text)
    if found is None:
        raise EngineError(
            DockerCode.BAD_REQUEST,
            f"no time: {text[:64]!r} is neither RFC 3339 nor Unix seconds nor like 10m",
        )
    return found


def parameter(moment_ns: int) -> str:
    """Return the parameter of the engine: a float loses digits, and RFC 3339 is refused."""
    seconds, rest = divmod(max(0, moment_ns), _NS)
    return f"{seconds}.{rest:09d}"


def of_line(stamp: bytes) -> int | None:
    """Return Unix nanoseconds of the time in front of a line of a log; None: it is none."""
    return _rfc3339(stamp.decode("ascii", "replace"))


def _rfc3339(text: str) -> int | None:
    # datetime keeps six digits of the nine.
    head, dot, rest = text.partition(".")
    digits = ""
    if dot:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        head += rest[len(digits) :]
    try:
        moment = datetime.fromisoformat(head)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return (moment - _EPOCH) // timedelta(seconds=1) * _NS + int(digits[:9].ljust(9, "0"))
