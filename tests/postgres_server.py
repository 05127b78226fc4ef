"""A PostgreSQL server for tests: one that is told or there, else one of our own; a database for each test.

Looked for in CHATOPS_TEST_POSTGRES and at 127.0.0.1:5432; else `initdb` of the package `postgresql` makes one
in a folder that goes with the tests. Not as root, which PostgreSQL refuses: then as the user `postgres`.
"""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from chatops_server.storage.postgres.address import PostgresUrl
from tests.deadlines import DEADLINE_S

VARIABLE = "CHATOPS_TEST_POSTGRES"
_CUT = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_EMPTY = (
    "DO $$ BEGIN DROP SCHEMA IF EXISTS before_restore CASCADE; DROP SCHEMA public CASCADE;"
    " CREATE SCHEMA public; END $$"
)
_USUAL = "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server on which databases can be made."""

    url: str
    free: list[str] = field(default_factory=list)
    """Databases that were emptied: to drop one costs a checkpoint of the whole server."""

    def at(self, name: str) -> PostgresUrl:
        """Return the address of a database."""
        return PostgresUrl(urlunsplit(urlsplit(self.url)._replace(path=f"/{name}")))

    @contextmanager
    def database(self) -> Iterator[PostgresUrl]:
        """Lend an empty database; it is emptied in the end, whoever is connected to it."""
        name = self.free.pop() if self.free else self._made()
        yield self.at(name)
        self.run(_CUT, name)
        self.run(_EMPTY, name)
        self.free.append(name)

    def clear(self) -> None:
        """Drop the databases that were made."""
        while self.free:
            self.run(f'DROP DATABASE "{self.free.pop()}" WITH (FORCE)')

    def _made(self) -> str:
        name = f"chatops_test_{uuid.uuid4().hex}"
        self.run(f'CREATE DATABASE "{name}"')
        return name

    def run(self, sql: str, database: str = "") -> list[tuple[object, ...]]:
        """Run something by itself, in a database of this name; not out of an event loop."""
        return asyncio.run(_run(self.at(database).url if database else self.url, sql))


def find_server() -> str | None:
    """Return the URL of a server that answers; None: there is none."""
    for url in filter(None, (os.environ.get(VARIABLE), _USUAL)):
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            asyncio.run(_run(url, "SELECT 1"))
            return url
    return None


@contextmanager
def own_server() -> Iterator["OwnServer"]:
    """Start a server of our own that can be stopped and started again; skips where there is no PostgreSQL."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL (apt install postgresql)")
    # Not pytest's own folder, which is closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="ctp"))
    server = OwnServer(programs, folder, _free_port())
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class OwnServer:
    """A server in a folder; `stop` and `start` as often as a test wants."""

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self._programs = programs
        self._data = folder / "data"
        self._folder = folder
        self._port = port
        self._user = _unprivileged()

    @property
    def server(self) -> PostgresServer:
        """Where it is."""
        return PostgresServer(f"postgresql://postgres@127.0.0.1:{self._port}/postgres")

    def make(self) -> None:
        """Make its files."""
        self._folder.chmod(0o755)
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            os.chown(self._data, self._user.pw_uid, self._user.pw_gid)
        self._do(
            "initdb",
            "-D",
            str(self._data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale",
            "C",
            "-N",
        )

    def start(self) -> None:
        """Start it and return when it answers."""
        settings = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._do(
            "pg_ctl", "-D", str(self._data), "-w", "-o", settings, "-l", str(self._data / "log"), "start"
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; `immediate` as by kill -9, `fast` cuts its sessions."""
        with suppress(subprocess.CalledProcessError):
            self._do("pg_ctl", "-D", str(self._data), "-w", "-m", mode, "stop")

    def _do(self, program: str, *arguments: str) -> None:
        subprocess.run(  # noqa: S603 - programs of PostgreSQL's own
            [str(self._programs / program), *arguments],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            timeout=DEADLINE_S * 3,
            user=None if self._user is None else self._user.pw_uid,
            group=None if self._user is None else self._user.pw_gid,
        )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole run: one that answers, else one of our own, else a skip."""
    found = find_server()
    if found is not None:
        server = PostgresServer(found)
        yield server
        server.clear()
        return
    with own_server() as own:
        yield own.server


def _programs() -> Path | None:
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in folders if (each / "initdb").exists() and (each / "pg_ctl").exists()), None)


def _unprivileged() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _run(url: str, sql: str) -> list[tuple[object, ...]]:
    began = time.monotonic()
    while True:
        connection = await asyncpg.connect(url, timeout=DEADLINE_S)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        except asyncpg.ObjectInUseError:
            # Two tests make databases of the same template.
            if time.monotonic() - began > DEADLINE_S:
                raise
        finally:
            await connection.close()
