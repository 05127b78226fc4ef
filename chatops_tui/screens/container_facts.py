"""What an engine says of a container, as lines of facts. Remote text passes `clean` here."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.cells import cell_len

from chatops_tui.clock import moment
from chatops_tui.render import numbers
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.container_cells import memory_use, share_of_core, state, uptime_s
from chatops_tui.screens.context import Context
from chatops_tui.screens.facts import rule
from chatops_tui.store.container_rows import ContainerRow, ProjectRow
from chatops_tui.store.containers import ContainerMemory
from chatops_wire.times import parse_ms

_LABEL: Final = 10
_KEY: Final = 28
_REDACTED: Final = "•••"
_MOST_ITEMS: Final = 200
NOT_THERE: Final = "It did not run at this moment, or nothing was kept of it."
_ONLY_FIGURES: Final = "No more was kept of it; its logs and the rest are of now (0)."


def overview(memory: ContainerMemory, given: Context, now_ms: int) -> list[Cell]:
    """Return how it stands and what it takes, one fact a line."""
    item = memory.item
    mark, word = state(memory)
    lines: list[Cell] = [
        _fact("state", [mark, (" ", "text"), word, (f"   {clean(item.status)}", "muted")]),
        _fact("image", [(clean(item.image), "text")]),
    ]
    if item.project:
        service = f" / {clean(item.service)}" if item.service else ""
        lines.append(_fact("project", [(f"{clean(item.project)}{service}", "text")]))
    lines.append(_fact("ports", [("  ".join(map(clean, item.ports)) or "none published", "text")]))
    up = uptime_s(item, now_ms)
    if up is not None:
        lines.append(_fact("up", [(numbers.duration_long(up), "text")]))
    if item.created_at:
        lines.append(_fact("created", [(_when(item.created_at, given, now_ms), "text")]))
    if item.restarts:
        lines.append(_fact("restarts", [(f"{item.restarts} by its restart policy", "warn")]))
    if item.exit_code is not None:
        text = f"{item.exit_code}{', out of memory' if item.oom_killed else ''}"
        lines.append(_fact("exit code", [(text, "crit" if item.exit_code else "text")]))
    return [*lines, *_figures(memory)]


def overview_then(memory: ContainerMemory) -> list[Cell]:
    """Return what was kept of a moment that is over, one fact a line."""
    mark, word = state(memory)
    return [
        _fact("state", [mark, (" ", "text"), word]),
        _fact("cpu", [share_of_core(memory.item.cpu_percent), (" of one core", "muted")]),
        _fact("memory", memory_use(memory.item)),
        [(f" {_ONLY_FIGURES}", "muted")],
    ]


def project_overview(row: ProjectRow) -> list[Cell]:
    """Return where the containers of a project run and how they stand, one server a line."""
    servers: dict[str, list[ContainerRow]] = {}
    for member in row.members:
        servers.setdefault(member.server, []).append(member)
    lines: list[Cell] = []
    for server, members in sorted(servers.items()):
        spans: list[Span] = []
        for member in members:
            mark, _word = state(member.memory)
            spans += [mark, (f" {clean(member.item.service or member.item.name)}   ", "text")]
        lines.append(_fact(clean(server), spans))
    return lines


def environment(inspect: Mapping[str, Any]) -> list[Cell]:
    """Return its variables; what the agent took for a secret is told as such."""
    variables = [text.partition("=") for text in _texts(_at(inspect, "Config", "Env"))]
    if not variables:
        return [[], [(" It has no environment of its own.", "muted")]]
    return [_pair(name, value) for name, _equals, value in sorted(variables)]


def configuration(inspect: Mapping[str, Any], columns: int) -> list[Cell]:
    """Return command, mounts, networks, limits, health check and labels."""
    lines: list[Cell] = []
    for title, found in _parts(inspect):
        if found:
            lines += [rule(title, columns), *found[:_MOST_ITEMS], []]
    return lines or [[], [(" The engine tells nothing of it.", "muted")]]


def _parts(inspect: Mapping[str, Any]) -> Iterator[tuple[str, list[Cell]]]:
    yield "COMMAND", _command(inspect)
    yield "PORTS", list(_ports(inspect))
    yield "MOUNTS", list(_mounts(inspect))
    yield "NETWORKS", list(_networks(inspect))
    yield "LIMITS", list(_limits(inspect))
    yield "HEALTH", list(_health(inspect))
    labels = _at(inspect, "Config", "Labels")
    yield "LABELS", [_pair(str(key), str(value)) for key, value in sorted(_mapping(labels).items())]


def _figures(memory: ContainerMemory) -> Iterator[Cell]:
    item = memory.item
    throttled = item.throttled_percent
    cpu: list[Span] = [share_of_core(item.cpu_percent), (" of one core", "muted")]
    if throttled:
        cpu.append((f"   throttled {numbers.percent(throttled)} of the time", "warn"))
    yield _fact("cpu", cpu)
    parts = (("anon", item.memory_anon), ("files", item.memory_file), ("shared", item.memory_shmem))
    told = "  ".join(f"{name} {numbers.size(float(size))}" for name, size in parts if size is not None)
    yield _fact("memory", [*memory_use(item), (f"   {told}", "muted")])
    yield _fact("network", _rates(("↓", item.rx_bps), ("↑", item.tx_bps)))
    yield _fact("disk", _rates(("r", item.read_bps), ("w", item.write_bps)))
    if item.pids is not None:
        yield _fact("processes", [(str(item.pids), "text")])


def _rates(first: tuple[str, float | None], second: tuple[str, float | None]) -> Cell:
    """Return two rates; of a container without a network of its own, say, that there are none."""
    if first[1] is None and second[1] is None:
        return [(numbers.MISSING, "off")]
    return [
        (f"{first[0]} {numbers.rate(first[1])}", "series-1"),
        ("/s  ", "muted"),
        (f"{second[0]} {numbers.rate(second[1])}", "series-2"),
        ("/s", "muted"),
    ]


def _command(inspect: Mapping[str, Any]) -> list[Cell]:
    words = [*_texts(_at(inspect, "Config", "Entrypoint")), *_texts(_at(inspect, "Config", "Cmd"))]
    lines = [_fact("runs", [(clean(" ".join(words)), "text")])] if words else []
    for name, key in (("user", "User"), ("folder", "WorkingDir")):
        value = _at(inspect, "Config", key)
        if value:
            lines.append(_fact(name, [(clean(str(value)), "text")]))
    policy = _at(inspect, "HostConfig", "RestartPolicy", "Name")
    if policy:
        lines.append(_fact("restart", [(clean(str(policy)), "text")]))
    return lines


def _ports(inspect: Mapping[str, Any]) -> Iterator[Cell]:
    for port, places in sorted(_mapping(_at(inspect, "NetworkSettings", "Ports")).items()):
        published = [
            f"{place.get('HostIp') or '*'}:{place.get('HostPort')}"
            for place in _dicts(places)
            if place.get("HostPort")
        ]
        yield _pair(str(port), ", ".join(published) or "not published")


def _mounts(inspect: Mapping[str, Any]) -> Iterator[Cell]:
    for mount in _dicts(_at(inspect, "Mounts")):
        source = str(mount.get("Name") or mount.get("Source") or mount.get("Type") or "?")
        mode = "" if mount.get("RW", True) else "   read only"
        yield _pair(str(mount.get("Destination", "?")), f"{source}{mode}")


def _networks(inspect: Mapping[str, Any]) -> Iterator[Cell]:
    for name, network in sorted(_mapping(_at(inspect, "NetworkSettings", "Networks")).items()):
        address = _mapping(network).get("IPAddress") or "no address"
        aliases = " ".join(_texts(_mapping(network).get("Aliases")))
        yield _pair(str(name), f"{address}   {aliases}".rstrip())


def _limits(inspect: Mapping[str, Any]) -> Iterator[Cell]:
    host = _mapping(_at(inspect, "HostConfig"))
    cpus, memory, pids = host.get("NanoCpus"), host.get("Memory"), host.get("PidsLimit")
    if isinstance(cpus, int) and cpus > 0:
        yield _pair("cpus", f"{cpus / 1e9:g}")
    if isinstance(memory, int) and memory > 0:
        yield _pair("memory", numbers.size(memory))
    if isinstance(pids, int) and pids > 0:
        yield _pair("processes", str(pids))


def _health(inspect: Mapping[str, Any]) -> Iterator[Cell]:
    test = _texts(_at(inspect, "Config", "Healthcheck", "Test"))
    if test:
        yield _pair("test", " ".join(test))
    for entry in _dicts(_at(inspect, "State", "Health", "Log"))[-3:]:
        yield _pair(f"exit {entry.get('ExitCode')}", str(entry.get("Output", "")).strip())


def _when(text: str, given: Context, now_ms: int) -> str:
    try:
        return moment(parse_ms(text), now_ms, given.zone)
    except (ValueError, OverflowError):
        return clean(text, 24)


def _fact(name: str, value: Cell) -> Cell:
    return [(f" {name}" + " " * max(1, _LABEL - cell_len(name)), "muted"), *value]


def _pair(name: str, value: str) -> Cell:
    shown = clean(name)
    gap = " " * max(1, _KEY - cell_len(shown))
    return [(f" {shown}{gap}", "muted"), (clean(value), "off" if value.startswith(_REDACTED) else "text")]


def _at(value: Any, *path: str) -> Any:  # noqa: ANN401 - the engine's JSON, of any version
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: object) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else ()
