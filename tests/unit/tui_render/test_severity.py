"""Levels, and that each has a glyph, a word and an ink."""

import math

import pytest

from chatops_tui.render import severity
from chatops_tui.render.severity import Level, Limits


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Level.OFF),
        (math.nan, Level.OFF),
        (0, Level.OK),
        (69.9, Level.OK),
        (70, Level.WARN),
        (89.9, Level.WARN),
        (90, Level.CRIT),
        (100, Level.CRIT),
    ],
)
def test_a_value_has_the_level_it_reached(value: float | None, expected: Level) -> None:
    assert severity.level(value) == expected


def test_other_limits_hold_for_other_values() -> None:
    assert severity.level(5, Limits(warn=4, crit=8)) is Level.WARN


def test_the_worst_of_several_is_the_most_urgent() -> None:
    assert severity.worst([Level.OK, Level.CRIT, Level.OFF]) is Level.CRIT
    assert severity.worst([]) is Level.OFF


@pytest.mark.parametrize(
    ("of", "glyph"), [(Level.OFF, "○"), (Level.OK, "●"), (Level.WARN, "▲"), (Level.CRIT, "✖")]
)
def test_a_level_is_never_colour_alone(of: Level, glyph: str) -> None:
    assert severity.mark(of) == (glyph, severity.ink(of))


def test_every_level_has_an_ink_for_bars() -> None:
    assert len({severity.bar_ink(of) for of in Level}) == len(Level)
