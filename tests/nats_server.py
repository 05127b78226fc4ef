"""NATS for tests: the server at 127.0.0.1:4222, or one of a test's own that can be stopped and started."""

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from chatops_server.bus.address import NatsAddress, parsed
from tests.deadlines import DEADLINE_S, eventually_sync

VARIABLE = "CHATOPS_TEST_NATS"
_USUAL = "nats://127.0.0.1:4222"


class OwnNats:
    """A nats-server of a test's own, always on the same port."""

    def __init__(self, program: str) -> None:
        self._program = program
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, in a space of its own."""
        return f"nats://127.0.0.1:{self.port}/test"

    def start(self) -> None:
        """Start it and return when it can be connected to."""
        self._process = subprocess.Popen(  # noqa: S603 - found by us
            [self._program, "-a", "127.0.0.1", "-p", str(self.port)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually_sync(lambda: answers("127.0.0.1", self.port), what="nats-server listens")

    def stop(self) -> None:
        """End it at once; everybody's connection breaks."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(DEADLINE_S)
            self._process = None


@contextmanager
def own_nats() -> Iterator[OwnNats]:
    """Start a server of our own; skips where there is no nats-server."""
    program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("needs nats-server (apt install nats-server)")
    server = OwnNats(program)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def nats_url() -> Iterator[str]:
    """Where a NATS server is for the whole run: one that answers, else one of our own, else a skip."""
    found = next((url for url in (os.environ.get(VARIABLE), _USUAL) if url and _is_there(url)), None)
    if found is not None:
        yield found
        return
    with own_nats() as own:
        yield own.url.removesuffix("/test")


@pytest.fixture
def nats_address(nats_url: str) -> NatsAddress:
    """A space of the test's own at that server."""
    return parsed(f"{nats_url}/test_{secrets.token_hex(8)}")


def answers(host: str, port: int) -> bool:
    """Return whether something listens there."""
    with suppress(OSError), socket.create_connection((host, port), DEADLINE_S):
        return True
    return False


def _is_there(url: str) -> bool:
    place = url.rpartition("//")[2].rpartition("@")[2]
    host, _, port = place.partition(":")
    return answers(host, int(port or 4222))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
