"""What Prometheus is told of the hub and the fleet: names, meanings and values, but not their text.

Labels are bounded: by our own enumerations, by the types Counters keeps, and by the servers there are.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar, get_args

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.counters import OTHER, Counters, Peer
from chatops_server.broker.sample_frames import AnySample
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.histogram import Histogram
from chatops_server.domain.permissions import Principal
from chatops_server.services.ingest import Ingest
from chatops_server.services.live import Live
from chatops_server.storage.base import Storage, WriterLoad
from chatops_wire.commands import FinalStatus
from chatops_wire.containers import STATES
from chatops_wire.rest import ServerStatus
from chatops_wire.version import VERSION

L = TypeVar("L", bound=str)

Values = Iterable[tuple[tuple[str, ...], float]]
"""Label values, and the value."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric with all its values. A counter's name is without the `_total` it ends with."""

    kind: Literal["counter", "gauge"]
    name: str
    about: str
    labels: tuple[str, ...]
    values: Values
    """For one run through, perhaps in another thread."""


@dataclass(frozen=True, slots=True)
class HistogramFamily:
    """One metric that is a histogram."""

    name: str
    about: str
    values: Histogram


AnyFamily = Family | HistogramFamily

_SERVER: Final = ("server_id", "name")


class AlertNumbers(Protocol):
    """What is told of alerts (services.alerting.numbers)."""

    def open_on(self, server_ids: Collection[str]) -> Mapping[tuple[str, str], int]:
        """Return how many alerts are open on these servers, by status and severity."""

    def notifications(self) -> Mapping[str, int]:
        """Return how many messages channels took, and how many attempts failed: `delivered`, `failed`."""


class HubMetrics:
    """Collects the families, out of memory."""

    def __init__(
        self, live: Live, ingest: Ingest, storage: Storage, alerts: AlertNumbers | None = None
    ) -> None:
        self._live = live
        self._ingest = ingest
        self._storage = storage
        self._alerts = alerts

    def families(self, principal: Principal | None) -> list[AnyFamily]:
        """Return everything there is to tell; of servers those this user sees, None: all of them."""
        fleet = self._live.fleet
        states = list(fleet) if principal is None else [state for state, _ in fleet.visible(principal)]
        return [
            Family("gauge", "chatops_hub_info", "Always 1.", ("version",), [((VERSION,), 1.0)]),
            *self._of_samples(),
            *_of_writing(self._storage.load, self._ingest.backlog),
            _gauge("agent_sessions", "Connected agents.", len(self._live.sessions)),
            _gauge("client_sessions", "Connected clients.", len(self._live.clients)),
            *_of_peers(self._live.counters),
            *_of_actions(self._live.actions),
            *_of_servers(states),
            self._of_containers(states),
            *self._of_alerts(states),
        ]

    def _of_alerts(self, states: Sequence[ServerState]) -> list[AnyFamily]:
        if self._alerts is None:
            return []
        found = self._alerts.open_on({state.id for state in states})
        values = [(labels, float(count)) for labels, count in found.items()]
        told = [((result,), float(count)) for result, count in self._alerts.notifications().items()]
        return [
            Family("gauge", "chatops_hub_alerts", "Open alerts.", ("status", "severity"), values),
            _counters("notifications", "Messages to channels, by what became of them.", ("result",), told),
        ]

    def _of_containers(self, states: Sequence[ServerState]) -> AnyFamily:
        # Other engines have states of their own, and an agent may name any.
        counts: Counter[tuple[str, str, str]] = Counter()
        for state in states:
            for container in self._live.containers.on(state):
                known = container.state if container.state in STATES else OTHER
                counts[(state.id, state.name, known)] += 1
        values = [(labels, float(count)) for labels, count in counts.items()]
        return Family(
            "gauge", "chatops_server_containers", "Containers by state.", (*_SERVER, "state"), values
        )

    def _of_samples(self) -> list[AnyFamily]:
        counts = self._ingest.counts
        return [
            _counter("samples_received", "Samples, each time one came.", counts.received),
            _counter("samples_stored", "Samples committed to disk.", counts.stored),
            _counter("samples_duplicate", "Samples that had been accepted before.", counts.duplicates),
            _counter("samples_refused", "Samples behind a hole in the sequence.", counts.refused),
            _counter("gaps", "Gaps that agents declared.", counts.gaps),
            _counter("acks", "Acknowledgements; several may travel as one frame.", counts.acks),
        ]


def _of_writing(load: WriterLoad, backlog: int) -> list[AnyFamily]:
    return [
        HistogramFamily("chatops_hub_commit_seconds", "How long commits took.", load.commit_seconds),
        _gauge("writer_queue", "Writes that wait for the database or are in work.", load.queued_jobs),
        _gauge("ingest_backlog", "Samples between sockets and disk.", backlog),
    ]


def _of_peers(counters: Counters) -> list[AnyFamily]:
    faults = {"malformed": counters.malformed, "refused": counters.refused, "too_slow": counters.too_slow}
    ended = [((peer, reason), float(count[peer])) for reason, count in faults.items() for peer in Peer]
    ignored = [
        ((peer, kind), float(count)) for peer in Peer for kind, count in counters.unknown_types(peer).items()
    ]
    return [
        _counters("connections_ended", "Connections a peer's fault ended.", ("peer", "reason"), ended),
        _counters("frames_ignored", "Messages of an unknown type.", ("peer", "type"), ignored),
        _counters("frames_dropped", "Frames a slow peer was not sent.", ("peer",), _by(counters.dropped)),
        _counters("values_cut", "Values beyond their bounds, cut.", ("peer",), _by(counters.cut)),
        _counters("http_problems", "Requests answered by an error.", ("code",), _by(counters.problems)),
    ]


def _of_actions(counts: ActionCounts) -> list[AnyFamily]:
    ended = [((status,), float(counts.commands[status])) for status in get_args(FinalStatus)]
    return [
        _counters("commands", "Commands that ended, by how.", ("status",), ended),
        _gauge("commands_running", "Commands sent to agents that have not ended.", counts.commands_running),
        _counter("command_output_bytes", "Output of commands, as it came.", counts.output_bytes),
        _counter("terminals", "Terminals opened or attached.", counts.terminals),
        _gauge("terminals_open", "Terminals that are relayed or wait for a viewer.", counts.terminals_open),
        _counter("terminal_output_bytes", "Output of terminals, as it came.", counts.screen_bytes),
        _gauge("logs_followed", "Logs that are followed.", counts.logs_followed),
        _counter("log_lines", "Lines of logs, as they came.", counts.log_lines),
        _counters(
            "engine_requests",
            "What was asked of container engines, by how it ended.",
            ("action", "result"),
            [(labels, float(count)) for labels, count in counts.engine_requests.items()],
        ),
    ]


def _of_servers(states: Sequence[ServerState]) -> list[AnyFamily]:
    statuses = [state.status for state in states]
    by_status = [((status,), float(statuses.count(status))) for status in get_args(ServerStatus)]
    up = [((state.id, state.name), float(state.is_online)) for state in states]
    # The last value of an agent that is gone would look like a present one.
    samples = [
        ((state.id, state.name), state.latest.sample) for state in states if state.is_online and state.latest
    ]
    return [
        Family("gauge", "chatops_hub_servers", "Servers by status.", ("status",), by_status),
        Family("gauge", "chatops_server_up", "Whether the server's agent is connected.", _SERVER, up),
        _percent("cpu", "CPU, all cores together.", samples, lambda sample: sample.cpu.percent),
        _percent("memory", "Main memory.", samples, lambda sample: sample.memory.percent),
        _percent("disk", "The fullest file system.", samples, _fullest),
    ]


def _percent(
    what: str,
    about: str,
    samples: Sequence[tuple[tuple[str, str], AnySample]],
    read: Callable[[AnySample], float | None],
) -> Family:
    def values() -> Iterator[tuple[tuple[str, ...], float]]:
        for labels, sample in samples:
            value = read(sample)
            if value is not None:
                yield labels, value

    return Family("gauge", f"chatops_server_{what}_percent", about, _SERVER, values())


def _fullest(sample: AnySample) -> float | None:
    return max((disk.percent for disk in sample.disks), default=None)


def _gauge(name: str, about: str, value: float) -> Family:
    return Family("gauge", f"chatops_hub_{name}", about, (), [((), value)])


def _counter(name: str, about: str, value: float) -> Family:
    return _counters(name, about, (), [((), value)])


def _counters(name: str, about: str, labels: tuple[str, ...], values: Values) -> Family:
    return Family("counter", f"chatops_hub_{name}", about, labels, values)


def _by(counts: Mapping[L, int]) -> Values:
    return [((name,), float(count)) for name, count in counts.items()]
