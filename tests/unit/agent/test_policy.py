from pathlib import Path

import pytest

from chatops_agent.policy import PERMISSIONS, Policy, parse
from chatops_wire.settings import SettingError


def test_nothing_is_allowed_unless_said() -> None:
    policy = parse((), ("/var/log",))
    assert Policy(frozenset(), (Path("/var/log"),)) == policy
    assert not any(policy.allows(permission) for permission in PERMISSIONS)


def test_what_is_said_is_allowed() -> None:
    policy = parse(("docker", "logs"), ())
    assert [policy.allows(permission) for permission in PERMISSIONS] == [True, False, False, True]


def test_all_is_everything() -> None:
    assert frozenset(PERMISSIONS) == parse(("all",), ()).allowed


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(SettingError, match=r"--allow: 'dokcer' is none of docker, commands"):
        parse(("logs", "dokcer"), ())


def test_a_log_path_must_be_absolute() -> None:
    with pytest.raises(SettingError, match=r"--log-path: not an absolute path: 'var/log'"):
        parse((), ("/var/log", "var/log"))


def test_the_hub_is_told_what_is_allowed() -> None:
    assert parse(("all",), ()).capabilities == ("metrics", "docker", "commands", "terminal", "logs")
    assert parse(("docker", "logs"), ()).capabilities == ("metrics", "docker", "logs")
