"""The hub is held to what it has narrowed a machine to, whatever it asks for later."""

import pytest

from chatops_agent.actions.narrowing import forbidden
from chatops_wire.agent import ActionRequest
from chatops_wire.commands import Command, CommandCancel
from chatops_wire.containers import DockerCommand
from chatops_wire.policy import narrowed
from chatops_wire.streams import LogSource, StreamOpen
from chatops_wire.terminals import TerminalData, TerminalOpen

COMMAND = Command(command_id="c", command="id")
SHELL = TerminalOpen(terminal_id="t", cols=80, rows=24)
EXEC = TerminalOpen(terminal_id="t", cols=80, rows=24, container="web")
KEYS = TerminalData(terminal_id="t", data=b"x")
FILE = StreamOpen(stream_id="s", source=LogSource(path="/var/log/syslog"))
OF_CONTAINER = StreamOpen(stream_id="s", source=LogSource(container="web"))
INSPECT, STOP, LIST = (
    DockerCommand(command_id="d", action=action, container_id="web") for action in ("inspect", "stop", "list")
)
REVEAL = DockerCommand(command_id="d", action="inspect", container_id="web", params={"reveal": True})
ALL = (COMMAND, SHELL, EXEC, KEYS, FILE, OF_CONTAINER, INSPECT, STOP, LIST, REVEAL)


@pytest.mark.parametrize(
    ("to", "left"),
    [
        (None, ALL),
        ((), (LIST,)),
        (("commands",), (COMMAND, LIST)),
        (("terminal",), (SHELL, KEYS, LIST)),
        (("logs",), (FILE, OF_CONTAINER, INSPECT, LIST)),
        (("docker_read",), (OF_CONTAINER, INSPECT, LIST)),
        (("docker",), (EXEC, KEYS, OF_CONTAINER, INSPECT, STOP, LIST, REVEAL)),
    ],
)
def test_what_is_left_passes_and_nothing_else(
    to: tuple[str, ...] | None, left: tuple[ActionRequest, ...]
) -> None:
    assert [request for request in ALL if forbidden(to, request) is None] == list(left)


def test_what_only_ends_something_always_passes() -> None:
    assert forbidden((), CommandCancel(command_id="c")) is None


@pytest.mark.parametrize("request_", [COMMAND, SHELL, FILE, STOP])
def test_the_refusal_says_why(request_: ActionRequest) -> None:
    closing = forbidden((), request_)
    assert closing is not None
    assert closing.code == "not_allowed"


@pytest.mark.parametrize(
    ("capabilities", "to", "left"),
    [
        (("metrics", "docker", "commands"), None, ("metrics", "docker", "commands")),
        (("metrics", "docker", "commands", "signed"), (), ("metrics", "signed")),
        (("metrics", "docker"), ("docker_read",), ("metrics", "docker_read")),
        (("metrics", "docker_read"), ("docker",), ("metrics", "docker_read")),
        # Never more than the machine's own.
        (("metrics",), ("docker", "commands"), ("metrics",)),
    ],
)
def test_capabilities_are_narrowed_and_never_widened(
    capabilities: tuple[str, ...], to: tuple[str, ...] | None, left: tuple[str, ...]
) -> None:
    assert left == narrowed(capabilities, to)
