"""Times as they travel: RFC 3339 UTC text with milliseconds outside, integer Unix milliseconds inside."""

from datetime import UTC, datetime
from typing import Final

# The last moment that can be written: the end of year 9999.
LAST_MS: Final = 253_402_300_799_999
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS: Final = 86_400_000


def format_ms(unix_ms: int) -> str:
    """Return e.g. `2026-01-31T12:00:00.000Z`.

    Raises:
        ValueError: `unix_ms` lies outside the years 1 to 9999.
    """
    seconds, millis = divmod(unix_ms, 1000)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as exc:
        raise ValueError(f"not a representable time: {unix_ms}") from exc
    # Not strftime: its %Y does not pad the year everywhere.
    return f"{moment.replace(tzinfo=None).isoformat()}.{millis:03d}Z"


def parse_ms(text: str) -> int:
    """Return Unix milliseconds of an RFC 3339 text; a finer fraction is cut.

    Raises:
        ValueError: Not such a text, or it has no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time needs a zone: {text!r}")
    since = moment - _EPOCH
    return since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
