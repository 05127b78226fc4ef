"""`chatops silence`: show silences, make one, or end one."""

import argparse
import time

from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.clock import local_zone, moment, zone_name
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.ids import SHORT_ID, whole_id
from chatops_tui.commands.say import drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store import alert_texts
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.store.silence_texts import ENDLESS, silence_of
from chatops_tui.store.targets import target_text
from chatops_wire.rest_alerts import SilenceCreate, SilenceView
from chatops_wire.times import parse_ms

_TITLES = (" ", "ID", "SERVERS", "METRIC", "FROM", "UNTIL", "WEEKLY", "COMMENT")


def silence(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; WrongTextError, UnknownServerError."""
    if arguments.end:
        return _end(settings, arguments.end, as_json=arguments.json)
    asks_for_one = (arguments.name, arguments.selector, arguments.metric, arguments.length, arguments.weekly)
    if arguments.list or not any(asks_for_one):
        return _show(settings, as_json=arguments.json)
    return _make(settings, arguments)


def _make(settings: Settings, arguments: argparse.Namespace) -> int:
    if arguments.name and arguments.selector:
        raise WrongTextError("silence: a server or --select, not both")
    texts = {
        "metric": arguments.metric,
        "for": arguments.length,
        "weekly": arguments.weekly,
        "comment": arguments.comment,
    }
    # Looked at before anybody signs in.
    wanted = silence_of(texts, (None, arguments.selector), _now_ms(), zone_name(local_zone()))

    async def job(hub: Hub) -> int:
        server_id = named(await hub.rest.servers(), [arguments.name])[0].id if arguments.name else None
        fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        made = await hub.rest.alerts.create_silence(SilenceCreate(**{**fields, "server_id": server_id}))
        if arguments.json:
            say_json(made)
        else:
            until = "for ever" if made.ends_at >= ENDLESS[:4] else f"until {made.ends_at}"
            say(settings, f"silenced {until}; chatops silence --end {made.id[:SHORT_ID]} ends it")
        return ExitCode.DONE

    return with_hub(settings, job)


def _end(settings: Settings, typed: str, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        known = [one.id for one in await hub.rest.alerts.silences()]
        silence_id = whole_id(typed, known)
        await hub.rest.alerts.delete_silence(silence_id)
        if as_json:
            say_json({"id": silence_id, "ended": True})
        else:
            say(settings, "the silence has ended")
        return ExitCode.DONE

    return with_hub(settings, job)


def _show(settings: Settings, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        found = await hub.rest.alerts.silences()
        if as_json:
            say_json(found)
            return ExitCode.DONE
        names = {server.id: server.name for server in await hub.rest.servers()}
        rows = [_row(settings, one, names) for one in found]
        show_table(settings, _TITLES, rows, wraps="COMMENT", empty="no silences")
        return ExitCode.DONE

    return with_hub(settings, job)


def _row(settings: Settings, one: SilenceView, names: dict[str, str]) -> tuple[Text, ...]:
    return (
        drawn(settings, "●" if one.active else "○", "ok" if one.active else "off"),
        drawn(settings, one.id[:SHORT_ID], "muted"),
        drawn(settings, target_text(one.server_id, one.select, names) or "all", "strong"),
        drawn(settings, one.metric or "all"),
        drawn(settings, _moment(one.starts_at)),
        drawn(settings, "for ever" if one.ends_at >= ENDLESS[:4] else _moment(one.ends_at)),
        drawn(settings, alert_texts.weekly_text(one.weekly)),
        drawn(settings, one.comment, "muted"),
    )


def _moment(text: str) -> str:
    try:
        return moment(parse_ms(text), _now_ms(), local_zone())
    except (ValueError, OverflowError):
        return text


def _now_ms() -> int:
    return int(time.time() * 1000)
