"""One server as the hub knows it right now, and how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from chatops_server.broker.sample_frames import AnySample, sequence
from chatops_server.domain.latest_order import Mark
from chatops_server.domain.narrowing import Narrowing
from chatops_server.storage.sql.servers import ServerRow
from chatops_wire import codec
from chatops_wire.agent import AgentInfo
from chatops_wire.policy import MachinePolicy, PolicySummary, narrowed
from chatops_wire.rest import GrantRole, LatestView, Role, ServerStatus, ServerView
from chatops_wire.rest_docker import Availability
from chatops_wire.times import format_ms

# A list of servers goes to every client each second; one machine with thousands of mounts must not fill it.
MAX_SHOWN_PARTS: Final = 64


class Latest(Struct, frozen=True):
    """The newest sample of a server."""

    sample: AnySample
    mark: Mark


@dataclass(slots=True)
class ServerState:
    """One server in memory. Only Fleet writes it; everybody may read."""

    num: int
    id: str
    name: str
    tags: tuple[str, ...]
    owner_id: str
    created_ms: int
    last_seen_ms: int | None = None
    """When its agent last said anything, by the hub's clock."""
    host: AgentInfo | None = None
    capabilities: tuple[str, ...] = ()
    """What its machine allows, as its agent says."""
    policy: MachinePolicy | None = None
    """What is meant by that there."""
    narrowing: Narrowing | None = None
    """What the hub does without; None: nothing of it."""
    is_online: bool = False
    held_by: str = ""
    """The other hub that its agent is connected to; empty: none, or not known."""
    interval_s: float | None = None
    """What the hub told the agent to sample at; None is the agent's own interval."""
    latest: Latest | None = None
    clock_ahead_ms: int | None = None
    """By how much its agent's clock is ahead of ours; None while that is not known."""
    clock_is_off: bool = False
    """Whether that was told as an error and not yet as mended; also over connections."""
    docker: Availability | None = None
    """What its agent last said of a container engine; None before it said anything."""
    docker_reason: str = ""
    grants: dict[str, GrantRole] = field(default_factory=dict)
    """By user id."""
    encoded: dict[Role, bytes] = field(default_factory=dict)
    """The view as JSON, for as long as nothing changes."""

    @property
    def offered(self) -> tuple[str, ...]:
        """What may be asked of the machine: what it allows, as far as the hub does not do without."""
        return narrowed(self.capabilities, None if self.narrowing is None else self.narrowing.allowed)

    @property
    def status(self) -> ServerStatus:
        """Whether its agent is connected; `never` until the first time."""
        if self.is_online:
            return "online"
        return "never" if self.last_seen_ms is None else "offline"


def from_row(row: ServerRow) -> ServerState:
    """Return the state of a server whose agent is not connected."""
    return ServerState(
        num=row.num,
        id=row.id,
        name=row.name,
        tags=row.tags,
        owner_id=row.owner_id,
        created_ms=row.created_ms,
        last_seen_ms=row.last_seen_ms,
        host=row.host,
        capabilities=row.capabilities,
        policy=row.policy,
        narrowing=row.narrowing,
    )


def server_view(state: ServerState, role: Role, recent: Sequence[int] | UnsetType = UNSET) -> ServerView:
    """Return what a user with this role on the server gets to see."""
    return ServerView(
        id=state.id,
        name=state.name,
        tags=state.tags,
        status=state.status,
        last_seen=None if state.last_seen_ms is None else format_ms(state.last_seen_ms),
        owner_id=state.owner_id,
        capabilities=state.offered,
        host=state.host,
        latest=None if state.latest is None else latest_view(state.latest.sample),
        interval_s=state.interval_s,
        created_at=format_ms(state.created_ms),
        role=role,
        clock_ahead_ms=state.clock_ahead_ms,
        docker=state.docker,
        docker_reason=state.docker_reason,
        policy=policy_summary(state),
        cpu_recent=UNSET if recent is UNSET else tuple(recent),
    )


def policy_summary(state: ServerState) -> PolicySummary:
    """Return what is shown of a server's policy in lists."""
    machine = state.policy or MachinePolicy(source="")
    return PolicySummary(
        source=machine.source,
        lists_commands=machine.commands is not None,
        signed=machine.signed,
        narrowed=None if state.narrowing is None else state.narrowing.allowed,
    )


def latest_view(sample: AnySample) -> LatestView:
    """Return the sample without its long lists; of mounts, interfaces, sensors the first MAX_SHOWN_PARTS."""
    return LatestView(
        seq=sequence(sample),
        timestamp=sample.timestamp,
        cpu=sample.cpu,
        memory=sample.memory,
        disks=sample.disks[:MAX_SHOWN_PARTS],
        networks=sample.networks[:MAX_SHOWN_PARTS],
        temperatures=sample.temperatures[:MAX_SHOWN_PARTS],
        process_count=sample.process_count,
        uptime_s=sample.uptime_s,
    )


def encoded_view(state: ServerState, role: Role) -> bytes:
    """Return the view as JSON, without `cpu_recent`; encoded once until something changes."""
    body = state.encoded.get(role)
    if body is None:
        body = state.encoded[role] = codec.encode(server_view(state, role))
    return body


def with_recent(view: bytes, recent: Sequence[int]) -> bytes:
    """Return an encoded view with `cpu_recent` as its last field."""
    points = ",".join(map(str, recent)).encode()
    return b'%b,"cpu_recent":[%b]}' % (view[:-1], points)
