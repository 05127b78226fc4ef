"""Every server in memory: what lists, live updates and permissions are read from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from chatops_server.broker.sample_frames import AnySample, whole_body
from chatops_server.broker.server_state import Latest, ServerState, from_row, server_view
from chatops_server.domain.clocks import AgentClock
from chatops_server.domain.latest_order import Mark
from chatops_server.domain.narrowing import Narrowing
from chatops_server.domain.permissions import Principal, effective_role
from chatops_server.storage.sql.servers import ServerRow
from chatops_wire.agent import AgentInfo
from chatops_wire.policy import MachinePolicy
from chatops_wire.rest import GrantRole, Role, ServerView
from chatops_wire.rest_docker import Availability


@dataclass(frozen=True, slots=True)
class Gone:
    """A server that ended for some users: a deleted one for all who saw it, or a grant for its user."""

    server_id: str
    owner_id: str
    grants: Mapping[str, GrantRole]
    only_user: str | None = None

    def concerns(self, principal: Principal) -> bool:
        """Return whether this user saw the server before."""
        if self.only_user is not None and self.only_user != principal.user_id:
            return False
        return effective_role(principal, self.owner_id, self.grants.get(principal.user_id)) is not None


@dataclass(frozen=True, slots=True)
class FleetChanges:
    """What happened since the last look."""

    changed: frozenset[str] = frozenset()
    gone: tuple[Gone, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


class Fleet:
    """The servers by id, for the event loop's thread only.

    Services change it after their commit; agent sockets report what they hear. Every change marks
    the server for the next `fleet_update`.
    """

    def __init__(self, recent_cpu: Callable[[int], Sequence[int]]) -> None:
        self._recent_cpu = recent_cpu
        self._servers: dict[str, ServerState] = {}
        self._changed: set[str] = set()
        self._gone: list[Gone] = []
        self._access_listeners: list[Callable[[str], None]] = []

    def get(self, server_id: str) -> ServerState | None:
        """Return a server, whoever asks."""
        return self._servers.get(server_id)

    def __iter__(self) -> Iterator[ServerState]:
        return iter(self._servers.values())

    def __len__(self) -> int:
        return len(self._servers)

    def role_on(self, server_id: str, principal: Principal) -> Role | None:
        """Return what the user may do on a server; None when it is unknown or invisible to them."""
        state = self._servers.get(server_id)
        return None if state is None else role_of(state, principal)

    def visible(self, principal: Principal) -> Iterator[tuple[ServerState, Role]]:
        """Yield the servers a user sees and what they may do there, oldest first."""
        for state in self._servers.values():
            role = role_of(state, principal)
            if role is not None:
                yield state, role

    def view(self, state: ServerState, role: Role, recent: Sequence[int] | UnsetType = UNSET) -> ServerView:
        """Return the server as a user with this role sees it."""
        return server_view(state, role, recent)

    def recent(self, state: ServerState) -> Sequence[int]:
        """Return `cpu_recent` of a server: CPU percent each 10 s, oldest first."""
        return self._recent_cpu(state.num)

    def latest_whole(self, server_id: str) -> bytes | None:
        """Return the JSON of MetricsView; None when the server is unknown or never sent a sample."""
        state = self._servers.get(server_id)
        if state is None or state.latest is None:
            return None
        return whole_body(server_id, state.latest.sample)

    # What services tell after their commit

    def added(self, row: ServerRow) -> ServerState:
        """Take up a new server, or one read at start-up."""
        state = self._servers[row.id] = from_row(row)
        self._changed.add(row.id)
        return state

    def changed(self, server_id: str, *, name: str, tags: tuple[str, ...]) -> None:
        """Take over a server's new name and tags; unknown ids are ignored."""
        state = self._servers.get(server_id)
        if state is not None:
            state.name, state.tags = name, tags
            self._touch(state)

    def narrowed(self, server_id: str, narrowing: Narrowing | None) -> None:
        """Take over to what a server is narrowed; unknown ids are ignored."""
        state = self._servers.get(server_id)
        if state is not None:
            state.narrowing = narrowing
            self._touch(state)

    def take_over(self, row: ServerRow, *, is_here: bool) -> None:
        """Bring a server in step with what another hub stored of it; an unknown one is taken up.

        Not its narrowing, which its agent is to be told of too.

        Args:
            row: What is stored.
            is_here: Whether its agent is, which then knows best what it says of its machine.
        """
        state = self._servers.get(row.id)
        if state is None:
            self.added(row)
            return
        if (state.name, state.tags) != (row.name, row.tags):
            self.changed(row.id, name=row.name, tags=row.tags)
        if state.owner_id != row.owner_id:
            state.owner_id = row.owner_id
            self._touch(state)
            self._access_changed(state.id)
        facts = (row.host, row.capabilities, row.policy)
        if not is_here and (state.host, state.capabilities, state.policy) != facts:
            state.host, state.capabilities, state.policy = facts
            self._touch(state)

    def take_over_grants(self, server_id: str, grants: Mapping[str, GrantRole]) -> None:
        """Bring a server's grants, by user, in step with what another hub stored; unknown ids are ignored."""
        state = self._servers.get(server_id)
        if state is None:
            return
        for user_id in [user_id for user_id in state.grants if user_id not in grants]:
            self.drop_grant(server_id, user_id)
        for user_id, role in grants.items():
            if state.grants.get(user_id) != role:
                self.set_grant(server_id, user_id, role)

    def removed(self, server_id: str) -> None:
        """Forget a deleted server; unknown ids are ignored."""
        state = self._servers.pop(server_id, None)
        if state is None:
            return
        self._changed.discard(server_id)
        self._gone.append(Gone(server_id, state.owner_id, dict(state.grants)))
        self._access_changed(server_id)

    def set_grant(self, server_id: str, user_id: str, role: GrantRole) -> None:
        """Let a user see a server; unknown ids are ignored."""
        state = self._servers.get(server_id)
        if state is not None:
            state.grants[user_id] = role
            self._changed.add(server_id)

    def drop_grant(self, server_id: str, user_id: str) -> None:
        """End a user's right; unknown ids are ignored."""
        state = self._servers.get(server_id)
        role = None if state is None else state.grants.pop(user_id, None)
        if state is not None and role is not None:
            self._gone.append(Gone(server_id, state.owner_id, {user_id: role}, only_user=user_id))
            self._access_changed(server_id)

    def user_removed(self, user_id: str, heir: str) -> None:
        """Take over that a user is gone: `heir` now owns their servers, and their grants ended."""
        for state in self._servers.values():
            had_grant = state.grants.pop(user_id, None) is not None
            if state.owner_id == user_id:
                state.owner_id = heir
                self._touch(state)
            elif not had_grant:
                continue
            self._access_changed(state.id)

    def loaded_grants(self, grants: Iterable[tuple[str, str, GrantRole]]) -> None:
        """Take up server id, user id and role of every grant, at start-up."""
        for server_id, user_id, role in grants:
            self.set_grant(server_id, user_id, role)

    # What agent sockets report

    def connected(
        self,
        state: ServerState,
        host: AgentInfo,
        capabilities: tuple[str, ...],
        at_ms: int,
        policy: MachinePolicy | None = None,
    ) -> None:
        """Note that the server's agent is there, and what it said of its machine."""
        state.is_online, state.held_by, state.policy = True, "", policy
        state.host, state.capabilities, state.last_seen_ms = host, capabilities, at_ms
        self._touch(state)

    def disconnected(self, state: ServerState) -> None:
        """Note that the server's agent is gone."""
        state.is_online, state.interval_s, state.clock_ahead_ms = False, None, None
        state.held_by = ""
        self._touch(state)

    def held_elsewhere(self, state: ServerState, at_ms: int) -> None:
        """Note that the server's agent is connected to another hub."""
        if not state.is_online:
            state.is_online, state.last_seen_ms = True, at_ms
            self._touch(state)

    def is_at(self, state: ServerState, node_id: str) -> None:
        """Note the other hub that tells of the server's agent, which is there."""
        if not state.is_online:
            state.is_online = True
            self._touch(state)
        state.held_by = node_id

    def clock_told(self, state: ServerState, ahead_ms: int | None) -> None:
        """Note how far its agent's clock is off, as another hub has read it."""
        state.clock_ahead_ms = ahead_ms

    def configured(self, state: ServerState, interval_s: float | None) -> None:
        """Note the interval the hub asked for."""
        state.interval_s = interval_s
        self._touch(state)

    def engine_is(self, state: ServerState, docker: Availability, reason: str = "") -> None:
        """Note what the agent says of its container engine, and why that does not answer."""
        if (state.docker, state.docker_reason) != (docker, reason):
            state.docker, state.docker_reason = docker, reason
            self._touch(state)

    def clock_read(self, state: ServerState, clock: AgentClock) -> None:
        """Note how far its agent's clock is off; shown with the sample that told it."""
        state.clock_ahead_ms, state.clock_is_off = clock.ahead_ms, clock.is_off

    def heard(self, state: ServerState, at_ms: int) -> None:
        """Note that the server's agent said something; no change worth telling by itself."""
        state.last_seen_ms = at_ms

    def observed(self, state: ServerState, sample: AnySample, mark: Mark, at_ms: int) -> None:
        """Make a sample the server's latest one."""
        state.latest = Latest(sample, mark)
        state.last_seen_ms = at_ms
        self._touch(state)

    def loaded_latest(self, state: ServerState, sample: AnySample, mark: Mark) -> None:
        """Take up the latest sample of an earlier run, at start-up."""
        state.latest = Latest(sample, mark)

    # What topics ask

    def take_changes(self) -> FleetChanges:
        """Return what changed since the last call, and begin anew."""
        changes = FleetChanges(frozenset(self._changed), tuple(self._gone))
        self._changed.clear()
        self._gone.clear()
        return changes

    def on_access_change(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with a server's id whenever somebody may have lost sight of it."""
        self._access_listeners.append(listener)

    def _touch(self, state: ServerState) -> None:
        state.encoded.clear()
        # A socket may report on a server that was deleted a moment ago.
        if self._servers.get(state.id) is state:
            self._changed.add(state.id)

    def _access_changed(self, server_id: str) -> None:
        for listener in self._access_listeners:
            listener(server_id)


def role_of(state: ServerState, principal: Principal) -> Role | None:
    """Return what the user may do on this server; None means that they do not see it."""
    return effective_role(principal, state.owner_id, state.grants.get(principal.user_id))
