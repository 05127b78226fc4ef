"""What a container is after an action, for agents that only say that it was done."""

import pytest

from chatops_server.domain.container_changes import outcome
from chatops_wire.containers import Container

RUNNING = Container(id="a", name="web", state="running", status="Up 2 hours")


@pytest.mark.parametrize(
    ("action", "signal", "state", "status"),
    [
        ("start", None, "running", "Up 2 hours"),
        ("stop", None, "exited", ""),
        ("restart", None, "running", ""),
        ("pause", None, "paused", ""),
        ("kill", None, "exited", ""),
        ("kill", "SIGKILL", "exited", ""),
        ("kill", "HUP", "running", "Up 2 hours"),
    ],
)
def test_an_action_that_was_done_has_an_outcome(
    action: str, signal: str | None, state: str, status: str
) -> None:
    after = outcome(RUNNING, action, signal=signal, name=None)
    assert after is not None
    assert (after.id, after.state, after.status) == ("a", state, status)


def test_a_removed_one_is_gone() -> None:
    assert outcome(RUNNING, "remove", signal=None, name=None) is None


def test_a_renamed_one_has_its_new_name() -> None:
    after = outcome(RUNNING, "rename", signal=None, name="www")
    assert after is not None
    assert after.name == "www"
