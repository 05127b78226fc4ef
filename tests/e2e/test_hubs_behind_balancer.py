"""The balancer of packaging/compose before two real hubs, one of which is killed."""

import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deadlines import DEADLINE_S, eventually_sync
from tests.e2e.hub_program import Hub, running
from tests.postgres_server import PostgresServer
from tests.project import ROOT

PASSWORD = "secret word"  # noqa: S105 - of hubs that end with the test
SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - likewise
SETTINGS = ROOT / "packaging" / "compose" / "haproxy.cfg"


def _program() -> str:
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip("needs haproxy (apt install haproxy)")
    return found


@pytest.fixture
def hubs(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[tuple[Hub, Hub]]:
    _program()
    shared = {"CHATOPS_SECRET": SECRET, "CHATOPS_ADMIN_PASSWORD": PASSWORD}
    with (
        postgres_server.database() as address,
        running("--data-dir", str(tmp_path / "one"), "--database", address.url, **shared) as one,
        running("--data-dir", str(tmp_path / "two"), "--database", address.url, **shared) as two,
    ):
        yield one, two


@pytest.fixture
def balanced(hubs: tuple[Hub, Hub]) -> Iterator[str]:
    """Where the balancer answers for both hubs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    one, two = (hub.url.removeprefix("http://") for hub in hubs)
    process = subprocess.Popen(  # noqa: S603 - found by us
        [_program(), "-f", str(SETTINGS)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HUB_1": one, "HUB_2": two, "BIND": place},
    )
    try:
        eventually_sync(lambda: _answers(place), what="the balancer answers")
        yield place
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def test_whoever_comes_is_served_by_the_hub_that_is_left(hubs: tuple[Hub, Hub], balanced: str) -> None:
    assert _signs_in(balanced)
    hubs[0].stop(signal.SIGKILL)
    eventually_sync(
        lambda: all(_signs_in(balanced) for _ in range(4)), deadline_s=3 * DEADLINE_S, what="served again"
    )


def test_the_settings_are_as_the_balancer_wants_them() -> None:
    checked = subprocess.run(  # noqa: S603 - found by us
        [_program(), "-c", "-f", str(SETTINGS)],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
        env={**os.environ, "HUB_1": "127.0.0.1:1", "HUB_2": "127.0.0.1:2"},
    )
    assert (checked.returncode, "WARNING" in checked.stderr) == (0, False), checked.stderr


def _answers(place: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{place}/healthz", timeout=DEADLINE_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _signs_in(place: str) -> bool:
    body = b'{"username":"admin","password":"%s"}' % PASSWORD.encode()
    headers = {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"http://{place}/api/v1/auth/login", body, headers)
    try:
        with urllib.request.urlopen(asked, timeout=DEADLINE_S) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
    except urllib.error.HTTPError as exc:
        exc.close()
        return False
    except OSError:
        return False
