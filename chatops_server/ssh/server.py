"""Listens for ssh and shows whoever has a user's key the UI: no shell, no files, no forwarding."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncssh

from chatops_server.domain.addresses import network_of
from chatops_server.errors import StorageError
from chatops_server.services.ssh_keys import SshKeys
from chatops_server.ssh.visits import Screen, TooManyVisitsError, Visit, Visits
from chatops_server.storage.sql.users import UserRow

log = logging.getLogger(__name__)

HOST_KEY: Final = "ssh_host_key"
_LOGIN_WITHIN_S: Final = 30.0
_KEEPALIVE_S: Final = 15.0
_MOST_CONNECTIONS: Final = 128
MOST_OF_ONE: Final = 16
"""Connections of one user; twice what they may look at."""
# Who has not shown a key yet, in all and from one address (of IPv6 a /64): a stranger who holds on to as many
# as they get keeps nobody else out.
_MOST_NOBODIES: Final = 64
MOST_NOBODIES_OF_ONE: Final = 16
_READ_BYTES: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Doorway:
    """What a connection needs."""

    keys: SshKeys
    visits: Visits


class Caller(asyncssh.SSHServer):
    """One connection: nobody until a key of theirs has been checked."""

    def __init__(self, doorway: Doorway, open_ones: set["Caller"]) -> None:
        """Take whose keys count and which connections there are already."""
        self._doorway = doorway
        self._open_ones = open_ones
        self._address = ""
        # Whose key was looked at last, and the key: nothing is proved by that.
        self._looked_at: tuple[UserRow, bytes] | None = None
        self._blob = b""
        self._conn: asyncssh.SSHServerConnection | None = None
        self.user: UserRow | None = None
        """Who has proved to be it; set once, however many names and keys are shown afterwards."""

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Take the connection, where there is room for it."""
        self._address = str(conn.get_extra_info("peername", ("",))[0])
        self._conn = conn
        if not self._has_room():
            conn.abort()
        self._open_ones.add(self)
        conn.set_extra_info(caller=self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room."""
        self._open_ones.discard(self)
        if exc is not None:
            log.info("an ssh connection broke", extra={"address": self._address, "reason": str(exc)})

    def begin_auth(self, username: str) -> bool:
        """Ask everybody for a key."""
        del username  # known or not: nobody comes in without a key
        return True

    def public_key_auth_supported(self) -> bool:
        """Let keys count."""
        return True

    def password_auth_supported(self) -> bool:
        """Let no password count."""
        return False

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Return whether the holder of this key would come in by this name."""
        # asyncssh also asks for a request that was sent right behind the proof and before its answer.
        if self.user is not None:
            return False
        self._looked_at = None
        blob = key.public_data
        try:
            user = await self._doorway.keys.holder(username, blob)
        except StorageError as exc:
            log.warning("keys cannot be looked up", extra={"reason": exc.reason})
            return False
        if user is None:
            log.info("an ssh key was refused", extra={"address": self._address})
            return False
        self._looked_at = user, blob
        return True

    def auth_completed(self) -> None:
        """Be who the key looked at last belongs to: its holder has proved it."""
        # Between the last answer above, the check of the proof and this, asyncssh awaits nothing.
        if self._looked_at is None or self.user is not None:
            return
        user, self._blob = self._looked_at
        theirs = sum(caller.user is not None and caller.user.id == user.id for caller in self._open_ones)
        self.user = user
        if theirs >= MOST_OF_ONE and self._conn is not None:
            log.info("a user has too many ssh connections", extra={"user_id": user.id})
            self._conn.abort()

    @property
    def address(self) -> str:
        """Where the connection comes from."""
        return self._address

    async def end(self) -> None:
        """Close the connection; its visit ends with it."""
        if self._conn is not None:
            self._conn.close()
            await self._conn.wait_closed()

    async def holder(self) -> UserRow | None:
        """Return whose key it is now; None for nobody, or where they may not come in any more.

        Raises:
            StorageError: The database does not answer.
        """
        return None if self.user is None else await self._doorway.keys.holder(self.user.username, self._blob)

    async def note_use(self) -> None:
        """Note that the key has let its holder in."""
        if self.user is not None:
            with suppress(StorageError):
                await self._doorway.keys.used(self.user.id, self._blob)

    def _has_room(self) -> bool:
        if len(self._open_ones) >= _MOST_CONNECTIONS:
            return False
        nobodies = [caller for caller in self._open_ones if caller.user is None]
        here = network_of(self._address)
        mine = sum(network_of(caller.address) == here for caller in nobodies)
        return len(nobodies) < _MOST_NOBODIES and mine < MOST_NOBODIES_OF_ONE


@asynccontextmanager
async def listening(doorway: Doorway, host: str, port: int, data_dir: Path) -> AsyncIterator[int]:
    """Serve ssh and yield the port; visits end with it.

    Raises:
        OSError: The port cannot be had, or the host key neither read nor made.
    """
    # It tells each step of each stranger; what matters of it is told here.
    asyncssh.set_log_level(logging.WARNING)
    host_key = await asyncio.to_thread(_host_key, data_dir / HOST_KEY)
    open_ones: set[Caller] = set()

    async def handle(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        await _show(doorway.visits, process)

    server = await asyncssh.create_server(
        lambda: Caller(doorway, open_ones),
        host,
        port,
        server_host_keys=[host_key],
        process_factory=handle,
        encoding=None,
        line_editor=False,
        allow_scp=False,
        agent_forwarding=False,
        x11_forwarding=False,
        login_timeout=_LOGIN_WITHIN_S,
        keepalive_interval=_KEEPALIVE_S,
        server_version="ChatOps",
    )
    try:
        yield server.get_port()
    finally:
        server.close()
        for caller in list(open_ones):
            await caller.end()
        await server.wait_closed()


async def _show(visits: Visits, process: "asyncssh.SSHServerProcess[bytes]") -> None:
    caller: Caller = process.get_extra_info("caller")
    why = _not_the_ui(process)
    if why:
        process.stderr.write(f"{why}\r\n".encode())
        process.exit(2)
        return
    columns, rows, _, _ = process.term_size
    screen = Screen(process.term_type or "", columns, rows, _told(process))
    try:
        # A connection may have been open, without a visit, for longer than its key was good.
        user = await caller.holder()
        if user is None:
            process.stderr.write(b"This key lets nobody in any more.\r\n")
            process.exit(1)
            return
        visit = await visits.open(user, caller.address, screen)
    except TooManyVisitsError:
        process.stderr.write(b"Too many people are looking already: try again later.\r\n")
        process.exit(1)
        return
    except (StorageError, OSError) as exc:
        log.warning("the UI cannot be shown", extra={"reason": str(exc)})
        process.stderr.write(b"The hub cannot show the UI now.\r\n")
        process.exit(1)
        return
    await caller.note_use()
    status = 0
    try:
        async with asyncio.TaskGroup() as tasks:
            typing = tasks.create_task(_typed(process, visit), name="ssh-typed")
            drawing = tasks.create_task(_drawn(process, visit), name="ssh-drawn")
            await asyncio.wait((typing, drawing), return_when=asyncio.FIRST_COMPLETED)
            typing.cancel()
            drawing.cancel()
    finally:
        status = await asyncio.shield(visit.close())
        process.exit(max(status, 0))


def _not_the_ui(process: "asyncssh.SSHServerProcess[bytes]") -> str:
    if process.subsystem or process.command:
        return "There is only the UI here: ssh without a command. For scripts there is `chatops`."
    if not process.term_type:
        return "The UI needs a terminal: ssh -t."
    return ""


async def _typed(process: "asyncssh.SSHServerProcess[bytes]", visit: Visit) -> None:
    while True:
        try:
            data = await process.stdin.read(_READ_BYTES)
        except asyncssh.TerminalSizeChanged as change:
            visit.terminal.resize(change.width, change.height)
            continue
        except (asyncssh.BreakReceived, asyncssh.SignalReceived):
            continue
        except asyncssh.Error:
            return
        if not data:
            return
        visit.terminal.write(data)


async def _drawn(process: "asyncssh.SSHServerProcess[bytes]", visit: Visit) -> None:
    while data := await visit.terminal.read():
        process.stdout.write(data)
        # The UI skips pictures while its terminal is full: so a slow line is felt by it, and by nobody else.
        await process.stdout.drain()


def _told(process: "asyncssh.SSHServerProcess[bytes]") -> dict[str, str]:
    environment: Any = process.env
    return {str(name): str(value) for name, value in dict(environment).items()}


def _host_key(path: Path) -> asyncssh.SSHKey:
    try:
        return asyncssh.read_private_key(path)
    except FileNotFoundError:
        key = asyncssh.generate_private_key("ssh-ed25519")
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(file, "wb") as out:  # noqa: PTH123 - a descriptor has no path
            out.write(key.export_private_key())
        return key
    except (asyncssh.KeyImportError, ValueError) as exc:
        raise OSError(f"{path} holds no key: {exc}") from exc
