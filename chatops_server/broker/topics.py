"""Who has subscribed to what, and passing it on: one encoding, any number of clients."""

from collections.abc import Collection
from typing import Final

from chatops_server.broker.client_outbox import ClientOutbox, FleetNews
from chatops_server.broker.clients import ClientSession
from chatops_server.broker.closing import ACCESS_LOST
from chatops_server.broker.fleet import Fleet, FleetChanges
from chatops_server.broker.fleet_frames import fleet_frame, update_frame, update_frames
from chatops_server.broker.sample_frames import AnySample, metrics_frame
from chatops_server.broker.watching import Watching
from chatops_server.domain.permissions import Principal, sees_event
from chatops_server.errors import (
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnknownTopicError,
)
from chatops_wire import codec
from chatops_wire.client import (
    AlertMessage,
    ContainerMessage,
    EventMessage,
    PullFinished,
    PullProgress,
    SubscriptionEnded,
)
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import EventView
from chatops_wire.rest_alerts import AlertView

FLEET: Final = "fleet"
METRICS: Final = "metrics"
EVENTS: Final = "events"
ALERTS: Final = "alerts"
CONTAINERS: Final = "containers"
_NARROWED: Final = (EVENTS, ALERTS, CONTAINERS)
_TOPICS: Final = (FLEET, METRICS, *_NARROWED)
# A wall of screens for a thousand servers fits; a client that forgets to unsubscribe is stopped.
MAX_SUBSCRIPTIONS: Final = 1000
_RETRY_AFTER_S: Final = 1


class Topics:
    """Subscriptions of all clients. For the event loop's thread only; nothing here waits."""

    def __init__(self, fleet: Fleet, watching: Watching) -> None:
        self._fleet = fleet
        self._watching = watching
        self._of_fleet: set[ClientSession] = set()
        self._of_metrics: dict[str, set[ClientSession]] = {}
        # Which servers each listener narrowed the topic to; None in it means all.
        self._of_events: dict[ClientSession, set[str | None]] = {}
        self._of_alerts: dict[ClientSession, set[str | None]] = {}
        self._of_containers: dict[ClientSession, set[str | None]] = {}
        fleet.on_access_change(self._end_lost_access)

    def session(self, principal: Principal, only_server: str | None = None) -> ClientSession:
        """Return a session without subscriptions for a connection that has just authenticated."""

        def snapshot() -> bytes:
            return fleet_frame(self._fleet, session.principal)

        def update(changes: FleetChanges) -> bytes | None:
            return update_frame(self._fleet, session.principal, changes)

        session = ClientSession(principal, ClientOutbox(snapshot, update), only_server=only_server)
        return session

    def subscribe(self, client: ClientSession, topic: str, server_id: str | None = None) -> None:
        """Let the client have a topic from now on; once more changes nothing.

        `fleet` begins with the whole fleet, also the second time.

        Raises:
            UnknownTopicError: This hub has no such topic.
            InvalidRequestError: `metrics` without a server.
            NotFoundError: The server is unknown or invisible to the user.
            TooManyRequestsError: The client has MAX_SUBSCRIPTIONS already.
        """
        self._check(client, topic, server_id)
        wanted = (topic, None if topic == FLEET else server_id)
        if wanted not in client.subscriptions:
            if len(client.subscriptions) >= MAX_SUBSCRIPTIONS:
                detail = f"at most {MAX_SUBSCRIPTIONS} subscriptions on one connection"
                raise TooManyRequestsError(detail, _RETRY_AFTER_S)
            client.subscriptions.add(wanted)
            self._enter(client, *wanted)
        if topic == FLEET:
            client.outbox.fleet_snapshot()

    def unsubscribe(self, client: ClientSession, topic: str, server_id: str | None = None) -> None:
        """End what the same words subscribed; what was not subscribed is no error.

        Raises:
            UnknownTopicError: This hub has no such topic.
        """
        if topic not in _TOPICS:
            raise UnknownTopicError(f"unknown topic {topic[:40]!r}")
        wanted = (topic, None if topic == FLEET else server_id)
        if wanted in client.subscriptions:
            client.subscriptions.discard(wanted)
            self._leave(client, *wanted)

    def leave(self, client: ClientSession) -> None:
        """End all of a client's subscriptions."""
        while client.subscriptions:
            self._leave(client, *client.subscriptions.pop())

    def check_access(self, client: ClientSession) -> None:
        """End what the client's user may no longer see, after their role changed; the fleet begins anew."""
        for topic, server_id in tuple(client.subscriptions):
            if server_id is not None and self._fleet.role_on(server_id, client.principal) is None:
                self._end(client, topic, server_id)
        if client in self._of_fleet:
            client.outbox.fleet_snapshot()

    def watched(self) -> Collection[str]:
        """Return the servers whose metrics clients of this hub follow."""
        return self._of_metrics.keys()

    def publish_sample(self, server_id: str, sample: AnySample) -> None:
        """Pass a new sample on to those who watch its server."""
        watchers = self._of_metrics.get(server_id)
        if watchers:
            frame = metrics_frame(server_id, sample)
            for client in watchers:
                client.outbox.sample(server_id, frame)

    def publish_fleet(self, changes: FleetChanges) -> None:
        """Pass changes on to those who follow the fleet and may see them."""
        if not changes or not self._of_fleet:
            return
        frame_for = update_frames(self._fleet, changes)
        for client in self._of_fleet:
            frame = frame_for(client.principal)
            if frame is not None:
                client.outbox.fleet_news(FleetNews(changes, frame))

    def event_recorded(self, event: EventView) -> None:
        """Pass a new entry of the timeline on to those who may see it."""
        frame: bytes | None = None
        for client, servers in self._of_events.items():
            if self._hears(client, servers, event):
                frame = frame or codec.encode(EventMessage(event=event))
                client.outbox.event(frame)

    def alert_changed(self, alert: AlertView) -> None:
        """Pass an alert on to those who see its server."""
        frame: bytes | None = None
        for client, servers in self._of_alerts.items():
            is_asked_for = None in servers or alert.server_id in servers
            if is_asked_for and self._fleet.role_on(alert.server_id, client.principal) is not None:
                frame = frame or codec.encode(AlertMessage(alert=alert))
                client.outbox.event(frame)

    def publish_containers(
        self, server_id: str, message: ContainerMessage | PullProgress | PullFinished
    ) -> None:
        """Pass on what happened to a server's containers, or to a pull of images there."""
        frame: bytes | None = None
        for client, servers in self._of_containers.items():
            is_asked_for = None in servers or server_id in servers
            if is_asked_for and self._fleet.role_on(server_id, client.principal) is not None:
                frame = frame or codec.encode(message)
                client.outbox.event(frame)

    def _hears(self, client: ClientSession, servers: set[str | None], event: EventView) -> bool:
        if None not in servers and event.server_id not in servers:
            return False
        visible: bool | None = None
        if event.server_id is not None:
            visible = self._fleet.role_on(event.server_id, client.principal) is not None
        return sees_event(client.principal, event.user_id, server_visible=visible)

    def _check(self, client: ClientSession, topic: str, server_id: str | None) -> None:
        if topic not in _TOPICS:
            raise UnknownTopicError(f"unknown topic {topic[:40]!r}")
        if topic == METRICS and server_id is None:
            raise InvalidRequestError("server_id is missing")
        if topic != FLEET and server_id is not None:
            self._require_visible(client, server_id)

    def _require_visible(self, client: ClientSession, server_id: str) -> None:
        if self._fleet.role_on(server_id, client.principal) is None:
            raise NotFoundError("no such server")

    def _enter(self, client: ClientSession, topic: str, server_id: str | None) -> None:
        if topic == FLEET:
            self._of_fleet.add(client)
        elif topic == METRICS and server_id is not None:
            self._of_metrics.setdefault(server_id, set()).add(client)
            self._watching.watch(server_id)
        else:
            self._narrowed(topic).setdefault(client, set()).add(server_id)

    def _leave(self, client: ClientSession, topic: str, server_id: str | None) -> None:
        if topic == FLEET:
            self._of_fleet.discard(client)
            client.outbox.forget_fleet()
        elif topic == METRICS and server_id is not None:
            self._leave_metrics(client, server_id)
        else:
            servers = self._narrowed(topic)[client]
            servers.discard(server_id)
            if not servers:
                del self._narrowed(topic)[client]

    def _leave_metrics(self, client: ClientSession, server_id: str) -> None:
        watchers = self._of_metrics[server_id]
        watchers.discard(client)
        if not watchers:
            del self._of_metrics[server_id]
        client.outbox.forget_samples(server_id)
        self._watching.unwatch(server_id)

    def _narrowed(self, topic: str) -> dict[ClientSession, set[str | None]]:
        match topic:
            case "events":
                return self._of_events
            case "alerts":
                return self._of_alerts
            case _:
                return self._of_containers

    def _end_lost_access(self, server_id: str) -> None:
        narrowed = (client for topic in _NARROWED for client in self._narrowed(topic))
        clients = {*self._of_metrics.get(server_id, ()), *narrowed}
        for client in clients:
            if self._fleet.role_on(server_id, client.principal) is None:
                for topic in (METRICS, *_NARROWED):
                    self._end(client, topic, server_id)

    def _end(self, client: ClientSession, topic: str, server_id: str) -> None:
        if (topic, server_id) not in client.subscriptions:
            return
        client.subscriptions.discard((topic, server_id))
        self._leave(client, topic, server_id)
        if client.only_server == server_id:
            client.outbox.close(ACCESS_LOST)
            return
        ended = SubscriptionEnded(topic=topic, server_id=server_id, code=ErrorCode.NOT_FOUND)
        client.outbox.reply(codec.encode(ended))
