"""Messages between a client and the hub (docs/protocol.md, "Client WebSocket")."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from chatops_wire.client_terminals import (
    AttachTerminal,
    CloseTerminal,
    DetachTerminal,
    ListTerminals,
    OpenTerminal,
    RequestId,
    TerminalEntry,
)
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.containers import ContainerItem
from chatops_wire.quantities import Bytes
from chatops_wire.rest import EventView, ServerView, UserView
from chatops_wire.rest_alerts import AlertView
from chatops_wire.samples import SampleParts
from chatops_wire.streams import LogLine, LogSource
from chatops_wire.terminals import TerminalClose, TerminalCredit, TerminalData, TerminalResize


class AuthToken(Struct, frozen=True, kw_only=True, tag_field="type", tag="auth"):
    """First message, and again before the token expires."""

    token: str


class Subscribe(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscribe"):
    """Asks for a topic.

    fleet; metrics (needs `server_id`); events, alerts or containers (`server_id` narrows them); command
    (needs `command_id`); logs (needs `server_id` and `source`).
    """

    id: RequestId | UnsetType = UNSET
    topic: str
    server_id: str | None = None
    command_id: Annotated[str, Meta(max_length=64)] | None = None
    source: LogSource | None = None


class Unsubscribe(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="unsubscribe"):
    """Ends what the same words subscribed."""

    id: RequestId | UnsetType = UNSET
    topic: str
    server_id: str | None = None
    command_id: Annotated[str, Meta(max_length=64)] | None = None
    source: LogSource | None = None


class Ping(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ping"):
    """Answered by `pong`, with the same `id` if there was one."""

    id: RequestId | UnsetType = UNSET


class Authenticated(Struct, frozen=True, kw_only=True, tag_field="type", tag="auth_success"):
    """The answer to `auth`."""

    user: UserView


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="result"):
    """A request was carried out."""

    id: RequestId | UnsetType = UNSET
    terminal_id: str | UnsetType = UNSET
    """The answer to `terminal_open` and `terminal_attach`."""
    terminals: tuple[TerminalEntry, ...] | UnsetType = UNSET
    """The answer to `terminal_list`."""


class ClientError(Struct, frozen=True, kw_only=True, tag_field="type", tag="error"):
    """A request was refused (`id` repeats it), or the connection is about to be closed (no `id`)."""

    id: RequestId | UnsetType = UNSET
    code: str
    message: str


class Pong(Struct, frozen=True, kw_only=True, tag_field="type", tag="pong"):
    """The answer to `ping`."""

    id: RequestId | UnsetType = UNSET


class Fleet(Struct, frozen=True, kw_only=True, tag_field="type", tag="fleet"):
    """Every server the user may see, at once after subscribing."""

    servers: tuple[ServerView, ...]


class FleetUpdate(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="fleet_update"
):
    """Servers that changed within the last second; `removed` are the ids that are gone."""

    servers: tuple[ServerView, ...]
    removed: tuple[str, ...] = ()


class MetricsEvent(
    SampleParts, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="metrics"
):
    """One new sample of a watched server; `seq` is absent for a `live` one."""

    server_id: str
    seq: int | None = None


class EventMessage(Struct, frozen=True, kw_only=True, tag_field="type", tag="event"):
    """One new entry of the timeline."""

    event: EventView


class AlertMessage(Struct, frozen=True, kw_only=True, tag_field="type", tag="alert"):
    """One alert that changed, as it now is."""

    alert: AlertView


class ContainerMessage(Struct, frozen=True, kw_only=True, tag_field="type", tag="container"):
    """A container that changed, as it now is; one that was removed, as it last was.

    `action` is the engine's word where the agent tells it (`start`, `die`, `pause`, `rename`,
    `health_status`, `destroy`, …), else what two samples differ by.
    """

    action: str
    container: ContainerItem


class PullProgress(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="docker_progress"
):
    """How far the pull of an image has come; to those who follow its server's containers."""

    server_id: str
    command_id: str
    image: str
    text: str
    current: Bytes | None = None
    total: Bytes | None = None


class PullFinished(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="docker_finished"
):
    """The end of a pull; `code` and `message` say why it failed."""

    server_id: str
    command_id: str
    image: str
    success: bool
    code: str | None = None
    message: str = ""


class LogLines(Struct, frozen=True, kw_only=True, tag_field="type", tag="log_lines"):
    """Lines of a log that is followed, in their order; `source` as it was subscribed."""

    server_id: str
    source: LogSource
    lines: tuple[LogLine, ...]


class Lagged(Struct, frozen=True, kw_only=True, tag_field="type", tag="lagged"):
    """This client reads too slowly: `dropped` samples were replaced by newer ones."""

    dropped: int


class SubscriptionEnded(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="subscription_ended"
):
    """The hub ended a subscription; `code` says why, `message` in words.

    The server was deleted or is no longer yours to see, or a log cannot be followed (any more).
    """

    topic: str
    server_id: str
    code: str
    command_id: str | None = None
    source: LogSource | None = None
    message: str = ""


FromClient = (
    AuthToken
    | Subscribe
    | Unsubscribe
    | Ping
    | OpenTerminal
    | AttachTerminal
    | DetachTerminal
    | CloseTerminal
    | ListTerminals
    | TerminalData
    | TerminalResize
    | TerminalCredit
)
ToClient = (
    Authenticated
    | Result
    | ClientError
    | Pong
    | Fleet
    | FleetUpdate
    | MetricsEvent
    | EventMessage
    | AlertMessage
    | ContainerMessage
    | PullProgress
    | PullFinished
    | CommandOutput
    | CommandFinished
    | LogLines
    | TerminalData
    | TerminalClose
    | Lagged
    | SubscriptionEnded
)
