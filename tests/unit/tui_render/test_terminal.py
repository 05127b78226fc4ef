"""What a terminal is taken for, and that a vanished one is noticed."""

import locale
import os
import pty
import subprocess
import sys
from typing import Literal

import pytest

from chatops_tui.terminal import (
    ANSI_DARK,
    ANSI_LIGHT,
    DARK,
    HANG_UP_EXIT,
    LIGHT,
    Wishes,
    decide,
    encoding,
    exit_when_gone,
    is_gone,
    prepare,
    textual_environment,
)
from tests.deadlines import MS


@pytest.mark.parametrize(
    ("environ", "colour", "theme"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor", DARK),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit"}, "truecolor", DARK),
        ({"TERM": "xterm-direct"}, "truecolor", DARK),
        ({"TERM": "xterm-256color"}, "256", DARK),
        ({"TERM": "screen", "TMUX": "/tmp/x"}, "256", DARK),  # noqa: S108 - what tmux sets
        ({"TERM": "screen", "STY": "1.pts", "COLORTERM": "truecolor"}, "256", DARK),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "256", LIGHT),
        ({"TERM": "xterm-256color", "COLORFGBG": "15;default;0"}, "256", DARK),
        ({"TERM": "xterm", "COLORFGBG": "0;7"}, "standard", ANSI_LIGHT),
        ({"TERM": "xterm"}, "standard", ANSI_DARK),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, "standard", ANSI_DARK),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "standard", ANSI_DARK),
        ({}, "standard", ANSI_DARK),
    ],
)
def test_colours(environ: dict[str, str], colour: str, theme: str) -> None:
    found = decide(environ, is_tty=True, encoding="UTF-8")
    assert (found.colour, found.theme) == (colour, theme)


def test_without_a_terminal_there_are_no_fancy_colours() -> None:
    environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    assert decide(environ, is_tty=False, encoding="UTF-8").colour == "standard"


@pytest.mark.parametrize(("wish", "colour"), [("16", "standard"), ("256", "256"), ("truecolor", "truecolor")])
def test_a_wish_for_colours_wins(wish: Literal["16", "256", "truecolor"], colour: str) -> None:
    found = decide({"TERM": "linux"}, is_tty=True, encoding="UTF-8", wishes=Wishes(colour=wish))
    assert found.colour == colour


@pytest.mark.parametrize(
    ("term", "encoding", "ascii_only", "charset"),
    [
        ("xterm", "UTF-8", False, "braille"),
        ("xterm", "utf8", False, "braille"),
        ("linux", "UTF-8", False, "block"),
        ("xterm", "ANSI_X3.4-1968", False, "ascii"),
        ("xterm", "UTF-8", True, "ascii"),
    ],
)
def test_character_sets(term: str, encoding: str, ascii_only: bool, charset: str) -> None:  # noqa: FBT001 - a table
    found = decide({"TERM": term}, is_tty=True, encoding=encoding, wishes=Wishes(ascii=ascii_only))
    assert found.charset == charset


@pytest.mark.parametrize("lang", [{"LANG": "C"}, {"LANG": "POSIX"}, {}])
def test_a_plain_locale_stays_one_though_python_makes_it_utf_8(lang: dict[str, str]) -> None:
    assert encoding({"LC_CTYPE": "C.UTF-8", **lang}) == "ascii"


@pytest.mark.parametrize(
    "environ", [{"LC_ALL": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}, {"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.UTF-8"}]
)
def test_a_locale_that_was_chosen_is_believed(environ: dict[str, str]) -> None:
    assert encoding(environ) == locale.getencoding()


def test_a_local_terminal_has_a_mouse_and_a_quick_tick() -> None:
    found = decide({"TERM": "xterm"}, is_tty=True, encoding="UTF-8")
    assert (found.ssh, found.mouse, found.tick_s, found.fps) == (False, True, 0.25, 30)


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_less_is_sent_and_the_mouse_is_left_to_the_user(variable: str) -> None:
    found = decide({"TERM": "xterm", variable: "x"}, is_tty=True, encoding="UTF-8")
    assert (found.ssh, found.mouse, found.tick_s, found.fps) == (True, False, 1.0, 10)


def test_a_wish_for_the_mouse_wins_over_ssh() -> None:
    found = decide({"SSH_TTY": "x"}, is_tty=True, encoding="UTF-8", wishes=Wishes(mouse="on"))
    assert found.mouse


def test_a_narrow_link_gets_sixteen_colours_and_a_picture_every_five_seconds() -> None:
    environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    found = decide(environ, is_tty=True, encoding="UTF-8", wishes=Wishes(low_bandwidth=True))
    assert (found.theme, found.tick_s, found.mouse) == (ANSI_DARK, 5.0, False)


def test_a_wish_for_a_theme_wins() -> None:
    found = decide({"TERM": "linux"}, is_tty=True, encoding="UTF-8", wishes=Wishes(theme="nord"))
    assert found.theme == "nord"


def test_textual_is_told_and_what_the_user_set_stays() -> None:
    environ = {"TERM": "xterm-256color", "TEXTUAL_FPS": "5"}
    found = prepare(environ=environ)
    told = textual_environment(found)
    assert told["TEXTUAL_ANIMATIONS"] == "none"
    assert environ == {"TERM": "xterm-256color", **told, "TEXTUAL_FPS": "5"}


def test_a_living_terminal_is_not_gone() -> None:
    main, side = pty.openpty()
    with os.fdopen(side, "r") as stream:
        assert not is_gone(stream)
        exit_when_gone(stream)
        os.close(main)
        assert is_gone(stream)


def test_a_stream_that_was_closed_or_never_was_is_gone() -> None:
    _main, side = pty.openpty()
    stream = os.fdopen(side, "r")
    stream.close()
    os.close(_main)
    assert is_gone(stream)
    assert is_gone(None)


def test_a_process_whose_terminal_vanished_ends() -> None:
    """Its exit status is a shell's for a hang-up."""
    main, side = pty.openpty()
    code = (
        "from chatops_tui.terminal import ended_when_gone\n"
        "with ended_when_gone():\n"
        "    print('ready', flush=True)\n"
        "    while True: pass"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=side, stdout=subprocess.PIPE) as child:  # noqa: S603 - our own code
        os.close(side)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        assert child.poll() is None
        os.close(main)
        assert child.wait(timeout=10_000 * MS) == HANG_UP_EXIT
