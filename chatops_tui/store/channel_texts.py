"""A notification channel as the texts somebody types. Pure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

from msgspec import UNSET, UnsetType

from chatops_tui.store import alert_texts
from chatops_tui.store.alert_texts import WrongTextError
from chatops_wire.rest_alerts import ChannelCreate, ChannelPatch, ChannelView

ChannelPart = Literal[
    "name",
    "url",
    "severity",
    "on",
    "repeat",
    "escalate_after",
    "escalate_to",
    "quiet",
    "ends",
    "secret",
]
"""What is typed of a channel."""

CHANNEL_TITLES: Final[Mapping[ChannelPart, str]] = {
    "name": "name",
    "url": "address",
    "severity": "from",
    "on": "servers",
    "repeat": "repeat",
    "escalate_after": "escalate",
    "escalate_to": "to",
    "quiet": "quiet",
    "ends": "ends too",
    "secret": "secret",
}
CHANNEL_PARTS: Final[tuple[ChannelPart, ...]] = tuple(CHANNEL_TITLES)
_ANSWERS: Final = {"yes": True, "y": True, "on": True, "": True, "no": False, "n": False, "off": False}


def channel(texts: Mapping[str, str], names: Mapping[str, str], zone: str = "UTC") -> ChannelCreate:
    """Return the channel somebody has typed.

    Args:
        texts: By part; what is missing or empty is as if it had not been asked for.
        names: Of the other channels, by id.
        zone: Of quiet hours that name none.

    Raises:
        WrongTextError: A part is not understood; the text begins with its title.
    """
    typed = {part: texts.get(part, "").strip() for part in CHANNEL_PARTS}
    for part in ("name", "url"):
        if not typed[part]:
            raise WrongTextError(f"{CHANNEL_TITLES[part]}: it is missing")
    with _about("severity"):
        severity = alert_texts.severity(typed["severity"] or "info")
    with _about("repeat"):
        repeat_s = alert_texts.seconds(typed["repeat"])
    with _about("escalate_after"):
        escalate_s = alert_texts.seconds(typed["escalate_after"])
    with _about("escalate_to"):
        escalate_to = _other(typed["escalate_to"], names, is_needed=bool(escalate_s))
    with _about("quiet"):
        quiet = alert_texts.weekly(typed["quiet"], zone)
    with _about("ends"):
        ends = _answer(typed["ends"])
    return ChannelCreate(
        name=typed["name"],
        url=typed["url"],
        min_severity=severity,
        select=typed["on"],
        send_resolved=ends,
        repeat_s=repeat_s,
        escalate_after_s=escalate_s,
        escalate_to=escalate_to,
        quiet_hours=quiet,
        secret=typed["secret"] or UNSET,
    )


def patch(
    before: ChannelView, texts: Mapping[str, str], names: Mapping[str, str], zone: str = "UTC"
) -> ChannelPatch:
    """Return what has to be changed of `before`: an empty secret stays, and an address as it was shown."""
    wanted = channel({**texts, "url": texts.get("url", "").strip() or before.url}, names, zone)
    changes = {
        name: getattr(wanted, name)
        for name in ChannelPatch.__struct_fields__
        if name not in {"secret", "enabled"} and getattr(before, name) != getattr(wanted, name)
    }
    secret: str | UnsetType = wanted.secret
    return ChannelPatch(**changes, secret=secret)


def texts_of(shown: ChannelView, names: Mapping[str, str]) -> dict[ChannelPart, str]:
    """Return a channel as it is typed; `names` are those of all channels, by id."""
    return {
        "name": shown.name,
        "url": shown.url,
        "severity": shown.min_severity,
        "on": shown.select,
        "repeat": alert_texts.seconds_text(shown.repeat_s),
        "escalate_after": alert_texts.seconds_text(shown.escalate_after_s),
        "escalate_to": names.get(shown.escalate_to, shown.escalate_to) if shown.escalate_to else "",
        "quiet": alert_texts.weekly_text(shown.quiet_hours),
        "ends": "yes" if shown.send_resolved else "no",
        "secret": "",
    }


def _other(text: str, names: Mapping[str, str], *, is_needed: bool) -> str | None:
    if not text:
        if is_needed:
            raise WrongTextError("to which other channel?")
        return None
    if text in names:
        return text
    same = [channel_id for channel_id, name in names.items() if name == text]
    if len(same) != 1:
        raise WrongTextError(f"{'no' if not same else 'more than one'} channel is called {text!r}")
    return same[0]


def _answer(text: str) -> bool:
    answer = _ANSWERS.get(text.lower())
    if answer is None:
        raise WrongTextError(f"yes or no, not {text!r}")
    return answer


@contextmanager
def _about(part: ChannelPart) -> Iterator[None]:
    try:
        yield
    except WrongTextError as exc:
        raise WrongTextError(f"{CHANNEL_TITLES[part]}: {exc}") from exc
