"""`chatops web`: the UI in a browser, for people with an account at the hub."""

import argparse
import asyncio
import signal
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from chatops_tui.client.connect import Tls
from chatops_tui.commands.say import complain
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.settings import SettingError


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to listen, and with which certificate."""

    host: str
    port: int
    tls: ssl.SSLContext | None


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed; SettingError where passwords would go over a network in the open."""
    tls = _tls(arguments.tls_cert, arguments.tls_key)
    if tls is None and not arguments.plain_http and not _is_loopback(arguments.host):
        raise SettingError(
            "web: passwords would go over the network in the open: give --tls-cert and --tls-key, or say "
            "--plain-http where something in front of it does TLS"
        )
    return Wanted(arguments.host, arguments.port, tls)


def serve(settings: Settings, wanted: Wanted) -> int:
    """Serve until a signal ends it, and return the exit status."""
    try:
        import textual_serve  # noqa: F401, PLC0415 - only whether it is there
    except ImportError:
        complain("web: textual-serve is missing: .venv/bin/pip install '.[web]' in the clone")
        return ExitCode.USAGE
    return asyncio.run(_serve(settings, wanted))


async def _serve(settings: Settings, wanted: Wanted) -> int:
    from aiohttp import web  # noqa: PLC0415 - see chatops_tui.cli

    from chatops_tui.web.logins import HubAddress, Logins  # noqa: PLC0415 - likewise
    from chatops_tui.web.server import WebUi  # noqa: PLC0415 - likewise

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    logins = Logins(HubAddress(settings.url, Tls(settings.tls_ca, settings.tls_pin)))
    ui = WebUi(
        logins, settings.url, lambda username: _arguments(settings, username), secure=wanted.tls is not None
    )
    runner = web.AppRunner(ui.application(), access_log=None, shutdown_timeout=1.0, keepalive_timeout=15.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, wanted.host, wanted.port, ssl_context=wanted.tls)
        try:
            await site.start()
        except OSError as exc:
            complain(f"web: cannot listen on port {wanted.port} of {wanted.host}: {exc.strerror or exc}")
            return ExitCode.REFUSED
        port = runner.addresses[0][1]
        host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
        scheme = "http" if wanted.tls is None else "https"
        sys.stdout.write(f"chatops web listening on {scheme}://{host}:{port}\n")
        sys.stdout.flush()
        await ended.wait()
    finally:
        await runner.cleanup()
    return ExitCode.DONE


def _arguments(settings: Settings, username: str) -> Sequence[str]:
    """Return what a window's process is called with: no secret, and nothing of this machine's files."""
    words = [f"--url={settings.url}", f"--username={username}", "--color=truecolor", "--mouse=on"]
    if settings.tls_ca:
        words.append(f"--tls-ca={Path(settings.tls_ca).absolute()}")
    if settings.tls_pin:
        words.append(f"--tls-pin={settings.tls_pin}")
    if settings.theme:
        words.append(f"--theme={settings.theme}")
    return words


def _tls(cert: str, key: str) -> ssl.SSLContext | None:
    if not cert and not key:
        return None
    if not cert or not key:
        raise SettingError("web: --tls-cert and --tls-key belong together")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as exc:
        raise SettingError(f"--tls-cert: {exc}") from exc
    return context


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
