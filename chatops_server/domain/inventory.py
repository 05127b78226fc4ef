"""The containers of one engine as its agent told them last, and what changed with each telling."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from msgspec.structs import replace

from chatops_server.domain.container_changes import DESTROY, appeared, difference
from chatops_wire.containers import Container

# More than an engine manages. What an agent tells beyond it is not taken up.
MAX_CONTAINERS: Final = 4_096
# What Docker itself takes for a name; nothing in it can climb to another path of the engine's API.
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,255}", re.ASCII)
# `docker ps` shows twelve characters of an id; with fewer than four it is more likely a name mistyped.
_SHORTEST_PREFIX: Final = 4
_FIGURES: Final = (
    "cpu_percent", "memory_used", "memory_limit", "memory_anon", "memory_file", "memory_shmem",
    "rx_bps", "tx_bps", "read_bps", "write_bps", "pids", "throttled_percent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a container; one that was removed with its last state."""

    action: str
    container: Container


class Inventory:
    """Knows one engine's containers, at most MAX_CONTAINERS.

    A sample may have been made before a change that was told at once and come after it. So what was told
    at once holds against the next sample, once; the one after that is believed.
    """

    def __init__(self) -> None:
        self._containers: dict[str, Container] = {}
        self._told: set[str] = set()
        self.is_known = False
        """Whether the agent ever told of its containers."""
        self.is_told_at_once = False
        """Whether the agent tells of changes without waiting for the next sample."""

    def __iter__(self) -> Iterator[Container]:
        return iter(self._containers.values())

    def __len__(self) -> int:
        return len(self._containers)

    def find(self, text: str) -> Container | None:
        """Return the container of this id, name, or beginning of just one id."""
        # The engine's API writes names with a slash, and so do agents that pass them on.
        names = (text, f"/{text}")
        found = self._containers.get(text) or next((each for each in self if each.name in names), None)
        if found is not None or len(text) < _SHORTEST_PREFIX:
            return found
        begun = [each for each in self if each.id.startswith(text)]
        return begun[0] if len(begun) == 1 else None

    def observe(self, containers: Iterable[Container]) -> list[Change]:
        """Take what a sample tells and return what changed since; of the first one nothing did."""
        now = {_key(each): each for each in islice(containers, MAX_CONTAINERS)}
        for key in self._told:
            self._hold(key, now)
        self._told.clear()
        changes = list(self._changes(now)) if self.is_known else []
        self._containers, self.is_known = now, True
        return changes

    def hear(self, change: Change) -> Change | None:
        """Take a change that was told at once; return it unless it is known already."""
        key, before = _key(change.container), self._containers.get(_key(change.container))
        if change.action == DESTROY:
            if before is None:
                return None
            del self._containers[key]
            self._told.add(key)
            return change
        after = _with_figures(change.container, before)
        if before is None and len(self._containers) >= MAX_CONTAINERS:
            return None
        self._containers[key] = after
        if before is not None and difference(before, after) is None:
            return None
        self._told.add(key)
        return Change(change.action, after)

    def _hold(self, key: str, now: dict[str, Container]) -> None:
        told, sampled = self._containers.get(key), now.get(key)
        if told is None:
            now.pop(key, None)
        elif sampled is None or difference(told, sampled) is not None:
            now[key] = told

    def _changes(self, now: dict[str, Container]) -> Iterator[Change]:
        for key, before in self._containers.items():
            if key not in now:
                yield Change(DESTROY, before)
        for key, after in now.items():
            known = self._containers.get(key)
            action = appeared(after) if known is None else difference(known, after)
            if action is not None:
                yield Change(action, after)


def is_name(text: str) -> bool:
    """Return whether the text can be a container's id or name."""
    return _NAME.fullmatch(text) is not None


def _key(container: Container) -> str:
    return container.id or container.name


def _with_figures(container: Container, before: Container | None) -> Container:
    """Return the container with the figures of the last sample, where an event came without any."""
    if before is None or container.state != "running" or container.memory_used is not None:
        return container
    return replace(container, **{name: getattr(before, name) for name in _FIGURES})
