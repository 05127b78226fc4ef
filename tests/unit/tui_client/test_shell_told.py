"""What is said of a shell that was shown in the UI."""

import pytest

from chatops_tui.relay.shell import Left
from chatops_tui.requests import ShellLeft
from chatops_tui.shell_link import told


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (Left("ended", "t", exit_code=0), ShellLeft("The shell on web ended.")),
        (Left("ended", "t", exit_code=7), ShellLeft("The shell on web ended with 7.")),
        (Left("detached", "t"), ShellLeft("The shell on web runs on. S lists it.")),
        (
            Left("ended", "t", "taken over", "replaced"),
            ShellLeft("The shell on web ended: taken over", is_well=False),
        ),
        (
            Left("ended", "t", "", "not_allowed"),
            ShellLeft("The shell on web ended: not_allowed", is_well=False),
        ),
        (Left("lost", "t", "the connection broke"), ShellLeft("web: the connection broke", is_well=False)),
        (Left("hangup", "t"), ShellLeft(ends_program=True)),
        (Left("signal", "t", number=15), ShellLeft(ends_program=True)),
    ],
)
def test_each_way_back_is_told_in_a_sentence(left: Left, expected: ShellLeft) -> None:
    assert told(left, "web") == expected


def test_one_the_hub_may_have_ended_is_not_told_to_run_on() -> None:
    found = told(Left("detached", "t", "no answer in time"), "web")
    assert not found.is_well
    assert "no answer in time" in found.said
