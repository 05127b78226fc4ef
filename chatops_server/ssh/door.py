"""Opens the hub's door for ssh, where somebody asked for one."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chatops_server.config import Config
from chatops_server.keys import Hub
from chatops_wire.settings import SettingError

log = logging.getLogger(__name__)

# A program on this machine reaches a hub that listens on every address by the first one.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to


def own_host(host: str) -> str:
    """Return by which address a program on this machine reaches a hub that listens there."""
    return _EVERYWHERE.get(host, host)


@asynccontextmanager
async def over_ssh(hub: Hub, config: Config, port: int) -> AsyncIterator[None]:
    """Serve the UI over ssh meanwhile; without `ssh` in the settings do nothing.

    Args:
        hub: Whose accounts and keys.
        config: Where to listen, and how the hub itself is reached.
        port: Where the hub listens.

    Raises:
        SettingError: The extra is missing, or the port cannot be had.
    """
    if config.ssh is None:
        yield
        return
    try:
        # Its libraries take memory that a hub without ssh keeps for agents.
        from chatops_server.ssh.server import Doorway, listening  # noqa: PLC0415
        from chatops_server.ssh.visits import HubAt, Visits  # noqa: PLC0415
    except ImportError as exc:
        raise SettingError("--ssh-port: no asyncssh: .venv/bin/pip install '.[ssh]' in the clone") from exc
    host = own_host(config.host)
    shown = f"[{host}]" if ":" in host else host
    at = HubAt(f"{'http' if config.tls is None else 'https'}://{shown}:{port}", config.ssh.pin)
    doorway = Doorway(hub.ssh_keys, Visits(hub.accounts, at, config.data_dir / "ui"))
    try:
        async with listening(doorway, config.host, config.ssh.port, config.data_dir) as ssh_port:
            log.info("listening for ssh", extra={"host": config.host, "port": ssh_port})
            yield
    except OSError as exc:
        raise SettingError(f"--ssh-port: {exc.strerror or exc}") from exc
