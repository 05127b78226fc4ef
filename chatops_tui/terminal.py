"""What this terminal can do, decided before Textual is imported, and what becomes of us when it vanishes.

Textual reads its switches when it is imported, so `prepare` comes first. Standard library only: `--help` and
the commands without a screen must not pay for a UI.
"""

import locale
import os
import sys
import termios
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final, Literal

Colour = Literal["truecolor", "256", "standard"]
Charset = Literal["braille", "block", "ascii"]

DARK: Final = "chatops-dark"
LIGHT: Final = "chatops-light"
"""Our themes; `widgets.themes` defines them."""

ANSI_DARK: Final = "ansi-dark"
ANSI_LIGHT: Final = "ansi-light"
"""Textual's themes of the terminal's own 16 colours."""

WATCHDOG_S: Final = 2.0
"""How often to ask whether the terminal is still there: gone means a process that must end within 5 s."""

HANG_UP_EXIT: Final = 129
"""128 + SIGHUP, what a shell reports for a program whose terminal went away."""

# Terminals without more than 16 colours, whatever else the environment claims.
_POOR_TERMS: Final = frozenset({"linux", "vt100", "vt220", "ansi", "dumb", "cons25", ""})

_MOST_FPS: Final = 30
_LOCAL_TICK_S: Final = 0.25
_SSH_TICK_S: Final = 1.0
_SLOW_TICK_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user chose; the defaults leave everything to the terminal."""

    theme: str = ""
    colour: Literal["auto", "truecolor", "256", "16"] = "auto"
    ascii: bool = False
    mouse: Literal["auto", "on", "off"] = "auto"
    low_bandwidth: bool = False
    fps: float | None = None
    """The most pictures a second; None: what suits the terminal."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """How the UI draws here."""

    colour: Colour
    charset: Charset
    ssh: bool
    theme: str
    mouse: bool
    tick_s: float
    """The shortest time between two pictures."""
    animations: bool
    fps: int
    """What Textual may paint at most in a second, for cursor movements and the like."""


def decide(environ: Mapping[str, str], *, is_tty: bool, encoding: str, wishes: Wishes = Wishes()) -> Terminal:
    """Return how to draw.

    Args:
        environ: The process's environment.
        is_tty: Whether a terminal is attached; without one nothing fancy is assumed.
        encoding: Of the locale, like `UTF-8`.
        wishes: What the user chose.
    """
    colour = _colour(environ, wishes, is_tty=is_tty)
    ssh = bool(environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"))
    slow = ssh or wishes.low_bandwidth
    return Terminal(
        colour=colour,
        charset=_charset(environ, encoding, wishes),
        ssh=ssh,
        theme=wishes.theme or _theme(environ, colour, wishes),
        mouse=not slow if wishes.mouse == "auto" else wishes.mouse == "on",
        tick_s=_tick_s(wishes, ssh=ssh),
        animations=False,
        fps=max(1, min(_MOST_FPS, round(wishes.fps))) if wishes.fps else 10 if slow else _MOST_FPS,
    )


def prepare(wishes: Wishes = Wishes(), environ: MutableMapping[str, str] = os.environ) -> Terminal:
    """Decide for the real terminal and tell Textual, which must not have been imported yet.

    A TEXTUAL_ variable that is set already is left alone, so that support can try something else.
    """
    terminal = decide(environ, is_tty=sys.stdout.isatty(), encoding=encoding(environ), wishes=wishes)
    for name, value in textual_environment(terminal).items():
        environ.setdefault(name, value)
    return terminal


def encoding(environ: Mapping[str, str]) -> str:
    """Return the encoding of the locale that was asked for, before Python made it UTF-8 (PEP 538)."""
    coerced = not environ.get("LC_ALL") and environ.get("LC_CTYPE") == "C.UTF-8"
    if coerced and environ.get("LANG", "") in {"C", "POSIX", ""}:
        return "ascii"
    return locale.getencoding()


def textual_environment(terminal: Terminal) -> dict[str, str]:
    """Return Textual's switches for `terminal`."""
    return {
        "TEXTUAL_COLOR_SYSTEM": terminal.colour,
        # An animation is a stream of repaints; nothing here is worth one.
        "TEXTUAL_ANIMATIONS": "full" if terminal.animations else "none",
        "TEXTUAL_SMOOTH_SCROLL": "0",
        "TEXTUAL_FPS": str(terminal.fps),
    }


def has_terminal() -> bool:
    """Return whether somebody can see and type."""
    # A program that was started with one of them closed has none.
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty())


def is_gone(stream: IO[str] | None) -> bool:
    """Return whether the terminal behind `stream` has hung up.

    Where SIGHUP was lost or is ignored, Textual's input thread polls a dead descriptor at 88 % of a core and
    the process never ends. Asking for its attributes is the cheapest question a dead terminal cannot answer.
    """
    if stream is None or stream.closed:
        return True
    try:
        termios.tcgetattr(stream.fileno())
    except (termios.error, OSError, ValueError):
        return True
    return False


def exit_when_gone(stream: IO[str] | None = sys.__stdin__) -> None:
    """End the process at once when its terminal has hung up.

    No clean-up: everything orderly would want to write to the terminal first, and hang.
    """
    if is_gone(stream):
        os._exit(HANG_UP_EXIT)  # pragma: no cover - ends the process: the test looks at a child


@contextmanager
def ended_when_gone(stream: IO[str] | None = sys.__stdin__) -> Iterator[None]:
    """End the process within `WATCHDOG_S` of its terminal hanging up, as long as the context lasts.

    In a thread of its own: a dead terminal can keep the event loop so busy that no timer of it is served.
    """
    over = threading.Event()

    def watch() -> None:
        while not over.wait(WATCHDOG_S):
            exit_when_gone(stream)

    thread = threading.Thread(target=watch, name="terminal-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tick_s(wishes: Wishes, *, ssh: bool) -> float:
    usual = _SLOW_TICK_S if wishes.low_bandwidth else _SSH_TICK_S if ssh else _LOCAL_TICK_S
    # What is asked for holds in both directions, but nothing changes more often than a local tick.
    return max(_LOCAL_TICK_S, 1 / wishes.fps) if wishes.fps else usual


def _colour(environ: Mapping[str, str], wishes: Wishes, *, is_tty: bool) -> Colour:
    if wishes.colour != "auto":
        return "standard" if wishes.colour == "16" else wishes.colour
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR") or term in _POOR_TERMS or not is_tty:
        return "standard"
    claims_truecolor = environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}
    if environ.get("STY"):
        # GNU screen hands COLORTERM on from the terminal it was started in, and then misreads 24-bit colours.
        return "256"
    if claims_truecolor or "direct" in term:
        return "truecolor"
    if "256" in term or environ.get("TMUX"):
        return "256"
    return "standard"


def _charset(environ: Mapping[str, str], encoding: str, wishes: Wishes) -> Charset:
    if wishes.ascii or encoding.lower().replace("-", "") != "utf8":
        return "ascii"
    return "block" if environ.get("TERM") == "linux" else "braille"


def _theme(environ: Mapping[str, str], colour: Colour, wishes: Wishes) -> str:
    is_light = _has_light_ground(environ)
    if colour == "standard" or environ.get("NO_COLOR") or wishes.low_bandwidth:
        return ANSI_LIGHT if is_light else ANSI_DARK
    return LIGHT if is_light else DARK


def _has_light_ground(environ: Mapping[str, str]) -> bool:
    """Return whether the terminal says that its background is light; few do, and most are dark."""
    # rxvt, Konsole, iTerm2 and others set it to foreground;background as numbers of the 16 colours.
    return environ.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"}
