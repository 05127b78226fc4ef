"""A fleet as a map of tiles: four cells a server, its number in the ink of its level. Pure.

A glyph stands before what is not well, so that a map without colours says the same.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from chatops_tui.render.numbers import is_number
from chatops_tui.render.severity import Level, Limits, glyph, ink
from chatops_tui.render.severity import level as level_of
from chatops_tui.render.spans import Span

TILE: Final = 4
"""Cells of a tile: a glyph, and a number up to 100."""


class Tile(msgspec.Struct, frozen=True):
    """One server; `value` in percent, None while it is away or does not tell."""

    id: str
    value: float | None
    is_online: bool = True


class MapLine(msgspec.Struct, frozen=True):
    """One line of a map: a title, or tiles beside each other."""

    tiles: tuple[Tile, ...] = ()
    title: str = ""


def map_lines(groups: Sequence[tuple[str, Sequence[Tile]]], width: int) -> list[MapLine]:
    """Return the lines of a map `width` cells wide; a group without a title has none."""
    across = max(1, width // TILE)
    lines: list[MapLine] = []
    for title, tiles in groups:
        if title:
            lines.append(MapLine(title=title))
        lines += [MapLine(tuple(tiles[at : at + across])) for at in range(0, len(tiles), across)]
    return lines


def tile_span(tile: Tile, limits: Limits | None = None) -> Span:
    """Return a tile as text and its ink."""
    if not tile.is_online or not is_number(tile.value):
        return f"{glyph(Level.OFF)}  –"[:TILE], "off"  # noqa: RUF001 - the dash of what is missing
    of = level_of(tile.value) if limits is None else level_of(tile.value, limits)
    mark = glyph(of) if of > Level.OK else " "
    return f"{mark}{min(999, max(0, round(tile.value))):>3}", ink(of)
