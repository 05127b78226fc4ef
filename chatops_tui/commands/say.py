"""How commands speak: results on stdout, everything else on stderr, and nothing a hub could abuse."""

import json
import sys
from typing import Any, Final, Literal, NoReturn

import msgspec
from rich.console import Console
from rich.text import Text

from chatops_tui.config import ColorMode, Settings
from chatops_tui.render.charset import Charset, substitute
from chatops_tui.render.spans import Ink
from chatops_tui.render.text import clean

_COLOR_SYSTEMS: Final[dict[ColorMode, Literal["auto", "truecolor", "256", "standard"]]] = {
    "auto": "auto",
    "truecolor": "truecolor",
    "256": "256",
    "16": "standard",
}
# The terminal's own colours, so that they suit its background.
_STYLES: Final[dict[Ink, str]] = {
    "ok": "green",
    "warn": "yellow",
    "crit": "bold red",
    "off": "bright_black",
    "muted": "bright_black",
    "strong": "bold",
}
# Wide enough for any table of ours: what is piped away is not to be cut.
_PIPED_WIDTH: Final = 240


class _Piped(Console):
    """A console that leaves a closed pipe to the one place that knows what to do, `cli.main`."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def complain(sentence: str) -> None:
    """Write one line to stderr; remote text in it is made harmless."""
    sys.stderr.write(f"chatops: {clean(sentence)}\n")
    sys.stderr.flush()


def say_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
    """Write one line of JSON to stdout. Everything outside ASCII is escaped, so a terminal may show it."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value)) + "\n")


def console(settings: Settings) -> Console:
    """Return where tables and text for people go."""
    if sys.stdout.isatty():
        return _Piped(color_system=_COLOR_SYSTEMS[settings.color], highlight=False)
    return _Piped(width=_PIPED_WIDTH, highlight=False)


def drawn(settings: Settings, text: str, ink: Ink = "text") -> Text:
    """Return our own glyphs and remote text as what this terminal can show; nothing in it is markup."""
    return Text(substitute(clean(text), charset(settings)), style=_STYLES.get(ink, ""))


def charset(settings: Settings) -> Charset:
    """Return which characters this terminal can show."""
    is_plain = settings.ascii or "utf" not in (sys.stdout.encoding or "").lower()
    return "ascii" if is_plain else "braille"
