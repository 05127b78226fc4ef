"""`chatops PLACE` opens the UI there; what is a command stays one."""

import argparse

import pytest

from chatops_tui.address_argument import parted

COMMANDS = frozenset({"servers", "alerts", "exec"})


@pytest.fixture
def shared() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("chatops", add_help=False)
    parser.add_argument("--url")
    parser.add_argument("--ascii", action="store_true")
    return parser


@pytest.mark.parametrize(
    ("argv", "rest", "place"),
    [
        ([], [], ""),
        (["web-1"], [], "web-1"),
        (["web-1/containers/nginx"], [], "web-1/containers/nginx"),
        (["db 01/logs"], [], "db 01/logs"),
        (["--url", "web-1", "web-1"], ["--url", "web-1"], "web-1"),
        (["--ascii", "alerts/"], ["--ascii"], "alerts/"),
        (["alerts"], ["alerts"], ""),
        (["exec", "web-1", "--", "ls"], ["exec", "web-1", "--", "ls"], ""),
        (["web-1", "web-2"], ["web-1", "web-2"], ""),
        (["--help"], ["--help"], ""),
        (["", "x"], ["", "x"], ""),
    ],
)
def test_a_place_is_told_from_commands(
    shared: argparse.ArgumentParser, argv: list[str], rest: list[str], place: str
) -> None:
    assert parted(argv, shared, COMMANDS, is_terminal=True) == (rest, place)


def test_for_a_script_a_single_word_is_a_command(shared: argparse.ArgumentParser) -> None:
    assert parted(["sevrers"], shared, COMMANDS, is_terminal=False) == (["sevrers"], "")
    assert parted(["web-1/logs"], shared, COMMANDS, is_terminal=False) == ([], "web-1/logs")
