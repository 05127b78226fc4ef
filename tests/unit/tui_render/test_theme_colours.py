"""Every ink can be read on every ground, and the levels are told apart by eyes that lack a kind of cone."""

from itertools import combinations
from typing import Final

import pytest
from textual.color import Color
from textual.theme import Theme

from chatops_tui.render.severity import Level, glyph, ink
from chatops_tui.themes import CONTRAST
from chatops_tui.widgets import palette
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.themes import DARK, LIGHT
from tests.unit.tui_render.colour_vision import EYES, contrast, distance

THEMES: Final = (DARK, LIGHT, CONTRAST)
# WCAG 2.1, level AA for text.
READABLE: Final = 4.5
# Five times what is just noticed side by side: these stand in different rows.
APART: Final = 12.0
LEVELS: Final = ("text-success", "text-warning", "text-error")
TEXTS: Final = ("text", "strong", "muted", "accent", "info", "ok", "warn", "crit", "off")
# A cursor's ground is the theme's primary over the background, in this strength (`LiveTable.DEFAULT_CSS`).
CURSOR: Final = 0.16


def _ink(theme: Theme, ink: str, ground: str) -> str:
    paint = palette._PAINTS[ink]  # type: ignore[index]  # noqa: SLF001 - what every widget draws with
    colour = theme.variables.get(paint.colour) or str(theme.foreground)
    return Color.parse(ground).blend(Color.parse(colour), paint.strength, alpha=1.0).hex


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("ink", TEXTS)
def test_text_can_be_read_on_every_ground(theme: Theme, ink: str) -> None:
    for ground in (theme.background, theme.surface, theme.panel):
        assert ground is not None
        assert contrast(_ink(theme, ink, ground), ground) >= READABLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("ink", ["text", "ok", "warn", "crit"])
def test_the_row_of_the_cursor_can_be_read(theme: Theme, ink: str) -> None:
    assert f"$primary {CURSOR:.0%}" in LiveTable.DEFAULT_CSS
    ground = Color.parse(str(theme.background)).blend(Color.parse(theme.primary), CURSOR, alpha=1.0).hex
    assert contrast(_ink(theme, ink, ground), ground) >= READABLE


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("eye", EYES)
def test_levels_are_told_apart_by_every_eye(theme: Theme, eye: str) -> None:
    for one, other in combinations(LEVELS, 2):
        assert distance(theme.variables[one], theme.variables[other], EYES[eye]) >= APART


def test_every_level_has_a_glyph_and_a_colour_of_its_own() -> None:
    assert len({glyph(level) for level in Level}) == len(Level)
    assert len({ink(level) for level in Level}) == len(Level)


def test_black_on_white_and_a_colour_beside_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert distance("#123456", "#123456", EYES["normal"]) == 0.0
