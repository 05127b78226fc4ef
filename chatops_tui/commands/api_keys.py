"""`chatops api-keys`: show, make, rotate, revoke what agents are let in with."""

import argparse
from collections.abc import Mapping
from typing import Final

from rich.text import Text

from chatops_tui.agent_line import agent_line, place
from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import body, cells, day, whole_ids, whole_seconds
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.rest import ApiKeyCreate, ApiKeyView

_TITLES: Final = ("ID", "SERVER", "NAME", "STATE", "CREATED", "LAST USED", "EXPIRES")


def api_keys(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; WrongTextError, NoSuchOneError, UnknownServerError."""
    match arguments.deed:
        case "new":
            return _make(settings, arguments)
        case "rotate" | "revoke":
            return _change(settings, arguments)
        case _:
            return _show(settings, arguments.server, as_json=arguments.json)


def _show(settings: Settings, server: str, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        servers = await hub.rest.servers()
        server_id = named(servers, [server])[0].id if server else ""
        found = await hub.rest.access.keys(server_id)
        if as_json:
            say_json(found)
            return ExitCode.DONE
        names = {each.id: each.name for each in servers}
        show_table(
            settings, _TITLES, [_row(settings, key, names) for key in found], wraps="NAME", empty="no keys"
        )
        return ExitCode.DONE

    return with_hub(settings, job)


def _make(settings: Settings, arguments: argparse.Namespace) -> int:
    expires_in_s = whole_seconds(arguments.expires)

    async def job(hub: Hub) -> int:
        [server] = named(await hub.rest.servers(), [arguments.server])
        wanted = body(
            ApiKeyCreate,
            server_id=server.id,
            name=arguments.name,
            expires_in_s=expires_in_s,
            auto_rotate=arguments.auto_rotate,
        )
        made = await hub.rest.access.make_key(wanted)
        if arguments.json:
            say_json(made)
            return ExitCode.DONE
        say(settings, f"a key for {server.name}, shown this once:")
        say(settings, f"  {made.key}")
        say(settings, f"run {place()}:")
        say(settings, f"  {agent_line(settings.url, made.key, pin=settings.tls_pin)}")
        return ExitCode.DONE

    return with_hub(settings, job)


def _change(settings: Settings, arguments: argparse.Namespace) -> int:
    async def job(hub: Hub) -> int:
        known = [key.id for key in await hub.rest.access.keys()]
        done = []
        for key_id in whole_ids(arguments.ids, known):
            if arguments.deed == "rotate":
                view = await hub.rest.access.rotate_key(key_id)
                done.append(view)
                text = "is offered to its agent" if view.rotation == "offered" else "waits for its agent"
                told = f"{key_id}: the next key {text}"
            else:
                await hub.rest.access.revoke_key(key_id)
                told = f"{key_id}: revoked"
            if not arguments.json:
                say(settings, told)
        if arguments.json:
            say_json(done or {"revoked": whole_ids(arguments.ids, known)})
        return ExitCode.DONE

    return with_hub(settings, job)


def _row(settings: Settings, key: ApiKeyView, names: Mapping[str, str]) -> list[Text]:
    name, server = key.name, names.get(key.server_id, key.server_id)
    moments = (day(key.created_at), day(key.last_used_at), day(key.expires_at))
    return cells(
        settings, key.id, server, name, state_of(key), *moments, ink="text" if key.active else "muted"
    )


def state_of(key: ApiKeyView) -> str:
    """Return how a key stands, in a word or two."""
    if key.revoked_at is not None:
        return "revoked"
    if not key.active:
        return "expired"
    if key.rotation == "next":
        return "next"
    used = "in use" if key.in_use else "good"
    return f"{used}, next {key.rotation}" if key.rotation else used
