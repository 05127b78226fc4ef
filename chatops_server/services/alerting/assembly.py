"""Alerting and notifications put together; nothing of it runs yet."""

from collections.abc import Callable
from dataclasses import dataclass

from chatops_server.sealing import Sealer
from chatops_server.services.alerting.alerting import Alerting
from chatops_server.services.alerting.alerts import Alerts
from chatops_server.services.alerting.engine import Engine
from chatops_server.services.alerting.journal import Journal
from chatops_server.services.alerting.keeper import Keeper, Told
from chatops_server.services.alerting.log_lines import LogLines
from chatops_server.services.alerting.numbers import Numbers
from chatops_server.services.alerting.previews import Previews
from chatops_server.services.alerting.scope import Scope
from chatops_server.services.alerting.silences import Silences
from chatops_server.services.alerting.standing import Standings
from chatops_server.services.alerting.thresholds import Thresholds
from chatops_server.services.alerting.views import AlertViews
from chatops_server.services.events import Events
from chatops_server.services.ledger import Ledger
from chatops_server.services.live import Live
from chatops_server.services.log_streams import LogStreams
from chatops_server.services.notifications.channels import Channels
from chatops_server.services.notifications.delivery import Delivery
from chatops_server.services.notifications.guard import Guard
from chatops_server.services.notifications.notices import NoticeBoard
from chatops_server.services.notifications.notifications import Notifications
from chatops_server.services.notifications.webhook import Webhooks
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Storage


@dataclass(frozen=True, slots=True)
class Base:
    """What the hub has before there are alerts."""

    storage: Storage
    ledger: Ledger
    events: Events
    live: Live
    directory: UserDirectory
    log_streams: LogStreams
    now_ms: Callable[[], int]


def put_together(base: Base, sealer: Sealer, guard: Guard) -> Alerting:
    """Return everything about alerts."""
    storage, ledger, now_ms = base.storage, base.ledger, base.now_ms
    fleet = base.live.fleet
    scope = Scope(fleet, base.directory)
    silences = Silences(storage, ledger, fleet, scope, now_ms)
    standings = Standings(silences)
    views = AlertViews(fleet, standings)
    channels = Channels(storage, ledger, sealer, guard, now_ms)
    delivery = Delivery(storage, channels, Webhooks(guard), now_ms)
    told = Told(base.events, views, base.live.topics, delivery.notified)
    keeper = Keeper(storage, told, now_ms)
    journal = Journal(keeper, standings, NoticeBoard(channels, fleet, views, now_ms), now_ms)
    log_lines = LogLines(fleet, base.log_streams, journal)
    journal.on_fired(log_lines.fired)
    thresholds = Thresholds(storage, ledger, scope, now_ms)
    engine = Engine(fleet, thresholds, scope, journal, now_ms)
    thresholds.on_changed(engine.threshold_changed)
    return Alerting(
        storage=storage,
        engine=engine,
        keeper=keeper,
        thresholds=thresholds,
        silences=silences,
        alerts=Alerts(storage, ledger, (fleet, engine, journal, keeper, views), now_ms),
        previews=Previews(storage, fleet, scope, now_ms),
        log_lines=log_lines,
        numbers=Numbers(engine, delivery),
        notifications=Notifications(channels, delivery, ledger),
    )
