"""Small servers, users and samples for the tests of the broker."""

from collections.abc import Sequence
from typing import Any

import msgspec

from chatops_server.broker.client_outbox import ClientOutbox
from chatops_server.broker.clients import ClientSession
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.topics import Topics
from chatops_server.broker.watching import Watching
from chatops_server.domain.permissions import Principal
from chatops_server.storage.sql.servers import ServerRow
from chatops_wire.agent import Metrics
from chatops_wire.rest import Role
from chatops_wire.samples import Cpu, Memory

NOW_MS = 1_800_000_000_000
TIMESTAMP = "2027-01-15T08:00:00.000Z"

ADMIN = Principal("usr_admin", "root", "admin", NOW_MS + 1_800_000, 1)
OWNER = Principal("usr_owner", "olga", "operator", NOW_MS + 1_800_000, 1)
STRANGER = Principal("usr_stranger", "sam", "operator", NOW_MS + 1_800_000, 1)


def principal(user_id: str, role: Role = "viewer") -> Principal:
    return Principal(user_id, user_id, role, NOW_MS + 1_800_000, 1)


def row(num: int = 1, owner_id: str = OWNER.user_id) -> ServerRow:
    return ServerRow(num, f"srv_{num}", f"web-{num}", ("prod",), owner_id, NOW_MS - 1000)


def sample(seq: int = 1, cpu: float = 10.0) -> Metrics:
    return Metrics(
        seq=seq,
        timestamp=TIMESTAMP,
        cpu=Cpu(percent=cpu),
        memory=Memory(total=8, used=2, percent=25.0),
    )


def fleet_of(*nums: int, recent: Sequence[int] = (5, 6)) -> Fleet:
    fleet = Fleet(lambda _num: recent)
    for num in nums or (1,):
        fleet.added(row(num))
    fleet.take_changes()
    return fleet


def state_of(fleet: Fleet, server_id: str = "srv_1") -> ServerState:
    state = fleet.get(server_id)
    assert state is not None
    return state


class Intervals:
    """Stands for the agents: notes what each was asked to sample at."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float | None]] = []
        self.clock = 100.0

    def configure(self, server_id: str, interval_s: float | None) -> None:
        self.asked.append((server_id, interval_s))

    def now(self) -> float:
        return self.clock


def topics_of(fleet: Fleet, intervals: Intervals | None = None) -> Topics:
    intervals = intervals or Intervals()
    return Topics(fleet, Watching(intervals.configure, intervals.now))


def client(who: Principal = OWNER) -> ClientSession:
    return ClientSession(who, ClientOutbox(lambda: b"{}", lambda _changes: None))


def taken(session: ClientSession) -> list[dict[str, Any]]:
    """Return everything that waits for the client, decoded."""
    frames: list[dict[str, Any]] = []
    while (frame := session.outbox.take()) is not None:
        frames.append(msgspec.json.decode(frame))
    return frames
