"""What agents answer about engines, as far as it is understood: they may be written by others."""

from collections.abc import Mapping
from typing import Any, Final

from chatops_wire.containers import Container
from chatops_wire.foreign_containers import understood
from chatops_wire.rest_docker import LogPage, TopView
from chatops_wire.streams import LogLine

# As our agent writes it, perhaps with more behind.
HIDDEN: Final = "•••"
# One answer is one frame, and that is 1 MiB; its lines may be empty.
MAX_LINES: Final = 100_000


def container_of(data: object) -> Container | None:
    """Return the container an action left; None where the agent tells none."""
    return understood(data.get("container")) if isinstance(data, Mapping) else None


def containers_of(data: object) -> list[Container]:
    """Return the containers of a list."""
    return [each for raw in _list(data, "containers") if (each := understood(raw)) is not None]


def lines_of(data: object) -> LogPage:
    """Return the lines of a log; text alone is a line of stdout without a time."""
    told = data.get("logs") if isinstance(data, Mapping) and "lines" not in data else data
    raw = told.splitlines() if isinstance(told, str) else _list(told, "lines")
    truncated = isinstance(data, Mapping) and data.get("truncated") is True
    return LogPage(items=tuple(map(_line, raw[:MAX_LINES])), truncated=truncated)


def processes_of(data: object) -> TopView:
    """Return the table of a container's processes."""
    titles = tuple(map(str, _list(data, "titles")))
    rows = (row for row in _list(data, "processes") if isinstance(row, list))
    return TopView(titles=titles, processes=tuple(tuple(map(str, row)) for row in rows))


def rows_of(data: object, what: str) -> list[dict[str, Any]]:
    """Return images, volumes or networks as the agent tells them."""
    return [row for row in _list(data, what) if isinstance(row, dict)]


def inspection_of(data: object, *, reveal: bool) -> dict[str, Any]:
    """Return what the engine knows of a container; without `reveal` its environment has no values.

    Ours has hidden most of them itself, and what looks like a secret anywhere else; others may not have.
    """
    if not isinstance(data, Mapping):
        return {}
    inspected = data.get("inspect", data)
    found = dict(inspected) if isinstance(inspected, Mapping) else {}
    config = found.get("Config")
    if not reveal and isinstance(config, Mapping) and "Env" in config:
        found["Config"] = {**config, "Env": _names_only(config["Env"])}
    return found


def _names_only(environment: object) -> list[str]:
    entries = environment if isinstance(environment, list) else []
    split = (str(entry).partition("=") for entry in entries)
    return [f"{name}={value if value.startswith(HIDDEN) else HIDDEN}" for name, _, value in split]


def _line(raw: object) -> LogLine:
    if not isinstance(raw, Mapping):
        return LogLine(ts=None, stream="stdout", line=str(raw))
    ts = raw.get("ts")
    stream = "stderr" if raw.get("stream") == "stderr" else "stdout"
    return LogLine(ts=None if ts is None else str(ts), stream=stream, line=str(raw.get("line", "")))


def _list(data: object, name: str) -> list[Any]:
    told = data.get(name) if isinstance(data, Mapping) else data
    return told if isinstance(told, list) else []
