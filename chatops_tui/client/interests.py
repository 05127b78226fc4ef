"""What a client wants to be told: topics, and what to ask for when the wish changes. Pure."""

from typing import Final, TypeAlias

import msgspec

from chatops_wire.streams import LogSource

Key: TypeAlias = tuple[str | None, ...]


class Interest(msgspec.Struct, frozen=True):
    """One topic of the client WebSocket, of one server, command or log where the topic takes one."""

    topic: str
    server_id: str | None = None
    command_id: str | None = None
    source: LogSource | None = None
    turn: int = 0
    """Tells two wishes for the same apart: the later one ends the earlier and begins anew."""

    @property
    def key(self) -> Key:
        """What the hub calls it in its messages, without how much of the past was asked for."""
        source = self.source
        places = (source.path, source.unit, source.container) if source else ()
        return (self.topic, self.server_id, self.command_id, *places)


FLEET: Final = Interest("fleet")
EVENTS: Final = Interest("events")
ALERTS: Final = Interest("alerts")


def metrics(server_id: str) -> Interest:
    """Return the interest in every sample of one server; its agent then samples each second."""
    return Interest("metrics", server_id)


def command(command_id: str) -> Interest:
    """Return the interest in all output of one command, and in its end."""
    return Interest("command", command_id=command_id)


def containers(server_id: str = "") -> Interest:
    """Return the interest in changes of containers, of one server or of all the user may see."""
    return Interest("containers", server_id or None)


def logs(server_id: str, source: LogSource) -> Interest:
    """Return the interest in the lines of one log."""
    return Interest("logs", server_id, source=source)


class Changes(msgspec.Struct, frozen=True):
    """What to tell the hub, in a stable order."""

    unsubscribe: tuple[Interest, ...]
    subscribe: tuple[Interest, ...]


def changes(asked: frozenset[Interest], wanted: frozenset[Interest]) -> Changes:
    """Return what leads from the interests the hub has been asked for to those that are wanted."""
    return Changes(_ordered(asked - wanted), _ordered(wanted - asked))


def _ordered(interests: frozenset[Interest]) -> tuple[Interest, ...]:
    return tuple(
        sorted(interests, key=lambda interest: (*(part or "" for part in interest.key), interest.turn))
    )
