"""What may be asked of an engine: names that can be, parameters, and what the machine allows."""

from typing import Any, get_args

import pytest

from chatops_agent.actions.containers import rules
from chatops_agent.engine.errors import EngineError
from chatops_agent.policy import Denial, Permission, Policy
from chatops_wire.containers import Change, DockerCode, Reading

CHANGES, READINGS = get_args(Change), get_args(Reading)
TARGETS = {"rename": "web", "image_pull": "web:1"}


def _policy(*allowed: Permission, denied: tuple[Denial, ...] = ()) -> Policy:
    return Policy(frozenset(allowed), (), frozenset(denied))


def _code(action: str, policy: Policy, target: str = "web", **params: Any) -> DockerCode | None:  # noqa: ANN401
    try:
        rules.checked(action, target, params, policy)
    except EngineError as exc:
        return exc.code
    return None


@pytest.mark.parametrize("action", CHANGES)
def test_every_change_needs_docker(action: str) -> None:
    assert _code(action, _policy("logs", "commands", "terminal")) is DockerCode.NOT_ALLOWED
    assert _code(action, _policy("docker")) is None


@pytest.mark.parametrize("action", [each for each in READINGS if each != "list"])
def test_every_reading_but_the_list_needs_docker_or_logs(action: str) -> None:
    assert _code(action, _policy("commands", "terminal")) is DockerCode.NOT_ALLOWED
    assert _code(action, _policy("docker")) is None
    assert _code(action, _policy("logs")) is None


def test_the_list_is_always_told() -> None:
    assert _code("list", _policy()) is None


def test_values_are_revealed_only_with_docker() -> None:
    assert _code("inspect", _policy("logs"), reveal=True) is DockerCode.NOT_ALLOWED
    assert _code("inspect", _policy("docker"), reveal=True) is None


@pytest.mark.parametrize(
    ("denial", "refused"),
    [
        ("remove", {"remove", "image_remove", "volume_remove", "network_remove"}),
        ("prune", {"image_prune", "volume_prune", "network_prune"}),
        ("exec", set()),
    ],
)
def test_what_is_denied_is_refused_in_spite_of_docker(denial: Denial, refused: set[str]) -> None:
    policy = _policy("docker", denied=(denial,))
    assert refused == {each for each in CHANGES if _code(each, policy) is DockerCode.NOT_ALLOWED}


def test_a_shell_needs_docker_and_no_denial() -> None:
    assert _policy("docker").allows_exec
    assert not _policy("terminal").allows_exec
    assert not _policy("docker", denied=("exec",)).allows_exec


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../images/x",
        "a/b",
        "a b",
        "a\n",
        "-rf",
        "a?force=1",
        "a#b",
        "%2e%2e",
        "a" * 300,
        "ä",
        "/web",
    ],
)
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    assert _code("remove", _policy("docker"), name) is DockerCode.BAD_REQUEST
    assert _code("inspect", _policy("docker"), name) is DockerCode.BAD_REQUEST


@pytest.mark.parametrize("name", ["web", "0123abc", "my_app-1.db", "A"])
def test_names_of_docker_are_taken(name: str) -> None:
    assert _code("remove", _policy("docker"), name) is None


@pytest.mark.parametrize(
    "image", ["nginx", "nginx:1.25", "ghcr.io/a/b:v1", "localhost:5000/x@sha256:ab", "sha256:0f"]
)
def test_names_of_images_are_taken(image: str) -> None:
    assert _code("image_remove", _policy("docker"), image) is None


@pytest.mark.parametrize(
    "image", ["", "../containers/web", "a/../b", "a//b", "a/./b", "a b", "a?x", "/a", "-x"]
)
def test_names_that_cannot_be_images_are_refused(image: str) -> None:
    assert _code("image_remove", _policy("docker"), image) is DockerCode.BAD_REQUEST


def test_an_unknown_action_is_refused() -> None:
    assert _code("exec", _policy("docker")) is DockerCode.BAD_REQUEST


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        (rules.Stopping, {"timeout_s": -1}),
        (rules.Stopping, {"timeout_s": 1e9}),
        (rules.Stopping, {"timeout_s": "soon"}),
        (rules.Killing, {"signal": "KILL; rm"}),
        (rules.Renaming, {}),
        (rules.Tailing, {"tail": -1}),
        (rules.Removing, {"force": "perhaps"}),
    ],
)
def test_impossible_parameters_are_refused(kind: Any, params: dict[str, Any]) -> None:  # noqa: ANN401
    with pytest.raises(EngineError) as caught:
        rules.Order("x", "web", params).read(kind)
    assert caught.value.code is DockerCode.BAD_REQUEST


def test_unknown_parameters_are_ignored() -> None:
    assert rules.Order("stop", "web", {"timeout_s": 3, "new": 1}).read(rules.Stopping).timeout_s == 3
