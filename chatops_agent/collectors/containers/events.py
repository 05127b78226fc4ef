"""What an engine says of its containers as it happens: which of it is asked for, and what it means. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

# Filtered in the engine: a health check each second would make three more events a second.
ACTIONS: Final = (
    "create", "start", "die", "stop", "pause", "unpause", "rename", "destroy", "oom", "update",
    "health_status", "restart",
)  # fmt: skip
# Podman's words for the same.
_SYNONYMS: Final = {"died": "die", "remove": "destroy", "cleanup": "stop"}
_STARTS: Final = frozenset({"start", "restart", "unpause"})
_ENDS: Final = frozenset({"die", "stop"})
_RUNNING: Final = frozenset({"running", "paused"})
_LONGEST_LINE: Final = 1024 * 1024
_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a container."""

    container_id: str
    action: str
    time_ns: int
    """By the engine's clock."""


def parameters(since_ns: int) -> dict[str, str]:
    """Return the parameters of `/events` that ask for what happened since then, and happens from now on."""
    filters = {"type": ["container"], "event": list(ACTIONS)}
    # As text with nine digits: floats lose the last three, and RFC 3339 is refused.
    return {"since": f"{since_ns // _NS}.{since_ns % _NS:09d}", "filters": json.dumps(filters)}


class EventLines:
    """Takes the bytes of `/events` as they come; one JSON object a line, mostly."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes, content_type: str = "") -> list[Event]:
        """Return the events that are complete now; what is none is skipped."""
        del content_type
        *lines, self._begun = (self._begun + data).split(b"\n")
        if len(self._begun) > _LONGEST_LINE:
            self._begun = b""
        return [event for line in lines if (event := _event(line)) is not None]


def told(actions: Iterable[str]) -> tuple[str, ...]:
    """Return which of the actions that came together for one container are told of.

    One restart is `die stop start restart` within a tenth of a second, and the state is known only once
    it is over: the last word tells it, and running out of memory is told whatever follows.
    """
    happened = list(actions)
    last = happened[-1]
    return ("oom", last) if "oom" in happened and last != "oom" else (last,)


def fits(action: str, state: str) -> bool:
    """Say whether a container may be in this state after the action; if not, more has happened since.

    What that was is told next: within a restart one does not hear of a container that stopped and runs.
    """
    if action in _ENDS:
        return state not in _RUNNING
    return action not in _STARTS or state in _RUNNING


def _event(line: bytes) -> Event | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, Mapping):
        return None
    actor = said.get("Actor")
    container_id = str((actor.get("ID") if isinstance(actor, Mapping) else None) or said.get("id") or "")
    action = _action(said)
    return Event(container_id, action, _time_ns(said)) if container_id and action else None


def _action(said: Mapping[str, Any]) -> str:
    # `health_status: healthy`
    word = str(said.get("Action") or said.get("status") or "").partition(":")[0].strip()
    word = _SYNONYMS.get(word, word)
    return word if word in ACTIONS else ""


def _time_ns(said: Mapping[str, Any]) -> int:
    exact, rough = said.get("timeNano"), said.get("time")
    if isinstance(exact, int):
        return exact
    return rough * _NS if isinstance(rough, int) else 0
