"""The composition root: opens the database, puts services and sockets together, serves until told to stop."""

import asyncio
import errno
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import web

from chatops_server import sharing
from chatops_server.background import Background
from chatops_server.config import Config
from chatops_server.domain.keeping import Terms
from chatops_server.errors import StorageError
from chatops_server.head_file import HeadFile
from chatops_server.keychain import Keychain, open_keychain
from chatops_server.keys import HUB, Hub
from chatops_server.opening import Database, open_storage
from chatops_server.services import agent_actions, passwords
from chatops_server.services.access_tokens import AccessTokens
from chatops_server.services.accounts import Accounts, Credentials
from chatops_server.services.agent_actions import AgentActions, Kept
from chatops_server.services.alerting import assembly as alerting
from chatops_server.services.alerting.alerting import Alerting
from chatops_server.services.alerting.assembly import Base
from chatops_server.services.api_keys import ApiKeys
from chatops_server.services.audit_head import AuditHead
from chatops_server.services.commands.keeper import Patience
from chatops_server.services.enrolment import Enrolment, Surroundings
from chatops_server.services.events import Events
from chatops_server.services.exposition import Exposition
from chatops_server.services.fleet_loading import load_fleet
from chatops_server.services.grants import Grants
from chatops_server.services.history_queries import HistoryQueries
from chatops_server.services.hub_metrics import HubMetrics
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
from chatops_server.services.passwords import PasswordHasher
from chatops_server.services.presence import Presence
from chatops_server.services.readiness import ReadinessChecks, disk_check, storing_check
from chatops_server.services.resealing import reseal
from chatops_server.services.retention import Retention
from chatops_server.services.second_factor import SecondFactor, SecondStep
from chatops_server.services.servers import Servers
from chatops_server.services.ssh_keys import SshKeys
from chatops_server.services.user_directory import UserDirectory
from chatops_server.services.users import FIRST_ADMIN, Users
from chatops_server.ssh.door import over_ssh, own_host
from chatops_server.storage.base import Storage
from chatops_server.token_keys import TokenKeysKeeper
from chatops_server.web.bodies import MAX_BODY_BYTES
from chatops_server.web.catalogue import rest_routes
from chatops_server.web.host_names import only_hosts
from chatops_server.web.live_routes import LiveServices, add_live
from chatops_server.web.middlewares import add_headers, errors_as_problems
from chatops_server.web.routes import Route
from chatops_server.web.runner import HubRunner
from chatops_server.web.serving import register
from chatops_wire.settings import SettingError

log = logging.getLogger(__name__)

# SIGTERM ends the hub within 5 s: 1.8 s for the sockets (web.live_routes), then these; what is left
# after them is cut off.
_HANDLERS_END_S: Final = 0.7
_FLUSH_S: Final = 1.5
_KEEPALIVE_S: Final = 15.0


class CannotListenError(Exception):
    """The address cannot be listened on; the text is one line that says why."""


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


@dataclass(frozen=True, slots=True)
class RunningHub:
    """A hub that only has to be served."""

    web: web.Application
    hub: Hub
    live: Live
    storage: Storage
    first_admin: Callable[[], Awaitable[str | None]]
    """Creates the first admin where there is no user; the password to be shown once, if one was made up."""


@dataclass(frozen=True, slots=True)
class _Parts:
    hub: Hub
    live: Live
    actions: AgentActions
    presence: Presence
    ingest: Ingest
    loops: Mapping[str, Callable[[], Awaitable[None]]]


def run(config: Config, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        config: The settings.
        announce: Called with each line for stdout: a made-up password, and the address when ready.

    Raises:
        CannotOpenError, SettingError, CannotListenError: It could not start.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(config, announce))


@asynccontextmanager
async def open_hub(setup: Setup) -> AsyncIterator[RunningHub]:
    """Open the database and start everything but the network; at the end flush and close.

    Raises:
        CannotOpenError, SettingError: It cannot start.
    """
    storage = await open_storage(setup.database, setup.data_dir, now_ms=_now_ms, keep=setup.terms.tiers)
    hasher, background = PasswordHasher(setup.password_cost), Background()
    parts: _Parts | None = None
    head: AuditHead | None = None
    try:
        secrets = await asyncio.to_thread(
            open_keychain, setup.secret, setup.previous_secret, setup.data_dir, _now_ms
        )
        if setup.previous_secret:
            await reseal(storage, secrets.sealer)
        second = SecondStep(storage, secrets.sealer, _now_ms)
        tokens = AccessTokens(secrets.ring, _now_ms)
        credentials = Credentials(tokens, hasher, LoginGuard(_monotonic_ms), second)
        parts = _assembled(setup, storage, credentials, secrets)
        await parts.hub.users.load()
        await parts.hub.keeping.load()
        await parts.hub.login_sessions.load()
        await load_fleet(parts.live.fleet, storage)
        parts.live.containers.load()
        await parts.actions.load()
        await parts.hub.alerting.load()
        routes = await asyncio.to_thread(rest_routes, metrics_public=setup.metrics_public)
        head = AuditHead(storage, HeadFile(setup.data_dir), parts.hub.ledger.has_grown, _now_ms)
        await head.check()
        background.start({**parts.loops, "audit-head": head.run})
        first_admin = partial(parts.hub.users.create_first, setup.admin_password)
        yield RunningHub(_application(parts, routes), parts.hub, parts.live, storage, first_admin)
    finally:
        await background.stop()
        if parts is not None:
            await _flush(parts)
            await parts.actions.close()
            await parts.hub.alerting.close()
        if head is not None:
            await head.flush()
        await asyncio.to_thread(hasher.close)
        await storage.close()


@asynccontextmanager
async def serving(running: RunningHub, config: Config) -> AsyncIterator[int]:
    """Listen; yield the port. At the end every connection is closed.

    Raises:
        CannotListenError: The port is in use or may not be taken by this user.
        SettingError: The host is no address of this machine.
    """
    # The UI over ssh asks by address; nobody's page can have that for its own name.
    own = (own_host(config.host),) if config.ssh is not None and config.allowed_hosts else ()
    running.web.middlewares.append(only_hosts((*config.allowed_hosts, *own)))
    runner = HubRunner(
        running.web, access_log=None, keepalive_timeout=_KEEPALIVE_S, shutdown_timeout=_HANDLERS_END_S
    )
    await runner.setup()
    try:
        await _start(runner, config)
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _serve(config: Config, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    setup = Setup(
        config.database,
        config.data_dir,
        config.admin_password,
        config.secret,
        metrics_public=config.metrics_public,
        record_terminals=config.record_terminals,
        terms=config.terms,
        webhook_allow_private=config.webhook_allow_private,
        previous_secret=config.previous_secret,
        pin=config.pin,
    )
    async with (
        open_hub(setup) as running,
        serving(running, config) as port,
        over_ssh(running.hub, config, port),
    ):
        # Not before it listens: a start that fails on its port would be the only one to show the password.
        password = await running.first_admin()
        if password:
            announce(f"chatops-server created the user {FIRST_ADMIN}, password: {password}")
        announce(f"chatops-server listening on {_url(config, port)}")
        sharing.settle()
        await stop.wait()
        log.info("stopping")


async def _start(runner: web.AppRunner, config: Config) -> None:
    try:
        await web.TCPSite(runner, config.host, config.port, ssl_context=config.tls).start()
    except socket.gaierror as exc:
        raise SettingError(f"--host: {config.host!r} is no address") from exc
    except OSError as exc:
        if exc.errno == errno.EADDRNOTAVAIL:
            raise SettingError(f"--host: {config.host!r} is no address of this machine") from exc
        reason = "it is in use" if exc.errno == errno.EADDRINUSE else exc.strerror or str(exc)
        raise CannotListenError(f"cannot listen on port {config.port} of {config.host}: {reason}") from exc


def _assembled(setup: Setup, storage: Storage, credentials: Credentials, secrets: Keychain) -> _Parts:
    live = put_together(lambda number: storage.samples.recent_cpu(number, _now_ms()), time.monotonic)
    events = Events(storage, live.topics, _now_ms)
    ledger, directory = Ledger(storage, events, _now_ms), UserDirectory()
    keeping = KeepingTerms(storage, ledger, setup.terms)
    fleet, sessions = live.fleet, live.sessions
    ingest = Ingest(storage.samples, _now_ms)
    presence = Presence(fleet, storage, events, _now_ms)
    actions = agent_actions.put_together(storage, ledger, live, _kept(setup), _now_ms)
    base = Base(storage, ledger, events, live, directory, actions.log_streams, _now_ms)
    api_keys = ApiKeys(storage, ledger, fleet, sessions, _now_ms)
    enrolling = Surroundings(storage, ledger, fleet, sessions, directory)
    alerts = alerting.put_together(base, secrets.sealer, Guard(allows_private=setup.webhook_allow_private))
    hub = Hub(
        accounts=Accounts(storage, ledger, directory, credentials, _now_ms),
        login_sessions=LoginSessions(storage, ledger, directory, credentials.ended, _now_ms),
        ssh_keys=SshKeys(storage, ledger, directory, _now_ms),
        second_factor=SecondFactor(credentials.second, ledger, directory),
        users=Users(storage, ledger, directory, credentials.hasher, _now_ms),
        servers=Servers(ledger, fleet, sessions, Narrowings(fleet, sessions, _now_ms), _now_ms),
        grants=Grants(storage, ledger, fleet, directory, _now_ms),
        api_keys=api_keys,
        key_rotation=KeyRotation(storage, ledger, api_keys, sessions, _now_ms),
        enrolment=Enrolment(enrolling, LoginGuard(_monotonic_ms), _now_ms, setup.pin),
        history=HistoryQueries(storage),
        moments=Moments(storage, alerts.alerts),
        commands=actions.commands,
        terminals=actions.logbook,
        containers=actions.containers,
        alerting=alerts,
        events=events,
        ledger=ledger,
        keeping=keeping,
        readiness=_readiness(setup, storage, ingest, presence, alerts),
        exposition=Exposition(HubMetrics(live, ingest, storage, alerts.numbers).families, time.monotonic),
        fleet=fleet,
        now_ms=_now_ms,
    )
    loops = _loops(hub, live, presence, secrets)
    loops["retention"] = _retention(storage, keeping, actions, alerts).run
    return _Parts(hub, live, actions, presence, ingest, loops)


def _retention(storage: Storage, keeping: KeepingTerms, actions: AgentActions, alerts: Alerting) -> Retention:
    drop_old = partial(agent_actions.drop_old, storage, actions, keeping)
    return Retention(storage, keeping, _now_ms, [drop_old, alerts.drop_old])


def _loops(
    hub: Hub, live: Live, presence: Presence, secrets: Keychain
) -> dict[str, Callable[[], Awaitable[None]]]:
    loops = {
        "presence": presence.run,
        "ticker": Ticker(live, hub.accounts, _now_ms).run,
        "last-used": hub.api_keys.keep_flushing,
        "key-rotation": hub.key_rotation.run,
        **hub.alerting.loops,
    }
    if secrets.file is not None:
        loops["token-keys"] = TokenKeysKeeper(secrets.file, secrets.ring, hub.ledger).run
    return loops


def _readiness(
    setup: Setup, storage: Storage, ingest: Ingest, presence: Presence, alerts: Alerting
) -> ReadinessChecks:
    folder = setup.database.parent if isinstance(setup.database, Path) else setup.data_dir
    return ReadinessChecks(
        {"database": storage.check, "disk": disk_check(folder)},
        # One agent's rows may be the trouble, and a hub that serves all others is not to be taken away.
        {
            "ingest": storing_check("samples", lambda: ingest.degraded),
            "timeline": storing_check("connections", lambda: presence.failure),
            "alerts": storing_check("alerts", lambda: alerts.keeper.failure),
        },
    )


def _kept(setup: Setup) -> Kept:
    return Kept(setup.data_dir, setup.record_terminals, setup.patience)


def _application(parts: _Parts, routes: Iterable[Route]) -> web.Application:
    middlewares = [errors_as_problems(parts.live.counters.problems)]
    application = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
    application[HUB] = parts.hub
    application.on_response_prepare.append(add_headers)
    register(application, routes)
    services = LiveServices(
        parts.presence,
        parts.hub.api_keys,
        parts.ingest,
        parts.actions,
        parts.hub.accounts,
        _now_ms,
        judge=parts.hub.alerting.judge,
        rotation=parts.hub.key_rotation,
    )
    add_live(application, parts.live, services)
    return application


async def _flush(parts: _Parts) -> None:
    try:
        async with asyncio.timeout(_FLUSH_S):
            # Sessions whose handlers were cut off; the others have stored what they accepted.
            await parts.ingest.close()
            await parts.presence.flush()
            await parts.hub.api_keys.flush()
            await parts.actions.flush()
            await parts.hub.alerting.flush()
    except (StorageError, TimeoutError) as exc:
        log.warning("what was in memory is not stored", extra={"reason": str(exc)})


def _url(config: Config, port: int) -> str:
    scheme = "https" if config.tls else "http"
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{scheme}://{host}:{port}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - a quarter less CPU a sample where it installs, and no need elsewhere
    except ImportError:
        return None
    return uvloop.new_event_loop
