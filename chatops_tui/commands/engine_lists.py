"""Images, volumes, networks and processes as tables."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chatops_tui.commands.grid import show_table
from chatops_tui.commands.say import drawn, say_json
from chatops_tui.config import Settings
from chatops_tui.render.numbers import size
from chatops_wire.rest_docker import TopView

# Title and field; the last column gives way.
_COLUMNS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "images": (
        ("ID", "id"),
        ("SIZE", "size"),
        ("USED BY", "containers"),
        ("CREATED", "created_at"),
        ("TAGS", "tags"),
    ),
    "volumes": (("NAME", "name"), ("DRIVER", "driver"), ("IN USE", "in_use"), ("WHERE", "mountpoint")),
    "networks": (
        ("ID", "id"),
        ("NAME", "name"),
        ("SCOPE", "scope"),
        ("IN USE", "in_use"),
        ("DRIVER", "driver"),
    ),
}
_SHORT_ID: Final = 12


def show_list(settings: Settings, kind: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print images, volumes or networks."""
    if as_json:
        say_json(rows)
        return
    columns = _COLUMNS[kind]
    titles = [title for title, _ in columns]
    shown = ([drawn(settings, _cell(field, row.get(field))) for _, field in columns] for row in rows)
    show_table(settings, titles, shown, wraps=titles[-1], empty=f"no {kind}")


def show_processes(settings: Settings, table: TopView, *, as_json: bool) -> None:
    """Print the processes of a container."""
    if as_json:
        say_json(table)
        return
    rows = ([drawn(settings, cell) for cell in row] for row in table.processes)
    show_table(
        settings, table.titles, rows, wraps=table.titles[-1] if table.titles else "", empty="no processes"
    )


def show_space(settings: Settings, told: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what an engine's things take."""
    if as_json:
        say_json(told)
        return
    kinds = [(name, kind) for name, kind in told.items() if isinstance(kind, Mapping)]
    rows = (
        [
            drawn(settings, text)
            for text in (
                str(kind.get("count", "")),
                _size(kind.get("size")),
                _size(kind.get("reclaimable")),
                name.replace("_", " "),
            )
        ]
        for name, kind in kinds
    )
    show_table(settings, ("COUNT", "SIZE", "RECLAIMABLE", "OF"), rows, wraps="OF", empty="nothing is told")


def _cell(field: str, value: object) -> str:
    match field:
        case "id":
            return str(value or "").removeprefix("sha256:")[:_SHORT_ID]
        case "size":
            return _size(value)
        case "in_use":
            return "yes" if value else "no"
        case "tags" if isinstance(value, list):
            return ", ".join(map(str, value)) or "<none>"
        case _:
            return "" if value is None else str(value)


def _size(value: object) -> str:
    return size(float(value) if isinstance(value, int | float) else None)
