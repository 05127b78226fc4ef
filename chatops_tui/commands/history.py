"""`chatops history`: which commands were run, by whom, and how they ended."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubRefusedError
from chatops_tui.commands.one_server import described
from chatops_tui.commands.outcome import in_words
from chatops_tui.commands.say import complain, console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import UnknownServerError, named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_wire.rest_commands import CommandView
from chatops_wire.times import parse_ms

if TYPE_CHECKING:
    from chatops_tui.render.spans import Ink

_COLUMNS: Final = ("WHEN", "SERVER", "USER", "RESULT", "TOOK", "COMMAND")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the past; an empty field narrows nothing."""

    name: str
    search: str
    count: int
    as_json: bool


def show_history(settings: Settings, wanted: Wanted) -> int:
    """Show the newest commands, newest first, and return the exit status."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        server_id = named(servers, [wanted.name])[0].id if wanted.name else ""
        commands = await hub.rest.commands(server_id, search=wanted.search, limit=wanted.count)
        names = {server.id: server.name for server in servers}
        if wanted.as_json:
            say_json([described(names.get(each.server_id, each.server_id), each) for each in commands])
        elif not commands:
            console(settings).print(drawn(settings, "no commands"), soft_wrap=True)
        else:
            known = names | await _users(hub)
            console(settings).print(table(settings, commands, known, time.time()), soft_wrap=False)
        return ExitCode.DONE

    try:
        return with_hub(settings, job)
    except UnknownServerError as exc:
        complain(str(exc))
        return ExitCode.REFUSED


def table(
    settings: Settings, commands: Sequence[CommandView], names: Mapping[str, str], now_s: float
) -> Table:
    """Return commands as rows.

    Args:
        settings: What the terminal can show.
        commands: Remote text in them is made harmless.
        names: Of servers and users, by id; others are shown by their id.
        now_s: Unix seconds; WHEN counts from it.
    """
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for title in _COLUMNS:
        grid.add_column(drawn(settings, title, "strong"), no_wrap=title != "COMMAND", overflow="fold")
    for command in commands:
        grid.add_row(*_row(settings, command, names, now_s))
    return grid


def _row(
    settings: Settings, command: CommandView, names: Mapping[str, str], now_s: float
) -> tuple[Text, ...]:
    ink: Ink = "ok" if command.status == "succeeded" else "accent" if command.status == "running" else "crit"
    user = command.user_id or numbers.MISSING
    took = numbers.milliseconds(command.duration_ms)
    return (
        drawn(settings, _age(command, now_s), "muted"),
        drawn(settings, names.get(command.server_id, command.server_id), "strong"),
        drawn(settings, names.get(user, user)),
        drawn(settings, in_words(command.status, command.exit_code, command.signal), ink),
        drawn(settings, took, "muted"),
        drawn(settings, command.command or " ".join(command.argv)),
    )


def _age(command: CommandView, now_s: float) -> str:
    try:
        return numbers.age(now_s - parse_ms(command.started_at or command.created_at) / 1000)
    except ValueError:
        return numbers.MISSING


async def _users(hub: Hub) -> dict[str, str]:
    """Return the names of those whose names this user may know."""
    me = await hub.rest.me()
    try:
        users = await hub.rest.users() if me.role == "admin" else ()
    except HubRefusedError:
        users = ()
    return {me.id: me.username} | {user.id: user.username for user in users}
