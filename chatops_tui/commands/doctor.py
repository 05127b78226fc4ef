"""`chatops doctor`: what was found out about this terminal, and a card on which one sees whether it is so."""

import os
import sys
from collections.abc import Mapping
from typing import Final

import msgspec
from rich.style import Style
from rich.text import Text

from chatops_tui.commands.say import console, say_json
from chatops_tui.config import Settings, config_dir, state_dir
from chatops_tui.exit_code import ExitCode
from chatops_tui.launch import is_dumb, wishes
from chatops_tui.render.charset import substitute
from chatops_tui.render.severity import Level, glyph
from chatops_tui.terminal import Terminal, decide, encoding
from chatops_wire.version import VERSION

# What the decision is made from, and what support asks for next.
_TOLD: Final = (
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "COLORFGBG",
    "TMUX",
    "STY",
    "SSH_CONNECTION",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
)
_WORDS: Final = {Level.OK: "OK", Level.WARN: "WARN", Level.CRIT: "CRIT", Level.OFF: "offline"}
_COLOURS: Final = {Level.OK: "cyan", Level.WARN: "yellow", Level.CRIT: "red", Level.OFF: "bright_black"}
_LEVELS: Final = (Level.OK, Level.WARN, Level.CRIT, Level.OFF)
_RAMP_CELLS: Final = 48


def show_terminal(settings: Settings, *, as_json: bool, environ: Mapping[str, str] = os.environ) -> ExitCode:
    """Print what the UI would do here, and what it is concluded from."""
    is_tty = sys.stdin.isatty() and sys.stdout.isatty()
    found = decide(environ, is_tty=is_tty, encoding=encoding(environ), wishes=wishes(settings))
    facts = _facts(settings, found, environ, is_tty=is_tty)
    if as_json:
        say_json(facts)
        return ExitCode.DONE
    out = console(settings)
    for name, value in facts.items():
        out.print(Text(f"{name:<16}{value}"))
    out.print()
    for line in _card(found):
        out.print(line)
    return ExitCode.DONE


def _facts(
    settings: Settings, found: Terminal, environ: Mapping[str, str], *, is_tty: bool
) -> dict[str, str]:
    size = os.get_terminal_size() if is_tty else None
    told = " ".join(f"{name}={environ[name]}" for name in _TOLD if environ.get(name))
    decided = msgspec.to_builtins(found)
    return {
        "chatops": f"{VERSION}, Python {sys.version.split()[0]}",
        "terminal": f"{size.columns}x{size.lines}" if size else "none",
        "usable": "no: it cannot move its cursor" if is_dumb(environ) else "yes" if is_tty else "no: none",
        "colours": str(decided["colour"]),
        "theme": str(decided["theme"]),
        "characters": str(decided["charset"]),
        "mouse": "on" if found.mouse else "off",
        "over SSH": "yes" if found.ssh else "no",
        "pictures": f"one each {found.tick_s:g} s at most, keys up to {found.fps} a second",
        "hub": settings.url,
        "settings": str(config_dir(environ)),
        "state": str(state_dir(environ)),
        "told by": told or "nothing",
    }


def _card(found: Terminal) -> list[Text]:
    """Return lines that show each thing that can go wrong beside what it should look like."""
    levels = Text("levels          ")
    for level in _LEVELS:
        levels.append(f"{glyph(level)} {_WORDS[level]}  ", style=_COLOURS[level])
    ramp = Text("a smooth ramp   ")
    for at in range(_RAMP_CELLS):
        shade = round(at / (_RAMP_CELLS - 1) * 255)
        ramp.append(" ", style=Style(bgcolor=f"#{shade:02x}{80:02x}{255 - shade:02x}"))
    lines = [
        levels,
        Text("16 colours      ").append_text(_sixteen()),
        ramp,
        Text("a chart         ⣀⣠⣤⣴⣶⣾⣿⣷⣶⣤⣄⣀⣀⣠⣴⣾⣿"),
        Text("bars            ▏▎▍▌▋▊▉█ ▁▂▃▄▅▆▇█ ━━━━╸───"),
        Text("a frame         ┌──┬──┐ │ ├ ┤ └──┴──┘ ╭─╮ ╰─╯"),
        Text("wide letters    |日本|  both bars stand right at the letters"),
    ]
    if found.charset == "braille":
        return lines
    return [_substituted(line, found) for line in lines[:-1]]


def _sixteen() -> Text:
    line = Text()
    for number in range(16):
        line.append("  ", style=Style(bgcolor=f"color({number})"))
    return line


def _substituted(line: Text, found: Terminal) -> Text:
    changed = Text(substitute(line.plain, found.charset))
    changed.spans = line.spans
    return changed
