"""The time as this terminal's user reads it."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME: Final = Path("/etc/localtime")


def now_ms() -> int:
    """Return Unix milliseconds."""
    return time.time_ns() // 1_000_000


def local_zone(environ: Mapping[str, str] = os.environ) -> tzinfo:
    """Return the user's time zone with its summer times; today's offset where it has no rules."""
    try:
        name = environ.get("TZ", "").removeprefix(":")
        if name:
            return ZoneInfo(name)
        with _LOCALTIME.open("rb") as file:
            return ZoneInfo.from_file(file, key=_name_of(_LOCALTIME))
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return datetime.now(UTC).astimezone().tzinfo or UTC


def zone_name(zone: tzinfo) -> str:
    """Return the name another machine knows the zone by (`Europe/Berlin`); UTC where it has none."""
    key = getattr(zone, "key", None)
    return key if isinstance(key, str) and "/" in key else "UTC"


def clock(unix_ms: int, zone: tzinfo) -> str:
    """Return e.g. `12:04:31`."""
    return f"{datetime.fromtimestamp(unix_ms / 1000, zone):%H:%M:%S}"


def moment(unix_ms: int, now: int, zone: tzinfo) -> str:
    """Return when something was: `12:04` today, `23 Nov 12:04` before."""
    then, today = (datetime.fromtimestamp(ms / 1000, zone) for ms in (unix_ms, now))
    return f"{then:%H:%M}" if then.date() == today.date() else f"{then:%d %b %H:%M}"


def _name_of(link: Path) -> str:
    """Return the zone a link into the zone database leads to; `localtime` for a file of its own."""
    _, found, name = str(link.resolve()).rpartition("/zoneinfo/")
    return name if found else "localtime"
