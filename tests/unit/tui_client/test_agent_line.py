"""The line for a new machine's shell."""

import shlex

from chatops_tui.agent_line import agent_line

KEY = "chops_abcdefghij_" + "k" * 52 + "_01234567"


def test_the_usual_line_has_no_quotes() -> None:
    line = agent_line("https://hub.example.net:8765/x", KEY)
    assert line == f"CHATOPS_API_KEY={KEY} chatops-agent run --url https://hub.example.net:8765/x"


def test_a_shell_takes_what_the_hub_says_for_words() -> None:
    line = agent_line("http://[::1]:8765", "x; touch /tmp/owned")
    assert shlex.split(line) == [
        "CHATOPS_API_KEY=x; touch /tmp/owned",
        "chatops-agent",
        "run",
        "--url",
        "http://[::1]:8765",
    ]
