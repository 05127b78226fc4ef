"""The composition root: opens the database, puts services and sockets together, serves until told to stop."""

import asyncio
import errno
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from chatops_server import sharing
from chatops_server.assembly import Parts, Setup, application, assembled, flush, monotonic_ms, now_ms
from chatops_server.background import Background
from chatops_server.config import Config
from chatops_server.head_file import HeadFile
from chatops_server.keychain import open_keychain
from chatops_server.keys import Hub
from chatops_server.node_file import succeed
from chatops_server.opening import open_bus, open_storage
from chatops_server.services.access_tokens import AccessTokens
from chatops_server.services.accounts import Credentials
from chatops_server.services.audit_head import AuditHead
from chatops_server.services.fleet_loading import load_fleet
from chatops_server.services.hubs.node import Node
from chatops_server.services.live import Live
from chatops_server.services.login_guard import LoginGuard
from chatops_server.services.passwords import PasswordHasher
from chatops_server.services.resealing import reseal
from chatops_server.services.second_factor import SecondStep
from chatops_server.services.users import FIRST_ADMIN
from chatops_server.ssh.door import over_ssh, own_host
from chatops_server.storage.base import Storage
from chatops_server.web.catalogue import rest_routes
from chatops_server.web.host_names import only_hosts
from chatops_server.web.runner import HubRunner
from chatops_wire.settings import SettingError

if TYPE_CHECKING:
    from chatops_server.services.hubs.neighbours import Neighbours

log = logging.getLogger(__name__)

# SIGTERM ends the hub within 5 s: 1.8 s for the sockets (web.live_routes), then these; what is left
# after them is cut off.
_HANDLERS_END_S: Final = 0.7
_KEEPALIVE_S: Final = 15.0


class CannotListenError(Exception):
    """The address cannot be listened on; the text is one line that says why."""


@dataclass(frozen=True, slots=True)
class RunningHub:
    """A hub that only has to be served."""

    web: web.Application
    hub: Hub
    live: Live
    storage: Storage
    neighbours: "Neighbours | None"
    """Of several hubs on one database."""
    first_admin: Callable[[], Awaitable[str | None]]
    """Creates the first admin where there is no user; the password to be shown once, if one was made up."""


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
    storage = await open_storage(setup.database, setup.data_dir, now_ms=now_ms, keep=setup.terms.tiers)
    hasher, background = PasswordHasher(setup.password_cost), Background()
    parts: Parts | None = None
    node: Node | None = None
    head: AuditHead | None = None
    try:
        secrets = await asyncio.to_thread(
            open_keychain, setup.secret, setup.previous_secret, setup.data_dir, now_ms
        )
        if setup.previous_secret:
            await reseal(storage, secrets.sealer)
        second = SecondStep(storage, secrets.sealer, now_ms)
        tokens = AccessTokens(secrets.ring, now_ms)
        credentials = Credentials(tokens, hasher, LoginGuard(monotonic_ms), second)
        node = Node(open_bus(setup.bus, secrets.envelope, "chatops hub"), has_others=setup.bus is not None)
        parts = assembled(setup, storage, credentials, secrets, node)
        await _load(parts, storage, setup.data_dir)
        routes = await asyncio.to_thread(rest_routes, metrics_public=setup.metrics_public)
        head = AuditHead(storage, HeadFile(setup.data_dir), parts.hub.ledger.has_grown, now_ms)
        await head.check()
        background.start({**parts.loops, "audit-head": head.run})
        first_admin = partial(parts.hub.users.create_first, setup.admin_password)
        yield RunningHub(
            application(parts, routes), parts.hub, parts.live, storage, parts.neighbours, first_admin
        )
    finally:
        await background.stop()
        await _end(parts, head)
        if node is not None:
            await node.bus.close()
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


async def _end(parts: Parts | None, head: AuditHead | None) -> None:
    if parts is not None:
        await flush(parts)
        await parts.actions.close()
        await parts.hub.alerting.close()
    if head is not None:
        await head.flush()
    if parts is not None and parts.neighbours is not None:
        await parts.neighbours.end()


async def _load(parts: Parts, storage: Storage, data_dir: Path) -> None:
    if parts.together is not None:
        # First of all: what is changed while the rest is read is read again.
        await parts.together.shared.begin()
    await parts.hub.users.load()
    await parts.hub.keeping.load()
    await parts.hub.login_sessions.load()
    await load_fleet(parts.live.fleet, storage)
    parts.live.containers.load()
    await parts.actions.load()
    await parts.hub.alerting.load()
    if parts.neighbours is not None:
        await parts.neighbours.begin(await asyncio.to_thread(succeed, data_dir, parts.neighbours.node_id))


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
        bus=config.bus,
    )
    async with open_hub(setup) as running:
        # It looks at all that was loaded: before anybody can come.
        sharing.settle()
        async with serving(running, config) as port, over_ssh(running.hub, config, port):
            # Not before it listens: a start that fails on its port would be the only one to show the
            # password.
            password = await running.first_admin()
            if password:
                announce(f"chatops-server created the user {FIRST_ADMIN}, password: {password}")
            announce(f"chatops-server listening on {_url(config, port)}")
            await stop.wait()
            sharing.end()
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


def _url(config: Config, port: int) -> str:
    scheme = "https" if config.tls else "http"
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"{scheme}://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - a quarter less CPU a sample where it installs, and no need elsewhere
    except ImportError:
        return None
    return uvloop.new_event_loop
