"""`chatops plan` and `chatops apply`: the thresholds of a file against those of the hub."""

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubRefusedError
from chatops_tui.commands.grid import say
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.thresholds import server_names
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.store.targets import target_text
from chatops_tui.store.threshold_plan import Plan, plan, wanted
from chatops_tui.store.threshold_texts import changed_fields, sentence
from chatops_wire.rest_alerts import ThresholdCreate, ThresholdView


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which file, and whether it is only looked at."""

    file: str
    applies: bool
    prunes: bool
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed."""
    return Wanted(arguments.file, arguments.job == "apply", arguments.prune, arguments.json)


def plan_or_apply(settings: Settings, chosen: Wanted) -> int:
    """Show what differs, and if that is wanted make it so; WrongTextError."""
    document = _read(chosen.file)
    # Looked at before anybody signs in, as far as that is possible without the names of servers.
    wanted(_without_places(document), {})

    async def job(hub: Hub) -> int:
        names = await server_names(hub)
        described = wanted(document, names)
        found = plan(described, await hub.rest.alerts.thresholds())
        await _check(hub, described)
        doomed = tuple(one for one in found.unmanaged if one.may_change) if chosen.prunes else ()
        if not chosen.as_json:
            _say_plan(settings, found, doomed, names)
        if chosen.applies:
            await _apply(hub, found, doomed)
        if chosen.as_json:
            say_json(_described(found, doomed, applied=chosen.applies))
        elif chosen.applies and (doomed or not found.is_empty):
            say(settings, "applied")
        return ExitCode.DONE

    return with_hub(settings, job)


async def _check(hub: Hub, described: Sequence[ThresholdCreate]) -> None:
    """Have the hub look at all of them before the first is changed; WrongTextError."""
    for one in described:
        try:
            await hub.rest.alerts.check_threshold(one)
        except HubRefusedError as exc:
            if exc.status != HTTPStatus.BAD_REQUEST:
                raise
            raise WrongTextError(f"{one.name!r}: {exc.refusal.detail}") from exc


async def _apply(hub: Hub, found: Plan, doomed: tuple[ThresholdView, ...]) -> None:
    calls = hub.rest.alerts
    for made in found.create:
        await calls.create_threshold(made)
    for change in found.change:
        await calls.patch_threshold(change.before.id, change.patch)
    for one in doomed:
        await calls.delete_threshold(one.id)


def _say_plan(
    settings: Settings, found: Plan, doomed: tuple[ThresholdView, ...], names: Mapping[str, str]
) -> None:
    for made in found.create:
        say(settings, f"+ {made.name}: {_line(made, names)}")
    for change in found.change:
        say(settings, f"~ {change.before.name}")
        for name, (before, after) in change.fields.items():
            say(settings, f"    {name}: {_value(before)} -> {_value(after)}")
    for one in doomed:
        say(settings, f"- {one.name or one.id}: {_line(one, names)}")
    kept = [one for one in found.unmanaged if one not in doomed]
    for one in kept:
        say(settings, f"? {one.name or one.id}: {_line(one, names)} (not in the file; stays)")
    counts = (
        f"{len(found.create)} to add, {len(found.change)} to change, {len(doomed)} to remove, "
        f"{len(found.same)} as they are, {len(kept)} not in the file"
    )
    say(settings, counts)


def _described(found: Plan, doomed: tuple[ThresholdView, ...], *, applied: bool) -> dict[str, Any]:
    return {
        "applied": applied,
        "create": found.create,
        "change": [
            {"id": one.before.id, "name": one.before.name, "fields": changed_fields(one.patch)}
            for one in found.change
        ],
        "remove": [one.id for one in doomed],
        "same": [one.id for one in found.same],
        "unmanaged": [{"id": one.id, "name": one.name} for one in found.unmanaged if one not in doomed],
    }


def _line(one: ThresholdCreate, names: Mapping[str, str]) -> str:
    where = target_text(one.server_id, one.select, names)
    return (
        f"{one.severity}, {sentence(one)}{f', on {where}' if where else ''}{'' if one.enabled else ', off'}"
    )


def _value(value: object) -> str:
    return "none" if value in (None, "") else str(value)


def _read(file: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no UTF-8"
        raise WrongTextError(f"{file} cannot be read: {reason}") from exc
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise WrongTextError(f"{file} is no TOML: {exc}") from exc


def _without_places(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as if every threshold were for all servers."""

    def without(entry: object) -> object:
        if not isinstance(entry, dict):
            return entry
        return {key: value for key, value in entry.items() if key not in {"server", "on"}}

    return {
        table: [without(entry) for entry in entries] if isinstance(entries, list) else entries
        for table, entries in document.items()
    }
