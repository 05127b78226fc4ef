"""When and how commands are started outside the sandbox of the agent's own unit."""

from dataclasses import replace
from typing import Final

import pytest

from chatops_agent.actions.processes.outside import (
    PROGRAM,
    Outside,
    Place,
    is_sandboxed,
    is_service,
    manager_socket,
    way_out,
)

UNIT: Final = Place(uid=990, is_service=True, is_sandboxed=True, has_program=True, has_manager=True)
SHELL: Final = replace(UNIT, is_service=False)
LOOSE: Final = replace(UNIT, is_sandboxed=False)


def test_a_sandboxed_unit_goes_out_by_its_users_manager() -> None:
    assert way_out("auto", UNIT) == Outside("/run/user/990")
    assert way_out("auto", replace(UNIT, uid=0)) == Outside(None)


@pytest.mark.parametrize(
    "place", [SHELL, LOOSE, replace(UNIT, has_program=False), replace(UNIT, has_manager=False)]
)
def test_elsewhere_commands_are_children_of_the_agent(place: Place) -> None:
    assert way_out("auto", place) is None
    assert way_out("off", place) is None


def test_who_wants_it_off_gets_it_nowhere() -> None:
    assert way_out("off", UNIT) is None


@pytest.mark.parametrize("place", [UNIT, SHELL, LOOSE])
def test_who_wants_it_on_gets_it_wherever_there_is_a_manager(place: Place) -> None:
    assert way_out("on", place) is not None


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (replace(UNIT, has_program=False), "no /usr/bin/systemd-run"),
        (replace(UNIT, has_manager=False), r"/run/user/990/bus \(loginctl enable-linger\)"),
        (replace(UNIT, uid=0, has_manager=False), "system_bus_socket$"),
    ],
)
def test_who_wants_it_on_hears_what_is_missing(place: Place, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        way_out("on", place)


def test_no_value_of_the_environment_stands_in_the_words() -> None:
    env = {"TOKEN": "hidden", "PATH": "/bin"}
    argv = Outside("/run/user/990").argv("chatops-run-1", ("/bin/echo", "--x"), "/srv", env, 90.0)
    assert argv[:2] == (PROGRAM, "--user")
    assert {"--unit=chatops-run-1", "--working-directory=/srv", "--setenv=TOKEN"} <= set(argv)
    assert "--property=RuntimeMaxSec=90" in argv
    assert argv[-3:] == ("--", "/bin/echo", "--x")
    assert "hidden" not in " ".join(argv)
    assert Outside("/run/user/990").environ(env) == {**env, "XDG_RUNTIME_DIR": "/run/user/990"}


def test_an_agent_of_root_asks_the_systems_manager() -> None:
    argv = Outside(None).argv("u", ("/bin/true",), "/", {}, None)
    assert "--user" not in argv
    assert not any("RuntimeMaxSec" in word for word in argv)
    assert Outside(None).environ({"A": "b"}) == {"A": "b"}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Name:\tx\nNoNewPrivs:\t1\nSeccomp:\t0\n", True),
        ("NoNewPrivs:\t0\nSeccomp:\t2\n", True),
        ("NoNewPrivs:\t0\nSeccomp:\t0\n", False),
        ("", False),
    ],
)
def test_a_sandbox_is_known_by_what_the_kernel_says(status: str, expected: bool) -> None:  # noqa: FBT001
    assert is_sandboxed(status) is expected


def test_a_service_is_known_by_its_invocation() -> None:
    assert is_service({"INVOCATION_ID": "x"})
    assert not is_service({})
    assert manager_socket(7) == "/run/user/7/bus"
