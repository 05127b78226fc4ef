"""A label, a bar and a figure on one line, for meters and for cells of a table."""

from typing import Final

import msgspec
from rich.cells import cell_len

from chatops_tui.render.bars import bar
from chatops_tui.render.charset import Charset
from chatops_tui.render.numbers import PERCENT_WIDTH, percent
from chatops_tui.render.severity import PERCENT, Level, Limits, bar_ink, ink, level
from chatops_tui.render.spans import Cell, Ink, Span
from chatops_tui.render.text import cut

_LABEL_SHARE: Final = 3
"""A label takes at most one third of the line."""


class MeterView(msgspec.Struct, frozen=True):
    """What a meter shows."""

    label: str
    percent: float | None = None
    note: str = ""
    """After the figure, like `50.1/64G`; left out first when narrow."""
    limits: Limits = PERCENT
    label_width: int = 0
    """So that bars below each other begin in one column."""
    charset: Charset = "braille"


def percent_cell(
    value: float | None, width: int, limits: Limits = PERCENT, charset: Charset = "braille"
) -> list[Span]:
    """Return a bar and the percentage right of it, `width` cells in all, in the ink of its level."""
    room = width - PERCENT_WIDTH - 1
    of = level(value, limits)
    figure = f"{percent(value):>{PERCENT_WIDTH}}"
    if room <= 0:
        return [(figure[-width:].rjust(width), _figure_ink(of))]
    share = None if value is None else value / 100
    filled, track = bar(share, room, charset)
    return [(filled, bar_ink(of)), (track, "rule"), (" ", "text"), (figure, _figure_ink(of))]


def meter_line(view: MeterView, width: int) -> Cell:
    """Return the line, `width` cells wide."""
    label = cut(view.label, max(view.label_width, 1) if view.label_width else width // _LABEL_SHARE)
    label += " " * max(0, view.label_width - cell_len(label))
    left: list[Span] = [(f"{label} ", "muted")] if label else []
    note = f" {view.note}" if view.note and cell_len(view.note) * 3 <= width else ""
    room = width - sum(cell_len(text) for text, _ink in left) - cell_len(note)
    right: list[Span] = [(note, "muted")] if note else []
    return [*left, *percent_cell(view.percent, room, view.limits, view.charset), *right]


def _figure_ink(of: Level) -> Ink:
    return "text" if of is Level.OK else ink(of)
