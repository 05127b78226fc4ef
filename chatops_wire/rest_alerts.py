"""Bodies and answers of REST about alerts (`/alerts`), and the conditions of containers they may watch."""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from chatops_wire.metrics import Metric
from chatops_wire.samples import Process
from chatops_wire.streams import LogLine

Comparison = Literal["gt", "gte", "lt", "lte", "eq", "ne"]
Severity = Literal["info", "warning", "critical"]
AlertStatus = Literal["pending", "firing", "acknowledged", "resolved"]
Aggregation = Literal["last", "avg", "min", "max"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

EVERY_DAY: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_FOR_S: Final = 86_400
"""A breach that has to last longer is a matter for a report."""
LONGEST_WINDOW_S: Final = 3600
"""What is kept in memory of a metric to be averaged."""
LONGEST_PREVIEW_HOURS: Final = 168

CONDITIONS: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        Metric("container.unhealthy", "count", "ctr", "sum"),
        Metric("container.stopped", "count", "ctr", "sum"),
        Metric("container.restarting", "count", "ctr", "sum"),
        Metric("load.per_core", "load", "host"),
    )
}
"""What thresholds may watch beside the metrics; no history is kept of it.

How many containers are so, with a label 0 or 1: unhealthy by their own health check; stopped by
themselves, out of memory or with an exit code of their own; restarted three times or more within ten
minutes. And the load of five minutes by the number of cores.
"""

Seconds = Annotated[float, Meta(ge=0, le=LONGEST_FOR_S)]
Window = Annotated[float, Meta(ge=0, le=LONGEST_WINDOW_S)]
MetricName = Annotated[str, Meta(min_length=1, max_length=512)]
Selector = Annotated[str, Meta(max_length=1024)]
Title = Annotated[str, Meta(max_length=128)]
Comment = Annotated[str, Meta(max_length=4096)]
Runbook = Annotated[str, Meta(max_length=2048)]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d\Z")]
"""A time of day."""
Zone = Annotated[str, Meta(min_length=1, max_length=64)]


class AlertComment(Struct, frozen=True, kw_only=True):
    """What somebody did to an alert, and said."""

    ts: str
    user_id: str | None
    username: str
    action: Literal["acknowledge", "resolve"]
    text: str


class AlertContext(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the machine was doing when the alert fired."""

    processes: tuple[Process, ...] = ()
    """The five that used most."""
    logs: tuple[LogLine, ...] = ()
    """The last lines of its log, where the agent lets the hub read one."""
    log_source: str = ""
    """Which log."""


class AlertView(Struct, frozen=True, kw_only=True):
    """One alert: a breach of one threshold on one server, from its beginning to its end."""

    id: str
    server_id: str
    threshold_id: str
    metric: str
    severity: Severity
    status: AlertStatus
    value: float | None
    """At the moment it fired, so far the newest while it is pending; null: there was none (no data)."""
    threshold_value: float
    comparison: Comparison
    message: str
    started_at: str
    """The first breaching sample's own time."""
    acknowledged_by: str | None
    """User name."""
    resolved_at: str | None
    server_name: str = ""
    threshold_name: str = ""
    target: str | None = None
    """The label of the metric; without one, the labelled thing that has the value (a mount, a sensor)."""
    labels: tuple[str, ...] = ()
    """The server's tags."""
    since_ms: int = 0
    """`started_at` in Unix milliseconds."""
    fired_at: str | None = None
    updated_at: str = ""
    last_value: float | None = None
    """The newest one; of a resolved alert the one that resolved it."""
    acknowledged_at: str | None = None
    clear_value: float | None = None
    resolution: str = ""
    """Why it ended: recovered, by hand, no such target, threshold changed or deleted, server deleted."""
    silenced: bool = False
    """A silence covers it at present: nobody is notified."""
    silence_id: str | None = None
    muted: bool = False
    """Its server is down, of which another alert tells."""
    flapping: bool = False
    """It comes and goes: told once, then only when it is over."""
    no_data: bool = False
    """The metric does not come any more; the state stays as it was, or the alert is about that."""
    runbook: str = ""
    context: AlertContext | None = None
    """Only in a single alert (`GET /alerts/{id}`) and in the message of its firing."""
    comments: tuple[AlertComment, ...] = ()


class AlertCounts(Struct, frozen=True, kw_only=True):
    """How many alerts are open on the servers a user sees."""

    pending: int
    firing: int
    acknowledged: int
    silenced: int
    """Of those firing."""
    by_severity: dict[Severity, int]
    """Of those firing, neither acknowledged nor silenced."""


class CommentBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be said about it."""

    comment: Comment = ""


class ThresholdCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When an alert is to fire."""

    server_id: str | None = None
    """null: every server its creator may manage, also later ones; `select` narrows them."""
    metric: MetricName
    comparison: Comparison
    value: float
    for_s: Seconds = 0.0
    """How long, by the samples' own times, the breach has to last; 0 fires on the first sample."""
    clear_value: float | None = None
    """An alert ends when the comparison no longer holds against this; null: against `value`."""
    severity: Severity
    enabled: bool = True
    name: Title = ""
    select: Selector = ""
    """Only servers this selector means (`tag:web`, `db-*`)."""
    window_s: Window = 0.0
    """Judge what `aggregation` makes of the last so many seconds; 0: each sample by itself."""
    aggregation: Aggregation = "last"
    keep_firing_s: Seconds = 0.0
    """How long it has to be well before the alert ends."""
    no_data_s: Seconds = 0.0
    """Fire also when the metric has not come for so long while the agent is there; 0: never."""
    runbook: Runbook = ""
    """What to do: text, or an address."""


class ThresholdPatch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is absent stays as it is."""

    server_id: str | UnsetType | None = UNSET
    metric: MetricName | UnsetType = UNSET
    comparison: Comparison | UnsetType = UNSET
    value: float | UnsetType = UNSET
    for_s: Seconds | UnsetType = UNSET
    clear_value: float | UnsetType | None = UNSET
    severity: Severity | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    name: Title | UnsetType = UNSET
    select: Selector | UnsetType = UNSET
    window_s: Window | UnsetType = UNSET
    aggregation: Aggregation | UnsetType = UNSET
    keep_firing_s: Seconds | UnsetType = UNSET
    no_data_s: Seconds | UnsetType = UNSET
    runbook: Runbook | UnsetType = UNSET


class ThresholdView(ThresholdCreate, frozen=True, kw_only=True, omit_defaults=False):
    """A threshold."""

    id: str
    owner_id: str | None
    """Who made it; null: the hub, at its first start."""
    created_at: str
    updated_at: str
    may_change: bool = False
    """Whether the asking user may change and delete it."""


class PreviewCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A threshold that is not made yet, to be tried on what was recorded."""

    threshold: ThresholdCreate
    hours: Annotated[float, Meta(gt=0, le=LONGEST_PREVIEW_HOURS)] = 24.0


class PreviewEpisode(Struct, frozen=True, kw_only=True):
    """One time it would have fired."""

    server_id: str
    started_at: str
    """When it would have fired."""
    ended_at: str | None
    """null: it would be firing still."""
    peak: float


class Preview(Struct, frozen=True, kw_only=True):
    """What a threshold would have done."""

    times: int
    seconds: float
    """How long it would have been firing, all servers together."""
    episodes: tuple[PreviewEpisode, ...]
    """The newest 1000, newest first."""
    servers: int
    """How many servers were looked at."""


class Weekly(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of each of some days; one that ends before it begins ends the next day."""

    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=7)] = EVERY_DAY
    from_: Clock = field(name="from")
    to: Clock
    """`from` again: a whole day."""
    tz: Zone = "UTC"
    """A name of the IANA time zone database."""


class SilenceCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When nobody is to be notified, of what."""

    server_id: str | None = None
    """null: every server its creator may manage; `select` narrows them."""
    metric: MetricName | None = None
    """null: all; a family means it with every label."""
    starts_at: str = ""
    """RFC 3339; empty: now."""
    ends_at: str
    comment: Comment = ""
    select: Selector = ""
    weekly: Weekly | None = None
    """Between start and end only then."""


class SilenceView(SilenceCreate, frozen=True, kw_only=True, omit_defaults=False):
    """A silence."""

    id: str
    owner_id: str | None
    created_at: str
    active: bool
    """Whether it holds at present."""
    may_change: bool = False
    """Whether the asking user may delete it."""


class ChannelCreate(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where notifications go."""

    name: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^\S(.*\S)?\Z")]
    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    """A webhook (`https://…`, `json://host:port/path`), or what Apprise takes; a secret, never told again."""
    min_severity: Severity = "info"
    enabled: bool = True
    select: Selector = ""
    """Only alerts of servers this selector means."""
    send_resolved: bool = True
    """Tell also the end of an alert whose beginning was told."""
    repeat_s: Annotated[float, Meta(ge=0, le=604_800)] = 0.0
    """Tell again so often while nobody acknowledges; 0: never."""
    escalate_after_s: Annotated[float, Meta(ge=0, le=604_800)] = 0.0
    """Tell `escalate_to` too when nobody has acknowledged for so long; 0: never."""
    escalate_to: str | None = None
    """Another channel's id."""
    quiet_hours: Weekly | None = None
    """When only critical alerts are told; the others, if still firing, at their end."""
    secret: Annotated[str, Meta(max_length=256)] | UnsetType = UNSET
    """Signs what a webhook is sent (HMAC-SHA256); never told again."""


class ChannelPatch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is absent stays as it is; a `url` as it was shown too."""

    name: Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^\S(.*\S)?\Z")] | UnsetType = UNSET
    url: Annotated[str, Meta(min_length=1, max_length=2048)] | UnsetType = UNSET
    min_severity: Severity | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    select: Selector | UnsetType = UNSET
    send_resolved: bool | UnsetType = UNSET
    repeat_s: Annotated[float, Meta(ge=0, le=604_800)] | UnsetType = UNSET
    escalate_after_s: Annotated[float, Meta(ge=0, le=604_800)] | UnsetType = UNSET
    escalate_to: str | UnsetType | None = UNSET
    quiet_hours: Weekly | UnsetType | None = UNSET
    secret: Annotated[str, Meta(max_length=256)] | UnsetType | None = UNSET


class ChannelView(Struct, frozen=True, kw_only=True):
    """A channel, without its secrets."""

    id: str
    name: str
    url: str
    """Its kind and, of a webhook, its host: `https://hooks.example.com/***`."""
    min_severity: Severity
    enabled: bool
    select: str = ""
    send_resolved: bool = True
    repeat_s: float = 0.0
    escalate_after_s: float = 0.0
    escalate_to: str | None = None
    quiet_hours: Weekly | None = None
    has_secret: bool = False
    created_at: str = ""
    last_delivered_at: str | None = None
    last_error: str | None = None
    """What the last attempt met; null once one succeeds."""
    waiting: int = 0
    """Notifications not yet delivered."""
    undelivered: int = 0
    """Notifications given up after a day."""


class ChannelTest(Struct, frozen=True, kw_only=True):
    """What became of a test message."""

    delivered: bool
    message: str
    duration_ms: int


class Notification(Struct, frozen=True, kw_only=True):
    """What a webhook is sent (docs/alerts.md)."""

    id: str
    """The same in every attempt to deliver it: whoever has it has it already."""
    event: Literal["firing", "resolved", "repeat", "escalated", "flapping", "steady", "group", "test"]
    title: str
    message: str
    severity: Severity
    sent_at: str
    alert: AlertView | None
    """Of a group the first, of a test none."""
    alerts: tuple[AlertView, ...]
    """All it tells of."""
