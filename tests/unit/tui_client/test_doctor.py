"""What `chatops doctor` says of a terminal, and what its card shows."""

import json
from collections.abc import Mapping

import pytest

from chatops_tui.commands.doctor import show_terminal
from chatops_tui.config import Settings

UTF8 = {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}


def _told(capsys: pytest.CaptureFixture[str], environ: Mapping[str, str], **chosen: object) -> dict[str, str]:
    assert show_terminal(Settings(**chosen), as_json=True, environ=environ) == 0  # type: ignore[arg-type]
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_it_tells_what_is_decided_and_from_what(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(capsys, {**UTF8, "SSH_CONNECTION": "a b c d", "STY": "1.pts", "COLORTERM": "truecolor"})
    assert told["over SSH"] == "yes"
    assert told["mouse"] == "off"
    assert told["pictures"].startswith("one each 1 s")
    assert "STY=1.pts" in told["told by"]
    # Without a terminal nothing fancy is assumed.
    assert (told["terminal"], told["usable"], told["colours"]) == ("none", "no: none", "standard")


def test_what_is_asked_for_counts(capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(capsys, UTF8, color="256", theme="chatops-light", fps=2.0, ascii=True)
    assert (told["colours"], told["theme"], told["characters"]) == ("256", "chatops-light", "ascii")
    assert told["pictures"].startswith("one each 0.5 s")


def test_the_card_shows_each_thing_beside_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_terminal(Settings(), as_json=False, environ=UTF8) == 0
    shown = capsys.readouterr().out
    for part in ("● OK", "▲ WARN", "✖ CRIT", "○ offline", "16 colours", "⣀⣠⣤", "┌──┬──┐", "|日本|"):
        assert part in shown


def test_without_braille_the_card_is_of_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_terminal(Settings(ascii=True), as_json=False, environ=UTF8) == 0
    assert capsys.readouterr().out.isascii()
