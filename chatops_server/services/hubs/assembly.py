"""What makes a hub one of several, put together; only where the database is one that they share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from chatops_server.services.accounts import Accounts
from chatops_server.services.alerting.alerting import Alerting
from chatops_server.services.hubs.alert_fence import AlertFence
from chatops_server.services.hubs.alert_following import AlertFollower, Judging
from chatops_server.services.hubs.followers import (
    AuditFollower,
    Doorkeeper,
    GrantFollower,
    KeyFollower,
    LoginFollower,
    OutboxFollower,
    ServerFollower,
    TermsFollower,
    UserFollower,
)
from chatops_server.services.hubs.leases import Leases
from chatops_server.services.hubs.one_hub import OneHub
from chatops_server.services.hubs.shared_state import CHANGED, SharedState
from chatops_server.services.keeping import KeepingTerms
from chatops_server.services.key_rotation import KeyRotation
from chatops_server.services.ledger import Ledger
from chatops_server.services.login_sessions import LoginSessions
from chatops_server.services.narrowing import Narrowings
from chatops_server.services.user_directory import UserDirectory


@dataclass(frozen=True, slots=True)
class Kept:
    """What a hub keeps in memory of the database."""

    directory: UserDirectory
    accounts: Accounts
    logins: LoginSessions
    rotation: KeyRotation
    keeping: KeepingTerms
    alerts: Alerting
    ledger: Ledger


@dataclass(frozen=True, slots=True)
class Together:
    """What keeps a hub in step with others."""

    shared: SharedState
    judging: Judging

    @property
    def loops(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs in the background."""
        return {"shared-state": self.shared.run, "judging": partial(self.judging.run, self.shared)}


def together(around: OneHub, leases: Leases, kept: Kept) -> Together:
    """Put it together; nothing runs yet."""
    shared = _shared_state(around, kept)
    bus = around.node.bus
    bus.subscribe(CHANGED, shared.hinted)
    kept.ledger.on_commit(lambda: bus.publish(CHANGED, b""))
    kept.alerts.keeper.fence = AlertFence(partial(shared.look_again, "alerts"))
    return Together(shared, Judging(around.storage, kept.alerts, around.live.sessions, leases))


def _shared_state(around: OneHub, kept: Kept) -> SharedState:
    storage, now_ms = around.storage, around.now_ms
    fleet, sessions = around.live.fleet, around.live.sessions
    door = Doorkeeper(around.live.clients, kept.accounts, now_ms)
    notifications = kept.alerts.notifications
    # People before what is theirs, and servers before what is on them.
    return SharedState(
        storage,
        {
            "users": UserFollower(storage, kept.directory, door),
            "login_sessions": LoginFollower(kept.logins, door),
            "servers": ServerFollower(storage, fleet, sessions, Narrowings(fleet, sessions, now_ms)),
            "grants": GrantFollower(storage, fleet),
            "api_keys": KeyFollower(storage, sessions, kept.rotation),
            "thresholds": kept.alerts.thresholds,
            "silences": kept.alerts.silences,
            "channels": notifications.channels,
            "alerts": AlertFollower(storage, kept.alerts, fleet.get),
            "notifications": OutboxFollower(notifications.delivery),
            "retention": TermsFollower(kept.keeping),
            "audit": AuditFollower(kept.ledger.has_grown),
        },
    )
