"""What a hub is made of: services, loops and routes put together over an open database."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from chatops_server.bus.address import NatsAddress
from chatops_server.domain.keeping import Terms
from chatops_server.errors import StorageError
from chatops_server.keychain import Keychain
from chatops_server.keys import HUB, Hub
from chatops_server.opening import Database
from chatops_server.services import agent_actions, passwords
from chatops_server.services.accounts import Accounts, Credentials
from chatops_server.services.agent_actions import AgentActions, Kept
from chatops_server.services.alerting import assembly as alerting
from chatops_server.services.alerting.alerting import Alerting
from chatops_server.services.alerting.assembly import Base
from chatops_server.services.api_keys import ApiKeys
from chatops_server.services.commands.keeper import Patience
from chatops_server.services.enrolment import Enrolment, Surroundings
from chatops_server.services.events import Events
from chatops_server.services.exposition import Exposition
from chatops_server.services.grants import Grants
from chatops_server.services.history_queries import HistoryQueries
from chatops_server.services.hub_metrics import HubMetrics
from chatops_server.services.hubs import assembly as hubs
from chatops_server.services.hubs.heartbeat import Rhythm
from chatops_server.services.hubs.live_view import LiveView
from chatops_server.services.hubs.node import Node
from chatops_server.services.hubs.one_hub import OneHub
from chatops_server.services.hubs.stored_view import StoredView
from chatops_server.services.hubs.telling import Telling
from chatops_server.services.ingest import Ingest
from chatops_server.services.keeping import KeepingTerms
from chatops_server.services.key_rotation import KeyRotation
from chatops_server.services.ledger import Ledger
from chatops_server.services.live import Live, Ticker, put_together
from chatops_server.services.login_guard import LoginGuard
from chatops_server.services.login_sessions import LoginSessions
from chatops_server.services.moments import Moments
from chatops_server.services.narrowing import Narrowings
from chatops_server.services.notifications.guard import Guard
from chatops_server.services.presence import Presence
from chatops_server.services.readiness import Check, ReadinessChecks, bus_check, disk_check, storing_check
from chatops_server.services.retention import Retention
from chatops_server.services.second_factor import SecondFactor
from chatops_server.services.servers import Servers
from chatops_server.services.ssh_keys import SshKeys
from chatops_server.services.user_directory import UserDirectory
from chatops_server.services.users import Users
from chatops_server.storage.base import Storage
from chatops_server.token_keys import TokenKeysKeeper
from chatops_server.web.bodies import MAX_BODY_BYTES
from chatops_server.web.live_routes import LiveServices, add_live
from chatops_server.web.middlewares import add_headers, errors_as_problems
from chatops_server.web.routes import Route
from chatops_server.web.second_look import second_look
from chatops_server.web.serving import register
from chatops_server.web.ws_agent import NoLeases

if TYPE_CHECKING:
    from chatops_server.services.hubs.neighbours import Neighbours

log = logging.getLogger(__name__)

_FLUSH_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class Setup:
    """What a hub is made of."""

    database: Database
    data_dir: Path
    admin_password: str | None = None
    """For the first start; None makes one up."""
    secret: str | None = None
    """None: the one kept in the data directory."""
    password_cost: int = passwords.COST
    metrics_public: bool = False
    """Let anybody read `/metrics`."""
    record_terminals: bool = False
    """Keep what terminals show."""
    terms: Terms = field(default_factory=Terms)
    """How long things are kept where no admin has set it."""
    patience: Patience = field(default_factory=Patience)
    """With agents that run commands; others than the usual are for tests."""
    webhook_allow_private: bool = False
    """Let webhooks lead to this machine and private networks."""
    previous_secret: str | None = None
    """The secret before it: what that signed and sealed is still good."""
    pin: str = ""
    """Of the hub's own certificate, for machines that enrol."""
    bus: NatsAddress | None = None
    """Where other hubs of this database are met; None: there are none."""
    rhythm: Rhythm = field(default_factory=Rhythm)
    """Of looking after other hubs; another than the usual is for tests."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What was put together, and the loops to be run beside it."""

    hub: Hub
    live: Live
    actions: AgentActions
    presence: Presence
    ingest: Ingest
    neighbours: "Neighbours | None"
    """None: no other hub can be on the database."""
    loops: Mapping[str, Callable[[], Awaitable[None]]]
    together: hubs.Together | None = None
    """What keeps in step with other hubs; None: there are no others."""


def assembled(
    setup: Setup, storage: Storage, credentials: Credentials, secrets: Keychain, node: Node
) -> Parts:
    """Return services over this database; nothing is loaded yet and nothing runs."""
    live, view = _live(storage, node)
    events, directory = Events(storage, live.topics, now_ms), UserDirectory()
    ledger, fleet, sessions = Ledger(storage, events, now_ms), live.fleet, live.sessions
    ingest, presence = Ingest(storage.samples, now_ms), Presence(fleet, storage, events, now_ms)
    actions = agent_actions.put_together(storage, ledger, live, _kept(setup, node), now_ms)
    base = Base(storage, ledger, events, live, directory, actions.log_streams, now_ms)
    api_keys = ApiKeys(storage, ledger, fleet, sessions, now_ms)
    enrolling = Surroundings(storage, ledger, fleet, sessions, directory)
    alerts = alerting.put_together(base, secrets.sealer, Guard(allows_private=setup.webhook_allow_private))
    hub = Hub(
        accounts=Accounts(storage, ledger, directory, credentials, now_ms),
        login_sessions=LoginSessions(storage, ledger, directory, credentials.ended, now_ms),
        ssh_keys=SshKeys(storage, ledger, directory, now_ms),
        second_factor=SecondFactor(credentials.second, ledger, directory),
        users=Users(storage, ledger, directory, credentials.hasher, now_ms),
        servers=Servers(ledger, fleet, sessions, Narrowings(fleet, sessions, now_ms), now_ms),
        grants=Grants(storage, ledger, fleet, directory, now_ms),
        api_keys=api_keys,
        key_rotation=KeyRotation(storage, ledger, api_keys, sessions, now_ms),
        enrolment=Enrolment(enrolling, LoginGuard(monotonic_ms), now_ms, setup.pin),
        history=HistoryQueries(storage),
        moments=Moments(storage, alerts.alerts),
        commands=actions.commands,
        terminals=actions.logbook,
        containers=actions.containers,
        alerting=alerts,
        events=events,
        ledger=ledger,
        keeping=KeepingTerms(storage, ledger, setup.terms),
        readiness=_readiness(setup, storage, _doubts(ingest, presence, alerts, node)),
        exposition=Exposition(HubMetrics(live, ingest, storage, alerts.numbers).families, time.monotonic),
        fleet=fleet,
        now_ms=now_ms,
    )
    around = OneHub(storage, node, live, presence, actions, setup.patience, now_ms)
    neighbours = _neighbours(setup, around)
    together = _together(around, neighbours, hub, directory)
    loops = _loops(hub, live, presence, secrets) | _retention(hub, actions)
    loops |= {**_loops_of_several(together, neighbours), **_across(view, presence, storage)}
    return Parts(hub, live, actions, presence, ingest, neighbours, loops, together)


def _neighbours(setup: Setup, around: OneHub) -> "Neighbours | None":
    if isinstance(setup.database, Path):
        return None
    # Only a hub that may have others needs to know how to live with them.
    from chatops_server.services.hubs import neighbours  # noqa: PLC0415

    return neighbours.put_together(around, setup.rhythm)


def _together(
    around: OneHub, neighbours: "Neighbours | None", hub: Hub, directory: UserDirectory
) -> hubs.Together | None:
    if neighbours is None:
        return None
    kept = hubs.Kept(
        directory,
        hub.accounts,
        hub.login_sessions,
        hub.key_rotation,
        hub.keeping,
        hub.alerting,
        hub.ledger,
    )
    return hubs.together(around, neighbours.leases, kept)


def _live(storage: Storage, node: Node) -> tuple[Live, LiveView | None]:
    def recent_cpu(number: int) -> Sequence[int]:
        return storage.samples.recent_cpu(number, now_ms())

    if not node.has_others:
        return put_together(recent_cpu, time.monotonic), None
    telling = Telling(node)
    live = put_together(recent_cpu, time.monotonic, telling)
    return live, LiveView(node, live, telling, time.monotonic)


def _across(
    view: LiveView | None, presence: Presence, storage: Storage
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    if view is None:
        return {}
    return {"live-view": view.run, "stored-view": StoredView(view, presence, storage, now_ms).run}


def _retention(hub: Hub, actions: AgentActions) -> dict[str, Callable[[], Awaitable[None]]]:
    storage, keeping = hub.alerting.storage, hub.keeping
    drop_old = partial(agent_actions.drop_old, storage, actions, keeping)
    return {"retention": Retention(storage, keeping, now_ms, [drop_old, hub.alerting.drop_old]).run}


def _loops(
    hub: Hub, live: Live, presence: Presence, secrets: Keychain
) -> dict[str, Callable[[], Awaitable[None]]]:
    loops = {
        "presence": presence.run,
        "ticker": Ticker(live, hub.accounts, now_ms).run,
        "last-used": hub.api_keys.keep_flushing,
        "key-rotation": hub.key_rotation.run,
        **hub.alerting.loops,
    }
    if secrets.file is not None:
        loops["token-keys"] = TokenKeysKeeper(secrets.file, secrets.ring, hub.ledger).run
    return loops


def _loops_of_several(
    together: hubs.Together | None, neighbours: "Neighbours | None"
) -> dict[str, Callable[[], Awaitable[None]]]:
    if together is None or neighbours is None:
        return {}
    return {**together.loops, **neighbours.loops}


def _readiness(setup: Setup, storage: Storage, doubts: dict[str, Check]) -> ReadinessChecks:
    folder = setup.database.parent if isinstance(setup.database, Path) else setup.data_dir
    return ReadinessChecks({"database": storage.check, "disk": disk_check(folder)}, doubts)


def _doubts(ingest: Ingest, presence: Presence, alerts: Alerting, node: Node) -> dict[str, Check]:
    # One agent's rows may be the trouble, and a hub that serves all others is not to be taken away.
    doubts = {
        "ingest": storing_check("samples", lambda: ingest.degraded),
        "timeline": storing_check("connections", lambda: presence.failure),
        "alerts": storing_check("alerts", lambda: alerts.keeper.failure),
    }
    return {**doubts, "bus": bus_check(node.bus)} if node.has_others else doubts


def _kept(setup: Setup, node: Node) -> Kept:
    node_id = None if isinstance(setup.database, Path) else node.id
    return Kept(setup.data_dir, setup.record_terminals, setup.patience, node_id)


def application(parts: Parts, routes: Iterable[Route]) -> web.Application:
    """Return what answers requests: the REST routes and the two streams."""
    middlewares = [errors_as_problems(parts.live.counters.problems)]
    if parts.together is not None:
        middlewares.append(second_look(parts.together.shared))
    served = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
    served[HUB] = parts.hub
    served.on_response_prepare.append(add_headers)
    register(served, routes)
    neighbours = parts.neighbours
    services = LiveServices(
        parts.presence,
        parts.hub.api_keys,
        parts.ingest,
        parts.actions,
        parts.hub.accounts,
        now_ms,
        judge=parts.hub.alerting.judge,
        rotation=parts.hub.key_rotation,
        leases=NoLeases() if parts.together is None else parts.together.judging,
        hearer=None if neighbours is None else neighbours.lending,
    )
    add_live(served, parts.live, services)
    return served


async def flush(parts: Parts) -> None:
    """Store what is only in memory, as far as the time goes that a stop has."""
    try:
        async with asyncio.timeout(_FLUSH_S):
            # Sessions whose handlers were cut off; the others have stored what they accepted.
            await parts.ingest.close()
            if parts.neighbours is not None:
                await parts.neighbours.flush()
            await parts.presence.flush()
            await parts.hub.api_keys.flush()
            await parts.actions.flush()
            await parts.hub.alerting.flush()
    except (StorageError, TimeoutError) as exc:
        log.warning("what was in memory is not stored", extra={"reason": str(exc)})


def now_ms() -> int:
    """Return the time as Unix ms."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Return ms that never go back."""
    return time.monotonic_ns() // 1_000_000
