"""docs/protocol.md lists exactly what the code knows: codes, messages, paths, metrics, limits."""

from typing import Any, Final, get_args

import pytest

from chatops_agent.actions.commands import registry as commands
from chatops_agent.actions.containers import registry as docker
from chatops_agent.actions.containers.changes import CHANGE_WITHIN_S
from chatops_agent.actions.logs import registry as logs
from chatops_agent.actions.terminals import registry as terminals
from chatops_agent.actions.terminals.terminal import Patience
from chatops_agent.actions.workshop import Containment
from chatops_agent.engine.engine import READ_WITHIN_S
from chatops_server.domain.permissions import HubAction, ServerAction
from chatops_server.web.bodies import MAX_BODY_BYTES
from chatops_server.web.catalogue import rest_routes
from chatops_server.web.open_sockets import MAX_FROM_ONE_ADDRESS, MAX_UNAUTHENTICATED
from chatops_server.web.problems import STATUS
from chatops_server.web.routes import Public, Right
from chatops_wire import agent, client
from chatops_wire.codes import CloseCode, ErrorCode, Refusal
from chatops_wire.commands import CHUNK_BYTES, OUTPUT_LIMIT_BYTES, TAIL_BYTES, WINDOW_BYTES
from chatops_wire.containers import Change, DockerCode, Reading
from chatops_wire.metrics import CATALOGUE
from chatops_wire.streams import MAX_TAIL
from chatops_wire.terminals import REPLAY_BYTES
from tests.markdown import code, rows, section
from tests.project import ROOT

PAGE: Final = (ROOT / "docs" / "protocol.md").read_text()
WHO: Final[dict[Right, str]] = {
    Public.PUBLIC: "*open*",
    HubAction.USE: "*all*",
    HubAction.ADD_SERVER: "operator",
    HubAction.ADMINISTER: "admin",
    ServerAction.READ: "viewer of it",
    ServerAction.OPERATE: "operator on it",
    ServerAction.MANAGE: "full rights on it",
}


def test_every_error_code_is_listed_with_its_status() -> None:
    listed = {code(name): status for name, status, _ in rows(section(PAGE, "## Errors"))}
    assert listed == {each.value: str(STATUS.get(each, "WebSocket only")) for each in ErrorCode}


def test_every_close_code_is_listed() -> None:
    websockets = section(PAGE, "## WebSockets").partition("### ")[0]
    assert [int(row[0]) for row in rows(websockets)] == [int(each) for each in CloseCode]


@pytest.mark.parametrize(
    ("heading", "sender", "union"),
    [
        ("### Agents: `/api/v1/agents/ws`", "agent", agent.FromAgent),
        ("### Agents: `/api/v1/agents/ws`", "hub", agent.ToAgent),
        ("### Clients: `/api/v1/ws`", "client", client.FromClient),
        ("### Clients: `/api/v1/ws`", "hub", client.ToClient),
    ],
)
def test_every_message_is_listed_with_its_fields(heading: str, sender: str, union: Any) -> None:  # noqa: ANN401
    listed = {code(row[1]): row[2] for row in rows(section(PAGE, heading)) if row[0] in (sender, "both")}
    members = {member.__struct_config__.tag: member for member in get_args(union)}
    assert set(listed) == set(members)
    for tag, member in members.items():
        names = {span.removesuffix("?") for span in listed[tag].split("`")[1::2]}
        if "sample" not in listed[tag].replace("`samples`", ""):
            assert names == set(member.__struct_fields__), tag


def test_every_refusal_is_listed() -> None:
    agents = section(PAGE, "### Agents: `/api/v1/agents/ws`")
    refusals = agents.partition("**Requests**")[2].partition("**Commands.**")[0]
    assert [code(row[0]) for row in rows(refusals)] == [each.value for each in Refusal]


@pytest.mark.parametrize(
    "said",
    [
        f"{commands.MOST_RUNNING} commands, {terminals.MOST_OPEN} terminals or {logs.MOST_OPEN} logs",
        f"{Patience.idle_s / 60:g} minutes with neither",
        f"last {REPLAY_BYTES // 1024} KiB of its output",
        f"front of {WINDOW_BYTES // 1024} KiB",
        f"at most {TAIL_BYTES // 1024 // 1024} MiB, is kept",
        f"`max_output` bytes ({OUTPUT_LIMIT_BYTES // 1024 // 1024} MiB)",
        f"at most {MAX_TAIL:,}",
        f"chunk of at most {CHUNK_BYTES // 1024} KiB",
        f"{Containment.grace_s:g} s later KILL",
    ],
)
def test_the_limits_of_requests_are_those_of_the_code(said: str) -> None:
    assert said in " ".join(section(PAGE, "### Agents: `/api/v1/agents/ws`").split())


def test_every_action_on_an_engine_is_listed_with_what_it_needs() -> None:
    listed = {code(row[0]): row[1] for row in rows(section(PAGE, "### Docker")) if len(row) == 4}
    needs = dict.fromkeys(get_args(Reading), "docker, docker_read or logs") | {"list": "nothing"}
    assert listed == needs | dict.fromkeys(get_args(Change), "docker")


def test_every_code_of_a_docker_response_is_listed() -> None:
    listed = [code(row[0]) for row in rows(section(PAGE, "### Docker")) if len(row) == 2]
    assert listed == [each.value for each in DockerCode]


@pytest.mark.parametrize(
    "said",
    [
        f"{docker.MOST_AT_ONCE} requests are carried out at once",
        f"a `timeout` after {READ_WITHIN_S:g} s, a change after {CHANGE_WITHIN_S:g} s",
    ],
)
def test_the_limits_of_work_with_engines_are_those_of_the_code(said: str) -> None:
    assert said in " ".join(section(PAGE, "### Docker").split())


def test_every_route_is_listed_with_who_may_use_it() -> None:
    listed = {(row[0], code(row[1]), row[2]) for row in rows(section(PAGE, "## REST"))}
    assert listed == {(route.method, route.full_path, WHO[route.right]) for route in rest_routes()}


def test_every_metric_is_listed() -> None:
    listed = section(PAGE, "## REST").partition("**Metrics.**")[2].partition("A label")[0]
    assert listed.split("`")[1::2] == list(CATALOGUE)


@pytest.mark.parametrize(
    "said",
    [
        f"within {agent.AUTH_TIMEOUT_S:g} s",
        f"ping every {agent.HEARTBEAT_S:g} s",
        f"at most {agent.MAX_FRAME_BYTES // 1024 // 1024} MiB",
        f"At most {MAX_UNAUTHENTICATED} sockets",
        f"{MAX_FROM_ONE_ADDRESS} of them from one address",
    ],
)
def test_the_limits_of_the_sockets_are_those_of_the_code(said: str) -> None:
    assert said in " ".join(section(PAGE, "## WebSockets").split())


def test_the_limit_of_a_body_is_that_of_the_code() -> None:
    assert f"at most {MAX_BODY_BYTES // 1024} KiB a body" in PAGE


def test_a_batch_is_as_large_as_the_code_takes() -> None:
    assert f"1 to {agent.MAX_BATCH} samples" in PAGE
