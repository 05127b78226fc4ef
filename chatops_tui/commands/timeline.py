"""`chatops audit` and `chatops events`: who did what, and what happened."""

import argparse
import csv
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace
from rich.text import Text

from chatops_tui.audit_requests import AuditWish
from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubRefusedError
from chatops_tui.commands.grid import show_table
from chatops_tui.commands.moments import typed_ms
from chatops_tui.commands.say import drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_tui.render.text import clean
from chatops_wire.rest import AuditView, EventView
from chatops_wire.times import parse_ms

Form = Literal["table", "csv", "jsonl"]

_AUDIT: Final = ("WHEN", "USER", "ACTION", "RESULT", "SERVER", "FROM", "TARGET")
_EVENTS: Final = ("WHEN", "KIND", "SERVER", "MESSAGE")
# With the names of today beside the ids; the rest is what the hash covers.
_EXPORTED: Final = (
    *("id", "ts", "user_id", "user", "action", "target", "server_id", "server", "result", "address"),
    *("data", "prev_hash", "hash"),
)
# RFC 3339, as the hub itself reads it.
_FULL: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\S+(?:[Zz]|[+-]\d\d:\d\d)$")
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "|", "%")
_USUAL: Final = 30
_EVERYTHING: Final = 2**31
# Of those that went well nobody has to see the colour.
_WELL: Final = frozenset({"ok", "success", "succeeded", "allowed"})


@dataclass(frozen=True, slots=True)
class AuditWanted:
    """Which entries, and how they are shown."""

    wish: AuditWish
    """Its server as it was typed: a name or an id."""
    count: int
    form: Form
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
    since, until = _moment("--since", arguments.since), _moment("--until", arguments.until)
    wish = AuditWish(arguments.user, arguments.action, arguments.server, arguments.result, since, until)
    form: Form = arguments.export or "table"
    count = arguments.lines or (_USUAL if form == "table" else _EVERYTHING)
    return AuditWanted(wish, count, form, arguments.json)


def _moment(flag: str, text: str) -> str:
    """Return a moment as the hub reads it. SettingError: it is none."""
    # A time to come is no fault here: `--until` next year is everything.
    if not text or text.isdigit() or _FULL.match(text):
        return text
    return str(typed_ms(flag, text))


def events_wanted(arguments: argparse.Namespace) -> EventsWanted:
    """Return what was typed."""
    return EventsWanted(arguments.name, arguments.kind, arguments.lines, arguments.json)


def show_audit(settings: Settings, wanted: AuditWanted) -> int:
    """Show the newest entries that match, newest first; the exit status. UnknownServerError."""

    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        typed = wanted.wish.server_id
        server_id = named(servers, [typed])[0].id if typed and not typed.startswith("srv_") else typed
        wish = replace(wanted.wish, server_id=server_id)
        users = await user_names(hub)
        names = users | {server.id: server.name for server in servers}
        async with aclosing(hub.rest.timeline.whole_audit(wish, wanted.count)) as entries:
            if wanted.form != "table":
                await _export(entries, wanted.form, names)
                return ExitCode.DONE
            found = [entry async for entry in entries]
        if wanted.as_json:
            say_json(found)
            return ExitCode.DONE
        now_s = time.time()
        rows = [_audit_row(settings, entry, names, now_s) for entry in found]
        show_table(settings, _AUDIT, rows, wraps="TARGET", empty="no entries")
        return ExitCode.DONE

    return with_hub(settings, job)


async def _export(entries: AsyncIterator[AuditView], form: Form, names: Mapping[str, str]) -> None:
    put: Callable[[dict[str, Any]], object] | None = None
    async for entry in entries:
        # Whatever fails before the first entry leaves nothing that looks like an answer.
        put = put or _writer(form)
        fields = msgspec.to_builtins(entry)
        fields["user"] = names.get(entry.user_id or "", "")
        fields["server"] = names.get(entry.server_id or "", "")
        put(fields)
    if put is None:
        _writer(form)


def _writer(form: Form) -> Callable[[dict[str, Any]], object]:
    """Return what writes an entry; of CSV the line of names is written now."""
    return _csv_writer() if form == "csv" else say_json


def _csv_writer() -> Callable[[dict[str, Any]], object]:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_EXPORTED)

    def put(fields: dict[str, Any]) -> None:
        data = json.dumps(fields["data"], sort_keys=True)
        writer.writerow([harmless(str((fields | {"data": data})[name] or "")) for name in _EXPORTED])

    return put


def harmless(cell: str) -> str:
    """Return a cell of CSV: made harmless for a terminal, and no formula for a spreadsheet."""
    shown = clean(cell)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULA) else shown


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
