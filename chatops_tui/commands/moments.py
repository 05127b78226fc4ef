"""Moments as they are typed after a flag."""

import re
import time
from datetime import datetime
from typing import Final

from chatops_tui.store.time_words import MomentError, parse_moment
from chatops_wire.settings import SettingError

_SPAN: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:min|[smhdw]))+", re.ASCII)


def typed_ms(flag: str, text: str) -> int:
    """Return a moment in Unix ms; `now` is now, and `2h` alone is two hours ago.

    Raises:
        SettingError: It is none, or still to come.
    """
    now_ms = time.time_ns() // 1_000_000
    zone = datetime.now().astimezone().tzinfo
    if zone is None:  # pragma: no cover - astimezone always sets one
        raise SettingError(f"{flag}: this machine has no time zone")
    try:
        found = parse_moment(f"-{text}" if _SPAN.fullmatch(text) else text, now_ms, zone)
    except MomentError as exc:
        raise SettingError(f"{flag}: {exc}") from exc
    return now_ms if found is None else found
