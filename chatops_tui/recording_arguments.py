"""What may be typed after `chatops recordings` and `chatops play`. Imports nothing heavy."""

import argparse
from collections.abc import Callable
from typing import Final

_PLAY: Final = (
    "What it shows can draw, and nothing else. space pauses, left and right go 10 s, + and - change the "
    "speed, i changes between short and all pauses, 0 begins again, q leaves. With --json it is printed as "
    "it is."
)
# As the keys change it.
_LEAST_SPEED: Final = 0.25
_MOST_SPEED: Final = 16.0
_MOST_LINES: Final = 1000


def add_jobs(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add both; `command` makes the parser of a job from its name, its purpose and more about it."""
    _add_recordings(command("recordings", "show which shells were recorded"))
    _add_play(command("play", "play what a shell showed, in this terminal", _PLAY))


def _add_recordings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="SERVER", nargs="?", default="", help="by name or id; else all")
    parser.add_argument(
        "-n", "--lines", metavar="N", type=_lines, default=100, help="among how many shells (default 100)"
    )


def _add_play(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="RECORDING", help="as `recordings` shows it, or a file (asciicast v2)"
    )
    parser.add_argument("--speed", metavar="X", type=_speed, default=1.0, help="0.25 to 16 (default 1)")
    parser.add_argument(
        "--all-pauses", action="store_true", default=False, help="wait as long as was waited, not 2 s at most"
    )
    parser.add_argument("--save", metavar="FILE", default="", help="write it to a new file instead")


def _lines(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_LINES):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of them: 1 to {_MOST_LINES}")
    return int(text)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not _LEAST_SPEED <= speed <= _MOST_SPEED:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: {_LEAST_SPEED:g} to {_MOST_SPEED:g}")
    return speed
