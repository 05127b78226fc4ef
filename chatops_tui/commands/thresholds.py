"""`chatops thresholds`: show, add, edit, remove what makes alerts fire, and try one on the last day."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import structs
from rich.text import Text

from chatops_tui.client.connect import Hub
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.ids import SHORT_ID, named_id
from chatops_tui.commands.say import drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render import numbers
from chatops_tui.render.alerts import amount, severity_ink, severity_mark
from chatops_tui.store.targets import target, target_text
from chatops_tui.store.threshold_texts import (
    Part,
    Target,
    changed_fields,
    difference,
    sentence,
    texts_of,
    threshold,
)
from chatops_wire.rest_alerts import Preview, PreviewCreate, ThresholdCreate, ThresholdView

_TITLES: Final = (" ", "ID", "NAME", "FIRES WHEN", "SERVERS", "ON")
# The flag that says each part, where it is not called the same.
_FLAGS: Final[Mapping[Part, str]] = {"for": "for_"}
_PARTS_OF_FLAGS: Final[tuple[Part, ...]] = (
    "name",
    "when",
    "on",
    "severity",
    "for",
    "clear",
    "keep_firing",
    "window",
    "no_data",
    "runbook",
)


def thresholds(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; WrongTextError, NoSuchOneError."""
    match arguments.deed:
        case "add":
            return _add(settings, arguments)
        case "edit":
            return _edit(settings, arguments)
        case "remove":
            return _remove(settings, arguments)
        case "preview":
            return _preview(settings, arguments)
        case _:
            return _show(settings, as_json=arguments.json)


def _show(settings: Settings, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        found = await hub.rest.alerts.thresholds()
        if as_json:
            say_json(found)
            return ExitCode.DONE
        names = await server_names(hub)
        ordered = sorted(found, key=lambda one: (one.metric, one.severity, one.name))
        rows = [_row(settings, one, names) for one in ordered]
        show_table(settings, _TITLES, rows, wraps="FIRES WHEN", empty="no thresholds: nothing is watched")
        return ExitCode.DONE

    return with_hub(settings, job)


def _add(settings: Settings, arguments: argparse.Namespace) -> int:
    texts = _typed(arguments)
    # Looked at before anybody signs in.
    threshold(texts, _anywhere)

    async def job(hub: Hub) -> int:
        wanted = await _wanted(hub, texts)
        enabled = wanted.enabled if arguments.enabled is None else arguments.enabled
        made = await hub.rest.alerts.create_threshold(structs.replace(wanted, enabled=enabled))
        return _told(settings, made, "added", as_json=arguments.json)

    return with_hub(settings, job)


def _edit(settings: Settings, arguments: argparse.Namespace) -> int:
    typed = _typed(arguments)

    async def job(hub: Hub) -> int:
        known = {one.id: one for one in await hub.rest.alerts.thresholds()}
        names = {one.id: one.name for one in known.values()}
        before = known[named_id(arguments.which, names, "threshold")]
        servers = await server_names(hub)
        name = "" if before.server_id is None else servers.get(before.server_id, before.server_id)
        wanted = threshold({**texts_of(before, name), **typed}, lambda text: target(text, servers))
        enabled = before.enabled if arguments.enabled is None else arguments.enabled
        patch = difference(before, structs.replace(wanted, enabled=enabled))
        if not changed_fields(patch):
            return _told(settings, before, "is so already", as_json=arguments.json)
        made = await hub.rest.alerts.patch_threshold(before.id, patch)
        return _told(settings, made, "changed", as_json=arguments.json)

    return with_hub(settings, job)


def _remove(settings: Settings, arguments: argparse.Namespace) -> int:
    async def job(hub: Hub) -> int:
        names = {one.id: one.name for one in await hub.rest.alerts.thresholds()}
        # All of them are known before the first one goes.
        ids = [named_id(typed, names, "threshold") for typed in dict.fromkeys(arguments.names)]
        for threshold_id in ids:
            await hub.rest.alerts.delete_threshold(threshold_id)
        if arguments.json:
            say_json({"removed": ids})
        else:
            for threshold_id in ids:
                say(settings, f"removed {names[threshold_id] or threshold_id}")
        return ExitCode.DONE

    return with_hub(settings, job)


def _preview(settings: Settings, arguments: argparse.Namespace) -> int:
    texts = _typed(arguments)
    threshold(texts, _anywhere)

    async def job(hub: Hub) -> int:
        wanted = await _wanted(hub, texts)
        found = await hub.rest.alerts.preview(PreviewCreate(threshold=wanted, hours=arguments.hours))
        if arguments.json:
            say_json(found)
        else:
            _say_preview(settings, found, wanted, await server_names(hub))
        return ExitCode.DONE

    return with_hub(settings, job)


def _say_preview(
    settings: Settings, found: Preview, wanted: ThresholdCreate, names: Mapping[str, str]
) -> None:
    times = "once" if found.times == 1 else f"{found.times} times"
    lasted = numbers.duration_long(found.seconds)
    fired = f"would have fired {times}, {lasted} in all" if found.times else "would not have fired"
    say(settings, f"{sentence(wanted)}: {fired}, on {found.servers} servers")
    for episode in found.episodes:
        until = f"until {episode.ended_at}" if episode.ended_at else "and still would"
        where = names.get(episode.server_id, episode.server_id)
        say(
            settings, f"  {episode.started_at} {where} {until}, at most {amount(wanted.metric, episode.peak)}"
        )


def _told(settings: Settings, made: ThresholdView, done: str, *, as_json: bool) -> int:
    if as_json:
        say_json(made)
    else:
        say(settings, f"{done}: {made.name or made.id[:SHORT_ID]}: {sentence(made)}")
    return ExitCode.DONE


def _row(settings: Settings, one: ThresholdView, names: Mapping[str, str]) -> Sequence[Text]:
    return (
        drawn(settings, severity_mark(one.severity), severity_ink(one.severity) if one.enabled else "off"),
        drawn(settings, one.id[:SHORT_ID], "muted"),
        drawn(settings, one.name, "strong"),
        drawn(settings, sentence(one), "text" if one.enabled else "off"),
        drawn(settings, target_text(one.server_id, one.select, names) or "all"),
        drawn(settings, "yes" if one.enabled else "no", "ok" if one.enabled else "off"),
    )


async def server_names(hub: Hub) -> dict[str, str]:
    """Return the names of the servers the user sees, by id."""
    return {server.id: server.name for server in await hub.rest.servers()}


async def _wanted(hub: Hub, texts: Mapping[Part, str]) -> ThresholdCreate:
    names = await server_names(hub)
    return threshold(texts, lambda text: target(text, names))


def _anywhere(text: str) -> Target:
    return None, text


def _typed(arguments: argparse.Namespace) -> dict[Part, str]:
    """Return the parts that were typed; an empty one takes away what was."""
    values = {part: getattr(arguments, _FLAGS.get(part, part), None) for part in _PARTS_OF_FLAGS}
    return {part: value for part, value in values.items() if value is not None}
