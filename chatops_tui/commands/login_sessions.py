"""`chatops sessions`: show and end one's own logins."""

import argparse
from typing import Final

from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import cells, day, whole_ids
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError

_TITLES: Final = ("ID", "FROM", "PROGRAM", "BEGUN", "LAST USED", "")


def sessions(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; WrongTextError, NoSuchOneError."""
    if arguments.deed == "end":
        return _end(settings, arguments)
    return _show(settings, as_json=arguments.json)


def _show(settings: Settings, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        found = await hub.rest.access.sessions()
        if as_json:
            say_json(found)
            return ExitCode.DONE
        rows = []
        for one in found:
            moments, mark = (day(one.created_at), day(one.last_used_at)), "this one" if one.current else ""
            rows.append(cells(settings, one.id, one.address or "-", one.program, *moments, mark))
        show_table(settings, _TITLES, rows, wraps="PROGRAM", empty="no sessions")
        return ExitCode.DONE

    return with_hub(settings, job)


def _end(settings: Settings, arguments: argparse.Namespace) -> int:
    if bool(arguments.ids) == arguments.others:
        raise WrongTextError("name sessions to end, or --others")

    async def job(hub: Hub) -> int:
        found = await hub.rest.access.sessions()
        others = [one.id for one in found if not one.current]
        ids = others if arguments.others else whole_ids(arguments.ids, [one.id for one in found])
        for session_id in ids:
            await hub.rest.access.end_session(session_id)
            if not arguments.json:
                say(settings, f"{session_id}: ended")
        if arguments.json:
            say_json({"ended": ids})
        return ExitCode.DONE

    return with_hub(settings, job)
