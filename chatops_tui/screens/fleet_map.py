"""The fleet as a map: which servers, in which groups, and what its tiles tell. Pure."""

from collections.abc import Sequence
from typing import Final

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.render.tiles import Tile
from chatops_tui.store.fleet_rows import GroupRow, ListedRow
from chatops_tui.store.models import Row

HEATS: Final = {"cpu": "CPU", "memory": "memory", "disk": "fullest disk"}
"""What a map can tell, and in which words."""


def tile_groups(rows: Sequence[ListedRow], heat: str) -> list[tuple[str, list[Tile]]]:
    """Return the tiles of a list, group by group; one group without a title where there are none."""
    groups: list[tuple[str, list[Tile]]] = []
    for row in rows:
        if isinstance(row, GroupRow):
            groups.append((f" {clean(row.tag) or 'no tag'}", [_tile(member, heat) for member in row.members]))
        elif not groups or not groups[-1][0]:
            if not groups:
                groups.append(("", []))
            groups[-1][1].append(_tile(row, heat))
    return groups


def next_heat(heat: str) -> str:
    """Return what a map tells next."""
    names = list(HEATS)
    return names[(names.index(heat) + 1) % len(names)] if heat in names else names[0]


def map_line(heat: str) -> Cell:
    """Return what says how to read the map."""
    return [
        (f" {HEATS[heat]} in percent", "strong"),
        ("   ", "text"),
        ("m", "accent"),
        (" tells another   ", "muted"),
        ("h", "accent"),
        (" back to the table", "muted"),
    ]


def _tile(row: Row, heat: str) -> Tile:
    vitals = row.vitals
    values = {} if vitals is None else {"cpu": vitals.cpu, "memory": vitals.memory, "disk": vitals.disk}
    return Tile(row.id, values.get(heat), is_online=row.status == "online")
