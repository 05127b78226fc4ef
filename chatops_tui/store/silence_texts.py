"""A silence as the texts somebody types. Pure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from chatops_tui.store import alert_texts
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.store.threshold_texts import Target
from chatops_wire.rest_alerts import SilenceCreate
from chatops_wire.times import format_ms

ENDLESS: Final = "9999-12-31T23:59:59.000Z"
"""When a silence ends that comes back every week."""
_LONGEST_S: Final = 10 * 365 * 86_400


def silence_of(texts: Mapping[str, str], where: Target, now_ms: int, zone: str) -> SilenceCreate:
    """Return the silence somebody has typed: it begins now.

    Args:
        texts: `for`, `metric`, `weekly`, `comment`; what is missing or empty narrows nothing.
        where: The server, or which servers.
        now_ms: Unix milliseconds.
        zone: Of weekly hours that name none.

    Raises:
        WrongTextError: One is not understood; the text begins with what it is called.
    """
    with _about("every week"):
        hours = alert_texts.weekly(texts.get("weekly", ""), zone)
    with _about("metric"):
        metric = texts.get("metric", "").strip()
        metric = alert_texts.known_metric(metric) if metric else ""
    length = texts.get("for", "").strip()
    is_endless = hours is not None and not length
    server_id, select = where
    return SilenceCreate(
        server_id=server_id,
        metric=metric or None,
        ends_at=ENDLESS if is_endless else format_ms(ends_ms(length, now_ms)),
        comment=texts.get("comment", "").strip(),
        select=select,
        weekly=hours,
    )


def ends_ms(length: str, now_ms: int) -> int:
    """Return when a silence ends that begins now and lasts so long; WrongTextError."""
    with _about("for"):
        length_s = alert_texts.seconds(length)
        if not length_s:
            raise WrongTextError("how long is missing, like 8h")
        if length_s > _LONGEST_S:
            raise WrongTextError("at most ten years")
    return now_ms + int(length_s * 1000)


@contextmanager
def _about(title: str) -> Iterator[None]:
    try:
        yield
    except WrongTextError as exc:
        raise WrongTextError(f"{title}: {exc}") from exc
