"""The nouns of the store: a row of the fleet, the link to the hub, what may be applied."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from chatops_tui.render import numbers
from chatops_tui.render.severity import level, worst
from chatops_tui.store.alerts import AlertsAnswered, AlertsFailed
from chatops_tui.store.ranges import Range
from chatops_tui.store.runs import RunEvent
from chatops_tui.store.time_view import Stretch
from chatops_tui.store.vitals import CHARTED, Vitals
from chatops_wire.client import AlertMessage, EventMessage, Fleet, FleetUpdate, MetricsEvent
from chatops_wire.rest import EventView, History, MetricsView, ServerStatus, ServerView, UserView

# Clocks kept by NTP agree within milliseconds; less than this may be the way of a sample.
CLOCK_OFF_MS: Final = 2_000


class Health(IntEnum):
    """How a server stands, the most urgent first."""

    CRITICAL = 0
    OFFLINE = 1
    WARNING = 2
    OK = 3
    NEVER = 4
    """Its agent has not connected yet."""


# By Level; a value that is not known (OFF) is no worry. No dictionary: an enum is slow to hash.
_OF_LEVEL: Final = (Health.OK, Health.OK, Health.WARNING, Health.CRITICAL)


@dataclass(frozen=True, slots=True)
class Row:
    """One server as the fleet shows it. Names and tags are remote text: neutralise before drawing."""

    view: ServerView
    vitals: Vitals | None
    """The newest numbers; of an offline server the last ones."""
    sampled_ms: int | None
    """When they were taken, on the agent's clock."""
    last_seen_ms: int | None
    health: Health = field(init=False, compare=False)
    """The worst of its percentages while online; found once, since every second asks all servers for it."""
    sort_name: str = field(init=False, compare=False)
    """The name as it is sorted."""

    def __post_init__(self) -> None:
        """Find out what is asked for most."""
        object.__setattr__(self, "health", _health(self.view.status, self.vitals))
        object.__setattr__(self, "sort_name", self.view.name.casefold())

    @property
    def id(self) -> str:
        """The server's id."""
        return self.view.id

    @property
    def name(self) -> str:
        """The server's name."""
        return self.view.name

    @property
    def tags(self) -> tuple[str, ...]:
        """The server's tags."""
        return self.view.tags

    @property
    def status(self) -> ServerStatus:
        """Online, offline or never."""
        return self.view.status

    @property
    def clock_off(self) -> str:
        """How far its clock is off, as `1h ahead` or `3s behind`; empty while that is little or not known."""
        ahead_ms = self.view.clock_ahead_ms
        if ahead_ms is None or abs(ahead_ms) <= CLOCK_OFF_MS:
            return ""
        return f"{numbers.duration(abs(ahead_ms) / 1000)} {'ahead' if ahead_ms > 0 else 'behind'}"


def _health(status: ServerStatus, vitals: Vitals | None) -> Health:
    if status == "never":
        return Health.NEVER
    if status == "offline":
        return Health.OFFLINE
    return _OF_LEVEL[worst(map(level, (vitals.cpu, vitals.memory, vitals.disk)))] if vitals else Health.OK


class LinkPhase(StrEnum):
    """Where the connection to the hub stands; the values are those of `client.link`."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    """Lost; the next attempt is at `retry_ms`."""
    OFFLINE = "offline"
    """The same after several failures in a row."""
    SIGN_IN = "sign_in"
    """There is no session, or it has ended."""
    UPDATE_NEEDED = "update_needed"
    """The hub and this terminal do not understand each other."""


class Link(msgspec.Struct, frozen=True):
    """The connection to the hub."""

    phase: LinkPhase
    since_ms: int = 0
    rtt_ms: float | None = None
    attempt: int = 0
    """Failed attempts since the last connection."""
    retry_ms: int | None = None
    reason: str = ""
    """One sentence for a person."""


class LinkChanged(msgspec.Struct, frozen=True):
    """The link is in another state."""

    link: Link


class SignedIn(msgspec.Struct, frozen=True):
    """Who uses this terminal now, and at which hub."""

    user: UserView
    hub: str


class HistoryAsked(msgspec.Struct, frozen=True):
    """A history request is on its way."""

    server_id: str
    range: Range
    metrics: tuple[str, ...] = CHARTED


class HistoryAnswered(msgspec.Struct, frozen=True):
    """The hub's answer to it."""

    range: Range
    history: History
    metrics: tuple[str, ...] = CHARTED

    @property
    def server_id(self) -> str:
        """Whose history it is."""
        return self.history.server_id


class HistoryFailed(msgspec.Struct, frozen=True):
    """No answer; `reason` is one sentence."""

    server_id: str
    range: Range
    reason: str
    metrics: tuple[str, ...] = CHARTED


class ReelAsked(msgspec.Struct, frozen=True):
    """A piece of a server's past is on its way."""

    server_id: str
    metrics: tuple[str, ...]
    piece: Stretch


class ReelAnswered(msgspec.Struct, frozen=True):
    """It has come; None: it could not be had, for `reason`."""

    asked: ReelAsked
    history: History | None
    reason: str = ""
    until_ms: int = 0
    """What is later had not happened yet, on the agent's clock."""

    @property
    def server_id(self) -> str:
        """Whose past it is."""
        return self.asked.server_id


class TimelineAnswered(msgspec.Struct, frozen=True):
    """The newest entries of one server's timeline, newest first."""

    server_id: str
    events: tuple[EventView, ...]


Answer = HistoryAsked | HistoryAnswered | HistoryFailed | ReelAsked | ReelAnswered | TimelineAnswered
Event = (
    Fleet
    | FleetUpdate
    | MetricsEvent
    | MetricsView
    | EventMessage
    | AlertMessage
    | AlertsAnswered
    | AlertsFailed
    | LinkChanged
    | SignedIn
    | RunEvent
    | Answer
)
