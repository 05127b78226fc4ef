"""Words of a subject: whether they can be one, and which subscriptions hear it (pure)."""

import re
from typing import Final

_WORD: Final = r"[A-Za-z0-9_-]+"
_SUBJECT: Final = re.compile(rf"{_WORD}(?:\.{_WORD})*", re.ASCII)


def is_subject(text: str) -> bool:
    """Return whether a message may be sent to it: words of letters, digits, - and _ with dots between."""
    return _SUBJECT.fullmatch(text) is not None


def hears(pattern: str, subject: str) -> bool:
    """Return whether a subscription to `pattern` hears a subject; `*` stands for any one word."""
    wanted, said = pattern.split("."), subject.split(".")
    return len(wanted) == len(said) and all(a in ("*", b) for a, b in zip(wanted, said, strict=True))
