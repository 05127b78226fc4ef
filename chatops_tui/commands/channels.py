"""`chatops channels`: show, add, edit, remove, test where alerts are told."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import structs
from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.clock import local_zone, zone_name
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.ids import SHORT_ID, named_id
from chatops_tui.commands.say import complain, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.store.channel_texts import channel, patch, texts_of
from chatops_wire.rest_alerts import ChannelView

_TITLES: Final = (" ", "ID", "NAME", "ADDRESS", "FROM", "DELIVERED", "WAITING", "LAST ERROR")
_FLAGS: Final = ("name", "severity", "on", "repeat", "escalate_after", "escalate_to", "quiet", "ends")


def channels(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; WrongTextError, NoSuchOneError."""
    match arguments.deed:
        case "add":
            return _add(settings, arguments)
        case "edit":
            return _edit(settings, arguments)
        case "remove":
            return _remove(settings, arguments)
        case "test":
            return _test(settings, arguments)
        case _:
            return _show(settings, as_json=arguments.json)


def _show(settings: Settings, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        found = await hub.rest.alerts.channels()
        if as_json:
            say_json(found)
        else:
            rows = [_row(settings, one) for one in sorted(found, key=lambda one: one.name)]
            show_table(settings, _TITLES, rows, wraps="LAST ERROR", empty="no channels: nobody is told")
        return ExitCode.DONE

    return with_hub(settings, job)


def _add(settings: Settings, arguments: argparse.Namespace) -> int:
    texts = _typed(arguments)
    texts["url"] = _line_of_stdin() if arguments.address == "-" else arguments.address

    async def job(hub: Hub) -> int:
        names = await _names(hub)
        made = await hub.rest.alerts.create_channel(channel(texts, names, zone_name(local_zone())))
        return _told(settings, made, "added", as_json=arguments.json)

    return with_hub(settings, job)


def _edit(settings: Settings, arguments: argparse.Namespace) -> int:
    typed = _typed(arguments)
    if arguments.url_stdin:
        typed["url"] = _line_of_stdin()

    async def job(hub: Hub) -> int:
        known = {one.id: one for one in await hub.rest.alerts.channels()}
        names = {one.id: one.name for one in known.values()}
        before = known[named_id(arguments.which, names, "channel")]
        texts: dict[str, str] = {str(part): text for part, text in texts_of(before, names).items()}
        changes = patch(before, texts | typed, names, zone_name(local_zone()))
        if arguments.enabled is not None:
            changes = structs.replace(changes, enabled=arguments.enabled)
        made = await hub.rest.alerts.patch_channel(before.id, changes)
        return _told(settings, made, "changed", as_json=arguments.json)

    return with_hub(settings, job)


def _remove(settings: Settings, arguments: argparse.Namespace) -> int:
    async def job(hub: Hub) -> int:
        names = await _names(hub)
        # All of them are known before the first one goes.
        ids = [named_id(typed, names, "channel") for typed in dict.fromkeys(arguments.names)]
        for channel_id in ids:
            await hub.rest.alerts.delete_channel(channel_id)
        if arguments.json:
            say_json({"removed": ids})
        else:
            for channel_id in ids:
                say(settings, f"removed {names[channel_id]}")
        return ExitCode.DONE

    return with_hub(settings, job)


def _test(settings: Settings, arguments: argparse.Namespace) -> int:
    async def job(hub: Hub) -> int:
        names = await _names(hub)
        ids = [named_id(typed, names, "channel") for typed in dict.fromkeys(arguments.names)]
        results = {channel_id: await hub.rest.alerts.test_channel(channel_id) for channel_id in ids}
        if arguments.json:
            say_json(
                [{"id": one, "name": names[one], **structs.asdict(made)} for one, made in results.items()]
            )
        else:
            for channel_id, made in results.items():
                text = f"{names[channel_id]}: {made.message} ({made.duration_ms} ms)"
                if made.delivered:
                    say(settings, f"delivered to {text}")
                else:
                    complain(f"not delivered to {text}")
        is_done = all(made.delivered for made in results.values())
        return ExitCode.DONE if is_done else ExitCode.REFUSED

    return with_hub(settings, job)


def _told(settings: Settings, made: ChannelView, done: str, *, as_json: bool) -> int:
    if as_json:
        say_json(made)
    else:
        say(settings, f"{done}: {made.name}, {made.url}, from {made.min_severity} on")
    return ExitCode.DONE


def _row(settings: Settings, one: ChannelView) -> Sequence[Text]:
    return (
        _mark(settings, one),
        drawn(settings, one.id[:SHORT_ID], "muted"),
        drawn(settings, one.name, "strong"),
        drawn(settings, one.url),
        drawn(settings, one.min_severity),
        drawn(settings, one.last_delivered_at or "never", "muted"),
        drawn(settings, str(one.waiting or ""), "warn"),
        drawn(settings, one.last_error or "", "crit"),
    )


def _mark(settings: Settings, one: ChannelView) -> Text:
    if not one.enabled:
        return drawn(settings, "○", "off")
    return drawn(settings, "✖", "crit") if one.last_error else drawn(settings, "●", "ok")


async def _names(hub: Hub) -> dict[str, str]:
    return {one.id: one.name for one in await hub.rest.alerts.channels()}


def _typed(arguments: argparse.Namespace) -> dict[str, str]:
    """Return the parts that were typed; an empty one takes away what was."""
    values: Mapping[str, str | None] = {name: getattr(arguments, name, None) for name in _FLAGS}
    return {name: value for name, value in values.items() if value is not None}


def _line_of_stdin() -> str:
    line = sys.stdin.readline().strip()
    if not line:
        raise WrongTextError("address: nothing has come from standard input")
    return line
