"""The line for a new machine's shell."""

import shlex
from pathlib import Path

import pytest

from chatops_tui.agent_line import agent_line, enroll_line, is_clone, place, reach_hint

KEY = "chops_abcdefghij_" + "k" * 52 + "_01234567"


def test_the_usual_line_has_no_quotes() -> None:
    line = agent_line("https://hub.example.net:8765/x", KEY, in_clone=False)
    assert line == f"CHATOPS_API_KEY={KEY} chatops-agent run --url https://hub.example.net:8765/x"


def test_a_shell_takes_what_the_hub_says_for_words() -> None:
    line = agent_line("http://[::1]:8765", "x; touch /tmp/owned", in_clone=False)
    assert shlex.split(line) == [
        "CHATOPS_API_KEY=x; touch /tmp/owned",
        "chatops-agent",
        "run",
        "--url",
        "http://[::1]:8765",
    ]


def test_several_addresses_are_several_flags() -> None:
    line = agent_line("https://a,https://b:1", KEY, in_clone=False)
    assert line.endswith("run --url https://a --url https://b:1")
    assert enroll_line("https://a,https://b:1", "token", in_clone=False).count("--url https://a ") == 1


def test_in_a_clone_it_names_the_program_where_make_setup_puts_it() -> None:
    assert " .venv/bin/chatops-agent run " in agent_line("http://hub:8765", KEY, in_clone=True)
    assert "in its clone of ChatOps after `make setup`" in place(in_clone=True)
    assert place(in_clone=False) == "on the machine"


def test_a_clone_is_known_by_what_makes_its_environment(tmp_path: Path) -> None:
    assert not is_clone(tmp_path / ".venv")
    (tmp_path / "packaging").mkdir()
    (tmp_path / "packaging" / "venv.sh").touch()
    assert is_clone(tmp_path / ".venv-3.13")


@pytest.mark.parametrize(
    ("url", "there"),
    [
        ("http://127.0.0.1:18765", "http://THIS-MACHINE:18765"),
        ("https://localhost/chatops", "https://THIS-MACHINE/chatops"),
        ("http://[::1]:8765", "http://THIS-MACHINE:8765"),
    ],
)
def test_an_address_of_this_machine_needs_more_from_another(url: str, there: str) -> None:
    assert "--host 0.0.0.0" in reach_hint(url)
    assert reach_hint(url).endswith(f" {there}")


def test_any_other_address_needs_nothing() -> None:
    assert not reach_hint("https://hub.example.net:8765")
