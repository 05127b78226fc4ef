"""What a client wants to be told: topics, and what to ask for when the wish changes. Pure."""

from dataclasses import dataclass
from typing import Final

from chatops_wire.streams import LogSource


@dataclass(frozen=True, slots=True)
class Interest:
    """One topic of the client WebSocket, of one server, command or log where the topic takes one."""

    topic: str
    server_id: str | None = None
    command_id: str | None = None
    source: LogSource | None = None


FLEET: Final = Interest("fleet")
EVENTS: Final = Interest("events")


def metrics(server_id: str) -> Interest:
    """Return the interest in every sample of one server; its agent then samples each second."""
    return Interest("metrics", server_id)


def command(command_id: str) -> Interest:
    """Return the interest in a command: all of its output so far, then live, then its end."""
    return Interest("command", command_id=command_id)


def logs(server_id: str, source: LogSource) -> Interest:
    """Return the interest in a log: its last lines, then live."""
    return Interest("logs", server_id, source=source)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to tell the hub, in a stable order."""

    unsubscribe: tuple[Interest, ...]
    subscribe: tuple[Interest, ...]


def changes(asked: frozenset[Interest], wanted: frozenset[Interest]) -> Changes:
    """Return what leads from the interests the hub has been asked for to those that are wanted."""
    return Changes(_ordered(asked - wanted), _ordered(wanted - asked))


def _ordered(interests: frozenset[Interest]) -> tuple[Interest, ...]:
    return tuple(sorted(interests, key=_place))


def _place(interest: Interest) -> tuple[str, ...]:
    source = interest.source or LogSource()
    return (
        interest.topic,
        interest.server_id or "",
        interest.command_id or "",
        source.path or source.unit or source.container or "",
    )
