"""Patterns a machine's owner writes down: they match a whole text or nothing of it. Pure."""

import re
from dataclasses import dataclass
from typing import Final

# What nobody means to allow, and what a pattern like [^;]* would let pass: line ends, NUL, escapes.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# A pattern that goes back and forth takes ever longer over a long text; nothing here has such names.
MOST_CHARS: Final = 256


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression over a whole text of at most MOST_CHARS characters, none of them a control."""

    text: str
    expression: re.Pattern[str]

    def matches(self, text: str) -> bool:
        """Say whether all of this text is meant."""
        # Never match or search, whose $ a line end at the end passes.
        return is_plain(text) and self.expression.fullmatch(text) is not None


def pattern(text: str) -> Pattern:
    """Return the pattern.

    Raises:
        ValueError: It is no regular expression; the text says why.
    """
    try:
        return Pattern(text, re.compile(text))
    except (re.error, OverflowError, RecursionError) as exc:
        raise ValueError(f"{text!r} is no regular expression: {exc}") from exc


def is_plain(text: str) -> bool:
    """Say whether a text is one that a pattern may be asked about."""
    return len(text) <= MOST_CHARS and _CONTROL.search(text) is None
