"""`chatops grants`: who else may see or operate a server."""

import argparse
from typing import Final

from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import cells, day
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode

_TITLES: Final = ("USER", "ROLE", "SINCE")


def grants(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; UnknownServerError."""

    async def job(hub: Hub) -> int:
        [server] = named(await hub.rest.servers(), [arguments.server])
        access = hub.rest.access
        if arguments.deed == "set":
            made = await access.grant(server.id, arguments.user, arguments.role)
            told, shown = f"{made.username} is {made.role} on {server.name}", made
        elif arguments.deed == "remove":
            await access.take_grant(server.id, arguments.user)
            told, shown = f"{arguments.user} has no grant on {server.name} any more", None
        else:
            found = await access.grants(server.id)
            if arguments.json:
                say_json(found)
                return ExitCode.DONE
            rows = [cells(settings, one.username, one.role, day(one.created_at)) for one in found]
            show_table(settings, _TITLES, rows, wraps="USER", empty="nobody else: only its owner and admins")
            return ExitCode.DONE
        if arguments.json:
            say_json(shown if shown is not None else {"server_id": server.id, "user": arguments.user})
        else:
            say(settings, told)
        return ExitCode.DONE

    return with_hub(settings, job)
