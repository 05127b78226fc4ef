"""How bad a value is, and how that is shown: always a glyph and a word beside the colour."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final

import msgspec

from chatops_tui.render.numbers import is_number
from chatops_tui.render.spans import Ink, Span


class Level(IntEnum):
    """Levels in the order a person wants to see them: the higher, the more urgent."""

    OFF = 0  # offline, paused, or not known
    OK = 1
    WARN = 2
    CRIT = 3


class Limits(msgspec.Struct, frozen=True):
    """From `warn` on a value is a warning, from `crit` on critical, in the value's own unit."""

    warn: float = 70.0
    crit: float = 90.0


PERCENT: Final = Limits()
"""Glances, btop and most alert rules agree on about these; the hub's thresholds override them."""

_LOOK: Final[dict[Level, tuple[str, Ink]]] = {
    Level.OFF: ("○", "off"),
    Level.OK: ("●", "ok"),
    Level.WARN: ("▲", "warn"),
    Level.CRIT: ("✖", "crit"),
}

_BARS: Final[dict[Level, Ink]] = {
    Level.OFF: "off",
    Level.OK: "bar-ok",
    Level.WARN: "bar-warn",
    Level.CRIT: "bar-crit",
}


def level(value: float | None, limits: Limits = PERCENT) -> Level:
    """Return the level of `value`; None and NaN are `OFF`."""
    if not is_number(value):
        return Level.OFF
    if value >= limits.crit:
        return Level.CRIT
    return Level.WARN if value >= limits.warn else Level.OK


def worst(levels: Iterable[Level]) -> Level:
    """Return the most urgent of `levels`; `OFF` when there are none."""
    return max(levels, default=Level.OFF)


def glyph(of: Level) -> str:
    """Return the one-cell mark: ● ▲ ✖ ○."""
    return _LOOK[of][0]


def ink(of: Level) -> Ink:
    """Return the ink the level is written in."""
    return _LOOK[of][1]


def bar_ink(of: Level) -> Ink:
    """Return the ink of a bar on this level."""
    return _BARS[of]


def mark(of: Level) -> Span:
    """Return the glyph in its ink."""
    return glyph(of), ink(of)
