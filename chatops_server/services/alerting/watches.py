"""One threshold on one server while the hub runs: how to read it, and where it stands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from chatops_server.broker.server_state import ServerState
from chatops_server.domain.alerts.alert import Alert
from chatops_server.domain.alerts.machine import OK, Phase, State
from chatops_server.domain.alerts.readings import SERVER_UP, Reading, reading
from chatops_server.domain.alerts.rules import HOLDS
from chatops_server.domain.alerts.windows import Window
from chatops_server.services.alerting.thresholds import Threshold


@dataclass(slots=True, eq=False)
class Watch:
    """One threshold on one server; `alert` is the open one, or one closed by hand while the breach lasts."""

    threshold: Threshold
    server_id: str
    heard_ms: int
    """When a value came last, by the hub's clock; at first when the watch began."""
    state: State = OK
    alert: Alert | None = None
    window: Window | None = None
    holds: Callable[[float, float], bool] = field(init=False)
    limit: float = field(init=False)
    is_idle: bool = field(init=False)
    """Whether a value that is no breach changes nothing: then it is not looked at further."""

    def __post_init__(self) -> None:
        self.adopt(self.threshold)

    def adopt(self, threshold: Threshold) -> None:
        """Judge by this threshold from now on; its window begins anew."""
        self.threshold = threshold
        body = threshold.row.body
        self.holds, self.limit = HOLDS[body.comparison], body.value
        self.window = Window(round(body.window_s * 1000), body.aggregation) if body.window_s else None
        self.enter(self.state)

    def enter(self, state: State) -> None:
        """Take this state."""
        self.state = state
        self.is_idle = state.phase is Phase.OK and self.window is None


@dataclass(slots=True, eq=False)
class Plan:
    """What is to be judged of one server, and for which thresholds, name, tags and owner that was made."""

    generation: int
    name: str
    tags: tuple[str, ...]
    owner_id: str
    watches: Mapping[str, Watch]
    """By threshold."""
    groups: tuple[tuple[Reading, tuple[Watch, ...]], ...]
    """What stands in samples, each metric read once."""
    of_presence: tuple[Watch, ...]
    look_ms: float = 0
    """Before this nothing can have been silent for long enough to be missing."""

    @property
    def has_alert(self) -> bool:
        """Whether an alert is open, or was closed by hand while the breach lasts."""
        return any(watch.alert is not None for watch in self.watches.values())

    def is_of(self, state: ServerState, generation: int) -> bool:
        """Return whether the plan still holds."""
        return (
            self.generation == generation
            and self.tags is state.tags
            and self.name is state.name
            and self.owner_id is state.owner_id
        )


def plan(state: ServerState, generation: int, watches: Mapping[str, Watch]) -> Plan:
    """Return the plan of a server with these watches."""
    return Plan(
        generation,
        state.name,
        state.tags,
        state.owner_id,
        watches,
        _grouped(each for each in watches.values() if each.threshold.ref.metric.name != SERVER_UP),
        tuple(each for each in watches.values() if each.threshold.ref.metric.name == SERVER_UP),
    )


def _grouped(watches: Iterable[Watch]) -> tuple[tuple[Reading, tuple[Watch, ...]], ...]:
    by_metric: dict[str, list[Watch]] = {}
    for watch in watches:
        by_metric.setdefault(watch.threshold.ref.text, []).append(watch)
    return tuple((reading(each[0].threshold.ref), tuple(each)) for each in by_metric.values())
