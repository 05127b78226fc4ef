"""What a container is, out of the engine's list and its `inspect`. Pure; any field may be missing or odd."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatops_agent.collectors.containers import ports
from chatops_agent.collectors.containers.status import Phase, in_words
from chatops_agent.collectors.text import clean
from chatops_wire.containers import Container
from chatops_wire.times import format_ms, parse_ms

# How Go writes a time that never was.
_NEVER: Final = "0001-01-01"
_PROJECT: Final = "com.docker.compose.project"
_SERVICE: Final = "com.docker.compose.service"
# Podman's own compose.
_OTHER_PROJECT: Final = "io.podman.compose.project"
_OTHER_SERVICE: Final = "io.podman.compose.service"
_DEPENDS_ON: Final = "com.docker.compose.depends_on"
_GRACE_S: Final = 10.0
_RUNS: Final = frozenset({"running", "paused"})


@dataclass(frozen=True, slots=True)
class Described:
    """One container as its engine told it last."""

    facts: Container
    """Without what changes by itself: numbers, and `status`."""
    phase: Phase
    pid: int
    """Of its main process, as the engine sees it; 0 while it does not run."""
    has_tty: bool = False
    has_network: bool = True
    """Interfaces of its own, other than those of the machine or of another container."""
    grace_s: float = _GRACE_S
    """Between TERM and KILL when it is stopped."""
    depends_on: tuple[str, ...] = ()
    """Services of its project that are started before it and stopped after it."""

    @property
    def id(self) -> str:
        """The full id."""
        return self.facts.id

    @property
    def runs(self) -> bool:
        """It has processes, perhaps paused ones."""
        return self.facts.state in _RUNS and self.pid > 0

    @property
    def life(self) -> tuple[str, int | None]:
        """What tells this run of it from the one before; its counters begin anew with each."""
        return self.id, self.phase.started_ms

    def worded(self, now_ms: int) -> str:
        """Return its `status` now."""
        return in_words(self.phase, now_ms)


def describe(row: Mapping[str, Any], inspected: Mapping[str, Any], own_id: str | None) -> Described:
    """Return what the engine says of one container.

    Args:
        row: Its row in the engine's list.
        inspected: What `inspect` says of it.
        own_id: The container this agent runs in, if it does.
    """
    state, host, config = (_part(inspected, name) for name in ("State", "HostConfig", "Config"))
    labels = {str(key).lower(): str(value) for key, value in _part(config, "Labels").items()}
    health = _health(state)
    phase = Phase(
        state=clean(str(state.get("Status") or row.get("State") or "")),
        health=health,
        exit_code=_whole(state.get("ExitCode")),
        started_ms=_moment(state.get("StartedAt")),
        finished_ms=_moment(state.get("FinishedAt")),
    )
    container_id = str(inspected.get("Id") or row.get("Id") or "")
    has_ended = phase.state in {"exited", "dead", "restarting"} and phase.finished_ms is not None
    facts = Container(
        id=container_id,
        name=clean(_name(row, inspected)),
        image=clean(str(row.get("Image") or config.get("Image") or "")),
        state=phase.state,
        health=health,
        created_at=_text(_moment(inspected.get("Created"))),
        started_at=_text(phase.started_ms),
        restarts=_whole(inspected.get("RestartCount")),
        ports=ports.in_words(row.get("Ports")),
        project=_label(labels, _PROJECT, _OTHER_PROJECT),
        service=_label(labels, _SERVICE, _OTHER_SERVICE),
        memory_limit=_whole(host.get("Memory")) or None,
        exit_code=phase.exit_code if has_ended else None,
        oom_killed=state.get("OOMKilled") is True,
        is_agent=container_id == own_id and bool(own_id),
    )
    return Described(
        facts=facts,
        phase=phase,
        pid=_whole(state.get("Pid")),
        has_tty=config.get("Tty") is True,
        has_network=_has_network(str(host.get("NetworkMode") or "")),
        grace_s=_grace_s(config.get("StopTimeout")),
        depends_on=tuple(
            part.partition(":")[0].strip() for part in labels.get(_DEPENDS_ON, "").split(",") if part.strip()
        ),
    )


def signature(row: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what of a row in the list changes with its state; the same one needs no new `inspect`."""
    status = str(row.get("Status") or "")
    # The health stands in brackets behind the time, which is another each time.
    return (row.get("State"), status.partition("(")[2], tuple(row.get("Names") or ()), row.get("Image"))


def _has_network(mode: str) -> bool:
    return mode not in {"host", "none"} and not mode.startswith(("container:", "ns:"))


def _name(row: Mapping[str, Any], inspected: Mapping[str, Any]) -> str:
    name = inspected.get("Name")
    if not name:
        # Others are aliases, `/other/alias`, of links.
        names = sorted((str(each) for each in row.get("Names") or ()), key=lambda each: each.count("/"))
        name = names[0] if names else ""
    return str(name).removeprefix("/")


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _health(state: Mapping[str, Any]) -> str | None:
    # Podman calls it otherwise, and says an empty one without a check.
    status = _part(state, "Health").get("Status") or _part(state, "Healthcheck").get("Status")
    return clean(str(status)) if status and status != "none" else None


def _label(labels: Mapping[str, str], *names: str) -> str | None:
    return next((clean(labels[name]) for name in names if labels.get(name)), None)


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _grace_s(told: object) -> float:
    # 0 is a wish too: KILL at once.
    return _GRACE_S if told is None else _whole(told)


def _moment(value: object) -> int | None:
    if not isinstance(value, str) or value.startswith(_NEVER):
        return None
    try:
        return parse_ms(value)
    except ValueError:
        return None


def _text(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else format_ms(moment_ms)
