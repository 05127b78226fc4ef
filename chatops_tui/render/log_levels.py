"""How bad a line of a log says it is, by the words logs use for it."""

import re
from enum import IntEnum
from typing import Final

from chatops_tui.render.spans import Ink


class LogLevel(IntEnum):
    """The order is that of urgency; PLAIN says nothing about itself."""

    DEBUG = 0
    PLAIN = 1
    INFO = 2
    WARNING = 3
    ERROR = 4


INKS: Final[dict[LogLevel, Ink]] = {
    LogLevel.DEBUG: "muted",
    LogLevel.PLAIN: "text",
    LogLevel.INFO: "text",
    LogLevel.WARNING: "warn",
    LogLevel.ERROR: "crit",
}
# A level stands near the beginning; further on the same words are what a message is about.
_LOOKED_AT: Final = 160
_WORDS: Final = {
    LogLevel.ERROR: "emerg|emergency|alert|panic|fatal|crit|critical|severe|err|error|failed",
    LogLevel.WARNING: "warn|warning",
    LogLevel.INFO: "info|notice",
    LogLevel.DEBUG: "debug|trace|verbose",
}
# In capitals it is a level wherever it stands; in small letters only where it is marked as one.
_PATTERNS: Final = tuple(
    (
        level,
        re.compile(
            rf"\b(?:{words.upper()})\b|(?i:(?:\b(?:level|severity|lvl)\"?\s*[=:]\s*\"?|[\[<(])(?:{words})\b)"
            rf"|(?i:\b(?:{words}):\s)"
        ),
    )
    for level, words in _WORDS.items()
)


def level_of(line: str) -> LogLevel:
    """Return the most urgent level the line names near its beginning."""
    beginning = line[:_LOOKED_AT]
    return next((level for level, pattern in _PATTERNS if pattern.search(beginning)), LogLevel.PLAIN)
