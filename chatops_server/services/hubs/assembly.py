"""What makes a hub one of several, put together; only where the database is one that they share."""

from dataclasses import dataclass

from chatops_server.services.accounts import Accounts
from chatops_server.services.alerting.alerting import Alerting
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


def shared_state(around: OneHub, kept: Kept) -> SharedState:
    """Return what keeps it in step with what other hubs do; nothing runs yet."""
    storage, now_ms = around.storage, around.now_ms
    fleet, sessions = around.live.fleet, around.live.sessions
    door = Doorkeeper(around.live.clients, kept.accounts, now_ms)
    notifications = kept.alerts.notifications
    # People before what is theirs, and servers before what is on them.
    shared = SharedState(
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
            "notifications": OutboxFollower(notifications.delivery),
            "retention": TermsFollower(kept.keeping),
            "audit": AuditFollower(kept.ledger.has_grown),
        },
    )
    bus = around.node.bus
    bus.subscribe(CHANGED, shared.hinted)
    kept.ledger.on_commit(lambda: bus.publish(CHANGED, b""))
    return shared
