"""Listens for ssh and shows whoever has a user's key the UI: no shell, no files, no forwarding."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncssh

from chatops_server.errors import StorageError
from chatops_server.services.ssh_keys import SshKeys
from chatops_server.ssh.visits import Screen, TooManyVisitsError, Visit, Visits

if TYPE_CHECKING:
    from chatops_server.storage.sql.users import UserRow

log = logging.getLogger(__name__)

HOST_KEY: Final = "ssh_host_key"
_LOGIN_WITHIN_S: Final = 30.0
_KEEPALIVE_S: Final = 15.0
_MOST_CONNECTIONS: Final = 128
_READ_BYTES: Final = 32 * 1024


@dataclass(frozen=True, slots=True)
class Doorway:
    """What a connection needs."""

    keys: SshKeys
    visits: Visits


class _Caller(asyncssh.SSHServer):
    """One connection: nobody until a key of theirs has been checked."""

    def __init__(self, doorway: Doorway, open_ones: set["_Caller"]) -> None:
        self._doorway = doorway
        self._open_ones = open_ones
        self._address = ""
        self._blob = b""
        self._conn: asyncssh.SSHServerConnection | None = None
        self.user: UserRow | None = None  # as the last key that was looked at says

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._address = str(conn.get_extra_info("peername", ("",))[0])
        self._conn = conn
        if len(self._open_ones) >= _MOST_CONNECTIONS:
            conn.abort()
        self._open_ones.add(self)
        conn.set_extra_info(caller=self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self)
        if exc is not None:
            log.info("an ssh connection broke", extra={"address": self._address, "reason": str(exc)})

    def begin_auth(self, username: str) -> bool:
        del username  # known or not: nobody comes in without a key
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return False

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        # asyncssh asks first whether a key would do, and again with the proof that the caller has it; who is
        # not let in by the second leaves nothing here but a name.
        self._blob = key.public_data
        try:
            self.user = await self._doorway.keys.holder(username, self._blob)
        except StorageError as exc:
            log.warning("keys cannot be looked up", extra={"reason": exc.reason})
            return False
        if self.user is None:
            log.info("an ssh key was refused", extra={"address": self._address})
            return False
        return True

    @property
    def address(self) -> str:
        return self._address

    async def end(self) -> None:
        """Close the connection; its visit ends with it."""
        if self._conn is not None:
            self._conn.close()
            await self._conn.wait_closed()

    async def note_use(self) -> None:
        if self.user is not None:
            with suppress(StorageError):
                await self._doorway.keys.used(self.user.id, self._blob)


@asynccontextmanager
async def listening(doorway: Doorway, host: str, port: int, data_dir: Path) -> AsyncIterator[int]:
    """Serve ssh and yield the port; visits end with it.

    Raises:
        OSError: The port cannot be had, or the host key neither read nor made.
    """
    host_key = await asyncio.to_thread(_host_key, data_dir / HOST_KEY)
    open_ones: set[_Caller] = set()

    async def handle(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        await _show(doorway.visits, process)

    server = await asyncssh.create_server(
        lambda: _Caller(doorway, open_ones),
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
    caller: _Caller = process.get_extra_info("caller")
    why = _not_the_ui(process)
    if caller.user is None or why:
        process.stderr.write(f"{why}\r\n".encode())
        process.exit(2)
        return
    columns, rows, _, _ = process.term_size
    screen = Screen(process.term_type or "", columns, rows, _told(process))
    try:
        visit = await visits.open(caller.user, caller.address, screen)
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
