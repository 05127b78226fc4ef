"""`chatops audit` and `chatops events`: who did what, and what happened."""

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubRefusedError
from chatops_tui.commands.grid import show_table
from chatops_tui.commands.say import drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_wire.rest import AuditView, EventView
from chatops_wire.times import parse_ms

T = TypeVar("T")

_AUDIT: Final = ("WHEN", "USER", "ACTION", "RESULT", "SERVER", "FROM", "TARGET")
_EVENTS: Final = ("WHEN", "KIND", "SERVER", "MESSAGE")
# Of those that went well nobody has to see the colour.
_WELL: Final = frozenset({"ok", "success", "succeeded", "allowed"})


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """Which entries; an empty field narrows nothing."""

    user: str
    action: str
    server: str
    result: str
    count: int
    as_json: bool


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Which events; an empty field narrows nothing."""

    server: str
    kind: str
    count: int
    as_json: bool


def audit_wanted(arguments: argparse.Namespace) -> AuditWanted:
    """Return what was typed."""
    chosen = (arguments.user, arguments.action, arguments.server, arguments.result)
    return AuditWanted(*chosen, arguments.lines, arguments.json)


def events_wanted(arguments: argparse.Namespace) -> EventsWanted:
    """Return what was typed."""
    return EventsWanted(arguments.name, arguments.kind, arguments.lines, arguments.json)


def show_audit(settings: Settings, wanted: AuditWanted) -> int:
    """Show the newest entries that match, newest first; the exit status. UnknownServerError."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        server_id = named(servers, [wanted.server])[0].id if wanted.server else ""
        users = await user_names(hub)
        matches = _matching(wanted, server_id, users)
        found = await hub.rest.timeline.audit(wanted.count, matches)
        if wanted.as_json:
            say_json(found)
            return ExitCode.DONE
        names = users | {server.id: server.name for server in servers}
        now_s = time.time()
        rows = [_audit_row(settings, entry, names, now_s) for entry in found]
        show_table(settings, _AUDIT, rows, wraps="TARGET", empty="no entries")
        return ExitCode.DONE

    return with_hub(settings, job)


def show_events(settings: Settings, wanted: EventsWanted) -> int:
    """Show the newest events, newest first, and return the exit status; UnknownServerError."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        server_id = named(servers, [wanted.server])[0].id if wanted.server else ""
        found = await hub.rest.timeline.events(server_id, kind=wanted.kind, limit=wanted.count)
        if wanted.as_json:
            say_json(found)
            return ExitCode.DONE
        names = {server.id: server.name for server in servers}
        now_s = time.time()
        rows = [_event_row(settings, event, names, now_s) for event in found]
        show_table(settings, _EVENTS, rows, wraps="MESSAGE", empty="no events")
        return ExitCode.DONE

    return with_hub(settings, job)


async def user_names(hub: Hub) -> dict[str, str]:
    """Return the names of those whose names this user may know, by id."""
    me = await hub.rest.me()
    try:
        users = await hub.rest.users() if me.role == "admin" else ()
    except HubRefusedError:
        users = ()
    return {me.id: me.username} | {user.id: user.username for user in users}


def _matching(wanted: AuditWanted, server_id: str, users: Mapping[str, str]) -> Callable[[AuditView], bool]:
    def matches(entry: AuditView) -> bool:
        who = entry.user_id or ""
        return (
            (not wanted.user or wanted.user in {who, users.get(who, "")})
            and entry.action.startswith(wanted.action)
            and (not server_id or entry.server_id == server_id)
            and (not wanted.result or entry.result == wanted.result)
        )

    return matches


def _audit_row(
    settings: Settings, entry: AuditView, names: Mapping[str, str], now_s: float
) -> Sequence[Text]:
    user, server = entry.user_id or numbers.MISSING, entry.server_id or ""
    return (
        drawn(settings, _age(entry.ts, now_s), "muted"),
        drawn(settings, names.get(user, user), "strong"),
        drawn(settings, entry.action),
        drawn(settings, entry.result, "ok" if entry.result in _WELL else "warn"),
        drawn(settings, names.get(server, server)),
        drawn(settings, entry.address or "", "muted"),
        drawn(settings, entry.target or ""),
    )


def _event_row(
    settings: Settings, event: EventView, names: Mapping[str, str], now_s: float
) -> Sequence[Text]:
    server = event.server_id or ""
    return (
        drawn(settings, _age(event.ts, now_s), "muted"),
        drawn(settings, event.kind, "muted"),
        drawn(settings, names.get(server, server), "strong"),
        drawn(settings, event.message),
    )


def _age(text: str, now_s: float) -> str:
    try:
        return numbers.age(now_s - parse_ms(text) / 1000)
    except ValueError:
        return numbers.MISSING
