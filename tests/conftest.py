"""What every test gets: a home of its own, and a check that it leaves nothing running behind."""

import asyncio
import inspect
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
from blockbuster import BlockBuster
from hypothesis import settings

from tests.deadlines import MS
from tests.docker_engine import _docker_engine_of_the_run, docker_engine
from tests.nats_server import nats_address, nats_url
from tests.postgres_server import postgres_server
from tests.secret_watch import SecretWatch, describe

__all__ = ("_docker_engine_of_the_run", "docker_engine", "nats_address", "nats_url", "postgres_server")

OUR_PACKAGES: Final = ("chatops_wire", "chatops_server", "chatops_agent", "chatops_tui")
# What a thread or task that is already ending may still take.
_END_WITHIN_S: Final = 2_000 * MS

# Timing is no property of ours on a shared machine. In CI the same examples every time: a red run must
# be about the change; anywhere else new examples keep looking.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session", autouse=True)
def _signals_as_in_a_terminal() -> None:
    """Heed what `nohup` or an `&` makes a run ignore, for what tests start would ignore it too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def _blocking_calls_fail() -> Iterator[None]:
    """Make a blocking call from our packages inside an event loop an error (blockbuster.BlockingError)."""
    guard = BlockBuster(scanned_modules=list(OUR_PACKAGES))
    for function in guard.functions.values():
        # asyncpg looks for ~/.pgpass and certificates, local files, once a connection.
        function.can_block_in("asyncpg/connect_utils.py", {"_read_password_file"})
        function.can_block_in("asyncpg/connect_utils.py", {"_parse_connect_dsn_and_args"})
    guard.activate()
    yield
    guard.deactivate()


# The order of the autouse fixtures is that of their names here: what is set up first is checked last.
@pytest.fixture(autouse=True)
def _home_of_its_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the developer's own sessions, settings and CHATOPS_ variables out of the tests."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("CHATOPS_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for kind in ("config", "data", "state", "cache", "runtime"):
        suffix = "DIR" if kind == "runtime" else "HOME"
        monkeypatch.setenv(f"XDG_{kind.upper()}_{suffix}", str(home / kind))
    return home


@pytest.fixture(scope="session")
def _secret_watch() -> Iterator[SecretWatch]:
    watch = SecretWatch()
    watch.install()
    yield watch
    watch.remove()


@pytest.fixture(autouse=True)
def _no_secret_told(_home_of_its_own: Path, _secret_watch: SecretWatch) -> Iterator[None]:
    """Fail a test in which a log record or an answer of a hub told a secret."""
    yield
    hits = _secret_watch.taken()
    if hits:
        pytest.fail(describe(hits))


@pytest.fixture(autouse=True)
def _no_thread_left(_home_of_its_own: Path) -> Iterator[None]:
    """Fail a test after which a thread still runs.

    Set up before the event loop, so checked after the loop has been closed and with it its default
    executor: what is then left is really left.
    """
    before = set(threading.enumerate())
    yield
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(_END_WITHIN_S)
    left = sorted(thread.name for thread in started if thread.is_alive())
    if left:
        pytest.fail(f"threads left running: {', '.join(left)}")


@pytest.fixture(autouse=True)
def _no_complaint_of_asyncio(_no_thread_left: None) -> Iterator[None]:
    """Fail a test in which asyncio reported an exception that nobody awaited, or a destroyed task."""
    heard = _Complaints(logging.ERROR)
    logger = logging.getLogger("asyncio")
    logger.addHandler(heard)
    yield
    logger.removeHandler(heard)
    if heard.texts:
        pytest.fail("asyncio complained: " + "; ".join(heard.texts))


@pytest.fixture(autouse=True)
def _no_task_left(request: pytest.FixtureRequest, _no_complaint_of_asyncio: None) -> None:
    """Add the check for tasks to tests that run in a loop; the others need none."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_no_task_left_in_loop")


@pytest.fixture
async def _no_task_left_in_loop() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    started = asyncio.all_tasks() - before - {asyncio.current_task()}
    # A connection the other side closed a moment ago ends its own tasks; whoever needs more is a leak.
    left = (await asyncio.wait(started, timeout=_END_WITHIN_S))[1] if started else set()
    if left:
        names = ", ".join(sorted(f"{task.get_name()} {task.get_coro()}" for task in left))
        pytest.fail(f"tasks left running: {names}")


class _Complaints(logging.Handler):
    """Collects what a logger says, oldest first."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())
