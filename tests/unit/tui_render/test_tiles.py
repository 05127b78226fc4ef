"""A fleet as tiles: how they are laid out, and what each says without colours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.spans import width
from chatops_tui.render.tiles import TILE, MapLine, Tile, map_lines, tile_span

TILES = [Tile(str(at), float(at)) for at in range(7)]


def test_tiles_stand_beside_each_other_below_their_title() -> None:
    lines = map_lines([("web", TILES[:5]), ("", TILES[5:])], TILE * 3 + 2)
    assert lines == [
        MapLine(title="web"),
        MapLine(tuple(TILES[:3])),
        MapLine(tuple(TILES[3:5])),
        MapLine(tuple(TILES[5:])),
    ]


@given(st.integers(0, 50), st.integers(0, 300))
def test_no_tile_is_lost_and_no_line_too_wide(count: int, columns: int) -> None:
    tiles = [Tile(str(at), 1.0) for at in range(count)]
    lines = map_lines([("", tiles)], columns)
    assert [tile for line in lines for tile in line.tiles] == tiles
    assert all(len(line.tiles) * TILE <= max(columns, TILE) for line in lines)


@pytest.mark.parametrize(
    ("tile", "text", "ink"),
    [
        (Tile("a", 7.4), "   7", "ok"),
        (Tile("a", 74.0), "▲ 74", "warn"),
        (Tile("a", 100.0), "✖100", "crit"),
        (Tile("a", None), "○  –", "off"),  # noqa: RUF001 - the dash of what is missing
        (Tile("a", 99.0, is_online=False), "○  –", "off"),  # noqa: RUF001 - likewise
        (Tile("a", float("nan")), "○  –", "off"),  # noqa: RUF001 - likewise
        (Tile("a", -3.0), "   0", "ok"),
        (Tile("a", 1e9), "✖999", "crit"),
    ],
)
def test_a_tile_says_how_it_is(tile: Tile, text: str, ink: str) -> None:
    assert tile_span(tile) == (text, ink)


@given(st.floats() | st.none(), st.booleans())
def test_a_tile_is_as_wide_as_any_other(value: float | None, is_online: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    assert width([tile_span(Tile("a", value, is_online=is_online))]) == TILE
