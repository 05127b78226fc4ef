"""`chatops shell`: a shell on a server in this terminal; those that were left, and back to one of them."""

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from chatops_tui.client.connect import Hub
from chatops_tui.commands.live import over_feed
from chatops_tui.commands.say import complain, console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import UnknownServerError, named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.relay.local import NoTerminalError
from chatops_tui.relay.place import Place
from chatops_tui.relay.shell import Left, Manner, show_shell
from chatops_wire.client_terminals import TerminalEntry
from chatops_wire.rest import ServerView

# As a shell tells it when its terminal goes away.
_HANGUP: Final = 128 + 1
_TERM: Final = "xterm-256color"
_COLUMNS: Final = ("TERMINAL", "SINCE", "SIZE", "VIEWED")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which shell. `lists`: only tell which there are."""

    name: str
    terminal_id: str
    lists: bool
    as_json: bool
    container: str | None = None
    """In which it is to be, where not on the machine itself."""


def open_shell(settings: Settings, wanted: Wanted) -> int:
    """Show the shell until it ends or is left; return its exit status, 0 when it was left running."""
    if not wanted.lists and not sys.stdin.isatty():
        complain("a shell needs a terminal to be shown in; `chatops exec` needs none")
        return ExitCode.USAGE

    async def job(hub: Hub) -> int:
        is_quiet = not wanted.lists
        return await over_feed(hub, _open(hub, settings, wanted), is_quiet=is_quiet)

    try:
        return with_hub(settings, job)
    except UnknownServerError as exc:
        complain(str(exc))
        return ExitCode.REFUSED
    except NoTerminalError as exc:
        complain(str(exc))
        return ExitCode.USAGE


async def _open(hub: Hub, settings: Settings, wanted: Wanted) -> int:
    server = named(await hub.rest.servers(), [wanted.name])[0]
    if wanted.lists:
        return _listed(settings, await hub.terminals.listed(server.id), wanted)
    manner = Manner(
        term=os.environ.get("TERM") or _TERM,
        allows_clipboard=settings.allow_clipboard,
        is_utf8="utf" in (sys.stdout.encoding or "").lower(),
    )
    left = await show_shell(
        hub.terminals, Place(server.id, server.name, wanted.terminal_id, wanted.container), manner
    )
    return _told(server, left)


def _told(server: ServerView, left: Left) -> int:
    """Say what became of the shell, and return what to exit with."""
    back = f"chatops shell {shlex.quote(server.name)} --attach {shlex.quote(left.terminal_id)}"
    match left.kind:
        case "detached":
            complain(f"not left as it should be: {left.reason}" if left.reason else f"left running; {back}")
            return ExitCode.REFUSED if left.reason else ExitCode.DONE
        case "ended":
            if left.code is not None:
                complain(left.reason or left.code)
                return ExitCode.REFUSED
            return left.exit_code or ExitCode.DONE
        case "lost":
            complain(left.reason)
            return ExitCode.NO_SESSION
        case "hangup":
            return _HANGUP
        case "signal":
            return 128 + left.number


def _listed(settings: Settings, entries: Sequence[TerminalEntry], wanted: Wanted) -> int:
    if wanted.as_json:
        say_json(entries)
    elif not entries:
        console(settings).print(drawn(settings, "no terminals"), soft_wrap=True)
    else:
        grid = Table(box=None, header_style="bold", pad_edge=False)
        for title in _COLUMNS:
            grid.add_column(drawn(settings, title, "strong"), no_wrap=True)
        for entry in entries:
            texts = (
                entry.terminal_id,
                entry.started_at,
                f"{entry.cols}x{entry.rows}",
                "no" if entry.detached else "yes",
            )
            grid.add_row(*(drawn(settings, text) for text in texts))
        console(settings).print(grid)
    return ExitCode.DONE
