"""`chatops enroll`: let new machines in by one line."""

import argparse
from typing import Final

from rich.text import Text

from chatops_tui.agent_line import enroll_line, place, reach_hint
from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import body, cells, day, whole_ids, whole_seconds
from chatops_tui.commands.grid import say, show_table
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_wire.rest_enrolment import EnrollTokenCreate, EnrollTokenView

_TITLES: Final = ("ID", "NAME", "STATE", "USES", "EXPIRES", "TAGS")


def enroll(settings: Settings, arguments: argparse.Namespace) -> int:
    """Do what was typed; WrongTextError, NoSuchOneError."""
    match arguments.deed:
        case "new":
            return _make(settings, arguments)
        case "revoke":
            return _revoke(settings, arguments)
        case _:
            return _show(settings, as_json=arguments.json)


def _show(settings: Settings, *, as_json: bool) -> int:
    async def job(hub: Hub) -> int:
        found = await hub.rest.access.enroll_tokens()
        if as_json:
            say_json(found)
        else:
            rows = [_row(settings, token) for token in found]
            show_table(
                settings, _TITLES, rows, wraps="TAGS", empty="no tokens: `chatops enroll new` makes one"
            )
        return ExitCode.DONE

    return with_hub(settings, job)


def _make(settings: Settings, arguments: argparse.Namespace) -> int:
    wanted = body(
        EnrollTokenCreate,
        name=arguments.name,
        tags=arguments.tags,
        max_uses=arguments.uses,
        expires_in_s=whole_seconds(arguments.expires),
        key_expires_in_s=whole_seconds(arguments.key_expires),
        key_auto_rotate=arguments.auto_rotate,
    )

    async def job(hub: Hub) -> int:
        made = await hub.rest.access.make_enroll_token(wanted)
        line = enroll_line(settings.url, made.line, pin=settings.tls_pin)
        if arguments.json:
            say_json({"token": made, "run": line, "url": settings.url})
            return ExitCode.DONE
        machines = "one machine" if made.max_uses == 1 else f"{made.max_uses} machines"
        say(settings, f"for {machines}, until {day(made.expires_at)} UTC; shown this once. Run {place()}:")
        say(settings, f"  {line}")
        hint = reach_hint(settings.url)
        if hint:
            say(settings, hint)
        return ExitCode.DONE

    return with_hub(settings, job)


def _revoke(settings: Settings, arguments: argparse.Namespace) -> int:
    async def job(hub: Hub) -> int:
        known = [token.id for token in await hub.rest.access.enroll_tokens()]
        ids = whole_ids(arguments.ids, known)
        for token_id in ids:
            await hub.rest.access.revoke_enroll_token(token_id)
            if not arguments.json:
                say(settings, f"{token_id}: revoked")
        if arguments.json:
            say_json({"revoked": ids})
        return ExitCode.DONE

    return with_hub(settings, job)


def _row(settings: Settings, token: EnrollTokenView) -> list[Text]:
    if token.revoked_at is not None:
        state = "revoked"
    elif token.uses >= token.max_uses:
        state = "used up"
    else:
        state = "good" if token.active else "expired"
    uses, tags = f"{token.uses} of {token.max_uses}", " ".join(token.tags)
    columns = (token.id, token.name, state, uses, day(token.expires_at), tags)
    return cells(settings, *columns, ink="text" if token.active else "muted")
