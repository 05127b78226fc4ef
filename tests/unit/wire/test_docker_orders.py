"""What of a request over REST goes to the agent, and is what a signature is about."""

from chatops_wire.rest_docker import (
    ContainerOrder,
    EngineOrder,
    action_params,
    project_params,
)


def test_no_grace_at_all_is_a_grace() -> None:
    """0 seconds mean KILL at once; left out they would mean the container's own ten."""
    assert action_params("stop", ContainerOrder(timeout_s=0)) == {"timeout_s": 0}
    assert project_params("shop", EngineOrder(timeout_s=0)) == {"project": "shop", "timeout_s": 0}


def test_what_was_not_said_is_left_out() -> None:
    assert action_params("restart", ContainerOrder()) == {}
    assert action_params("remove", ContainerOrder(force=True, timeout_s=5)) == {"force": True}
    assert action_params("kill", ContainerOrder(signal="HUP", own=True)) == {"signal": "HUP", "own": True}
