"""`chatops edit` and `chatops remove`: another name or other tags for a server, or its end."""

import argparse

from msgspec import UNSET, UnsetType

from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import body
from chatops_tui.commands.grid import say
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError
from chatops_wire.rest import ServerPatch, ServerView


def edit(settings: Settings, arguments: argparse.Namespace) -> int:
    """Change one; WrongTextError, UnknownServerError."""
    if arguments.name is None and not arguments.tags and not arguments.untags:
        raise WrongTextError("edit: say what is to change: --name, --tag, --untag")
    # Checked before anybody is asked.
    fields = {} if arguments.name is None else {"name": arguments.name}
    body(ServerPatch, **fields, tags=arguments.tags)

    async def job(hub: Hub) -> int:
        [server] = named(await hub.rest.servers(), [arguments.server])
        tags = _tags(server, arguments)
        made = await hub.rest.patch_server(server.id, body(ServerPatch, **fields, **_given(tags)))
        if arguments.json:
            say_json(made)
        else:
            say(settings, f"{made.name}: {', '.join(made.tags) or 'no tags'}")
        return ExitCode.DONE

    return with_hub(settings, job)


def remove(settings: Settings, arguments: argparse.Namespace) -> int:
    """Remove all that are named, or none where one of them is unknown; UnknownServerError."""

    async def job(hub: Hub) -> int:
        servers = named(await hub.rest.servers(), arguments.servers)
        for server in servers:
            await hub.rest.delete_server(server.id)
            if not arguments.json:
                say(settings, f"{server.name}: removed")
        if arguments.json:
            say_json({"servers": [server.id for server in servers]})
        return ExitCode.DONE

    return with_hub(settings, job)


def _tags(server: ServerView, arguments: argparse.Namespace) -> list[str] | UnsetType:
    if not arguments.tags and not arguments.untags:
        return UNSET
    kept = [tag for tag in server.tags if tag not in arguments.untags]
    return list(dict.fromkeys((*kept, *arguments.tags)))


def _given(tags: list[str] | UnsetType) -> dict[str, object]:
    return {} if isinstance(tags, UnsetType) else {"tags": tags}
