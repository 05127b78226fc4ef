"""The live part of a hub that tells others what happens to it."""

from collections.abc import Callable, Sequence

from chatops_server.broker.containers import Containers
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sample_frames import AnySample
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.topics import Topics
from chatops_server.broker.watching import Watching
from chatops_server.domain.inventory import Change
from chatops_server.domain.latest_order import Mark
from chatops_server.services.hubs.live_news import (
    AlertChanged,
    Came,
    Configured,
    ContainerChanged,
    Left,
    Pulled,
    Recorded,
)
from chatops_server.services.hubs.telling import Telling
from chatops_wire.agent import AgentInfo
from chatops_wire.client import ContainerMessage, PullFinished, PullProgress
from chatops_wire.containers import ContainerEvent
from chatops_wire.policy import MachinePolicy
from chatops_wire.rest import EventView
from chatops_wire.rest_alerts import AlertView


class ToldFleet(Fleet):
    """A fleet whose agents' doings are told."""

    def __init__(self, recent_cpu: Callable[[int], Sequence[int]], telling: Telling) -> None:
        super().__init__(recent_cpu)
        self._telling = telling

    def connected(
        self,
        state: ServerState,
        host: AgentInfo,
        capabilities: tuple[str, ...],
        at_ms: int,
        policy: MachinePolicy | None = None,
    ) -> None:
        """As in Fleet."""
        super().connected(state, host, capabilities, at_ms, policy)
        self._telling.tell(came(state))

    def disconnected(self, state: ServerState) -> None:
        """As in Fleet; told by the hub that held the agent alone."""
        was_here = not state.held_by
        super().disconnected(state)
        if was_here:
            self._telling.tell(Left(server_id=state.id))

    def configured(self, state: ServerState, interval_s: float | None) -> None:
        """As in Fleet."""
        super().configured(state, interval_s)
        self._telling.tell(Configured(server_id=state.id, interval_s=interval_s))

    def observed(self, state: ServerState, sample: AnySample, mark: Mark, at_ms: int) -> None:
        """As in Fleet."""
        super().observed(state, sample, mark, at_ms)
        self._telling.observed(state, sample, mark, at_ms)


class ToldTopics(Topics):
    """Topics of which other hubs' clients hear as well."""

    def __init__(self, fleet: Fleet, watching: Watching, telling: Telling) -> None:
        super().__init__(fleet, watching)
        self._telling = telling

    def publish_sample(self, server_id: str, sample: AnySample) -> None:
        """As in Topics."""
        super().publish_sample(server_id, sample)
        self._telling.published(server_id, sample)

    def event_recorded(self, event: EventView) -> None:
        """As in Topics."""
        super().event_recorded(event)
        self._telling.tell(Recorded(event=event))

    def alert_changed(self, alert: AlertView) -> None:
        """As in Topics."""
        super().alert_changed(alert)
        self._telling.tell(AlertChanged(alert=alert))

    def publish_containers(
        self, server_id: str, message: ContainerMessage | PullProgress | PullFinished
    ) -> None:
        """As in Topics; what becomes of containers each hub makes out for itself."""
        super().publish_containers(server_id, message)
        if not isinstance(message, ContainerMessage):
            self._telling.tell(Pulled(server_id=server_id, message=message))


class ToldContainers(Containers):
    """Containers of which other hubs hear what no sample tells."""

    def __init__(self, fleet: Fleet, topics: Topics, telling: Telling) -> None:
        super().__init__(fleet, topics)
        self._telling = telling

    def heard(self, state: ServerState, event: ContainerEvent) -> None:
        """As in Containers."""
        self._telling.tell(
            ContainerChanged(
                server_id=state.id, action=event.action, container=event.container, is_told_at_once=True
            )
        )
        with self._telling.muted():
            super().heard(state, event)

    def changed(self, state: ServerState, change: Change, *, is_news: bool = False) -> None:
        """As in Containers."""
        super().changed(state, change, is_news=is_news)
        self._telling.tell(
            ContainerChanged(
                server_id=state.id, action=change.action, container=change.container, is_news=is_news
            )
        )


def came(state: ServerState) -> Came:
    """Return what is told of an agent that is there."""
    return Came(
        server_id=state.id,
        at_ms=state.last_seen_ms or 0,
        host=state.host or AgentInfo(),
        capabilities=state.capabilities,
        policy=state.policy,
    )
