"""Images, volumes and networks as rows of tables. What the engine says is remote: it passes `clean` here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatops_tui.engine_requests import Stock
from chatops_tui.render import numbers
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_wire.times import parse_ms

_SHORT_ID: Final = 12
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the things an engine keeps."""

    id: Stock
    title: str
    one: str
    """What one of them is called."""
    columns: tuple[Column, ...]
    key: Callable[[Item], str]
    """What the engine is asked about one by."""
    name: Callable[[Item], str]
    """What people call it."""
    cells: Callable[[Item, int], list[Cell]]
    """From one and the time."""
    lost: str
    """What is lost when one is removed."""


def _text(item: Item, key: str) -> str:
    value = item.get(key)
    return clean(value) if isinstance(value, str) else ""


def _number(item: Item, key: str) -> float | None:
    value = item.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _tags(item: Item) -> list[str]:
    tags = item.get("tags")
    return [clean(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _image_name(item: Item) -> str:
    return next(iter(_tags(item)), _text(item, "id").removeprefix("sha256:")[:_SHORT_ID])


def _age(item: Item, now_ms: int) -> str:
    value = item.get("created_at")
    try:
        made_ms = parse_ms(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        made_ms = None
    return numbers.duration(None if made_ms is None else (now_ms - made_ms) / 1000)


def _use(item: Item) -> Cell:
    used = item.get("in_use")
    if not isinstance(used, bool):
        return [(numbers.MISSING, "off")]
    return [("● in use", "ok")] if used else [("○ unused", "muted")]


def _image_cells(item: Item, now_ms: int) -> list[Cell]:
    count = _number(item, "containers")
    tags = _tags(item)
    # The engine says -1 where it has not counted.
    used: Cell = [("○ unused", "muted")] if not count else [(f"● {count:.0f} containers", "ok")]
    return [
        [(", ".join(tags) or "no tag", "strong" if tags else "muted")],
        [(numbers.size(_number(item, "size")), "text")],
        used if count is None or count >= 0 else [(numbers.MISSING, "off")],
        [(_age(item, now_ms), "muted")],
        [(_text(item, "id").removeprefix("sha256:")[:_SHORT_ID], "muted")],
    ]


def _volume_cells(item: Item, now_ms: int) -> list[Cell]:
    return [
        [(_text(item, "name"), "strong")],
        _use(item),
        [(_age(item, now_ms), "muted")],
        [(_text(item, "driver"), "muted")],
        [(_text(item, "mountpoint"), "muted")],
    ]


def _network_cells(item: Item, now_ms: int) -> list[Cell]:  # noqa: ARG001 - of `Kind.cells`
    return [
        [(_text(item, "name"), "strong")],
        _use(item),
        [(_text(item, "driver"), "text")],
        [(_text(item, "scope"), "muted")],
        [(_text(item, "id")[:_SHORT_ID], "muted")],
    ]


KINDS: Final = (
    Kind(
        "images",
        "Images",
        "image",
        (
            Column("name", "IMAGE", 24, flex=4, max_width=70),
            Column("size", "SIZE", 6, align="right"),
            Column("use", "USE", 14),
            Column("age", "AGE", 4, align="right", priority=1),
            Column("id", "ID", _SHORT_ID, priority=2),
        ),
        key=lambda item: _text(item, "id"),
        name=_image_name,
        cells=_image_cells,
        lost="It must be pulled or built again to be used.",
    ),
    Kind(
        "volumes",
        "Volumes",
        "volume",
        (
            Column("name", "VOLUME", 24, flex=3, max_width=64),
            Column("use", "USE", 8),
            Column("age", "AGE", 4, align="right", priority=1),
            Column("driver", "DRIVER", 8, priority=2),
            Column("mountpoint", "WHERE", 24, flex=3, max_width=64, priority=3),
        ),
        key=lambda item: _text(item, "name"),
        name=lambda item: _text(item, "name"),
        cells=_volume_cells,
        lost="All data in it is lost.",
    ),
    Kind(
        "networks",
        "Networks",
        "network",
        (
            Column("name", "NETWORK", 24, flex=3, max_width=64),
            Column("use", "USE", 8),
            Column("driver", "DRIVER", 8),
            Column("scope", "SCOPE", 6, priority=1),
            Column("id", "ID", _SHORT_ID, priority=2),
        ),
        key=lambda item: _text(item, "id") or _text(item, "name"),
        name=lambda item: _text(item, "name"),
        cells=_network_cells,
        lost="Containers can no longer be attached to it.",
    ),
)
