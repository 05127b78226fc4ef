"""What an agent passes on to the programs it starts."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from chatops_agent.daemon import stop_ignoring_signals

KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


@pytest.fixture
def started_by_nohup() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_IGN) for number in KEYS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("started_by_nohup")
@pytest.mark.parametrize("number", KEYS)
def test_what_nohup_ignores_ends_a_program_all_the_same(number: signal.Signals) -> None:
    stop_ignoring_signals()
    program = f"ulimit -c 0; kill -{number.name[3:]} $$; echo went on"
    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, check=False)  # noqa: S603 - the line above
    assert (done.returncode, done.stdout) == (-number, b"")


@pytest.mark.usefixtures("started_by_nohup")
def test_the_agent_itself_goes_on() -> None:
    stop_ignoring_signals()
    signal.raise_signal(signal.SIGHUP)
    assert callable(signal.getsignal(signal.SIGHUP))
