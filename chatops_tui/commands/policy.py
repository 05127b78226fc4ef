"""`chatops policy`: what may be asked of a machine, and doing without a part of it."""

import argparse
from dataclasses import dataclass
from typing import cast, get_args

from chatops_tui.client.connect import Hub
from chatops_tui.commands.say import console, drawn, say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.commands.targets import named
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.render.policy import badge, lines
from chatops_wire.policy import Allowance, PolicyPatch, PolicyView, summary_of
from chatops_wire.rest import ServerPatch, ServerView

_NONE = "none"
_LABEL_WIDTH = 11


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked, or changed."""

    server: str
    patch: PolicyPatch | None
    """None: only shown."""
    as_json: bool


def wanted_of(arguments: argparse.Namespace) -> Wanted:
    """Return what was typed."""
    patch = None
    if arguments.lift:
        patch = PolicyPatch(allowed=None)
    elif arguments.allow is not None:
        patch = PolicyPatch(allowed=arguments.allow)
    return Wanted(arguments.server, patch, arguments.json)


def allowances(text: str) -> tuple[Allowance, ...]:
    """Return the allowances of a list with commas; `none` or nothing is none of them.

    Raises:
        argparse.ArgumentTypeError: One is no allowance.
    """
    words = tuple(dict.fromkeys(word for word in text.replace(",", " ").split() if word != _NONE))
    known = get_args(Allowance)
    wrong = next((word for word in words if word not in known), None)
    if wrong is not None:
        raise argparse.ArgumentTypeError(f"{wrong!r} is none of {', '.join(known)}, {_NONE}")
    return cast("tuple[Allowance, ...]", words)  # each is one, as was just looked up


def policy(settings: Settings, arguments: argparse.Namespace) -> int:
    """Show it, changed before where that was asked for; return the exit status.

    Raises:
        UnknownServerError: No server is called that.
    """
    wanted = wanted_of(arguments)

    async def job(hub: Hub) -> int:
        [server] = named(await hub.rest.servers(), [wanted.server])
        if wanted.patch is not None:
            server = await hub.rest.patch_server(server.id, ServerPatch(policy=wanted.patch))
        view = await hub.rest.policy(server.id)
        if wanted.as_json:
            say_json(view)
        else:
            _show(settings, server, view)
        return ExitCode.DONE

    return with_hub(settings, job)


def _show(settings: Settings, server: ServerView, view: PolicyView) -> None:
    out = console(settings)
    title = drawn(settings, f"{server.name}  ", "strong")
    for text, ink in badge(view.capabilities, summary_of(view)):
        title.append_text(drawn(settings, text, ink))
    out.print(title, soft_wrap=True)
    for label, value in lines(view):
        for number, part in enumerate(value.split("\n")):
            told = drawn(settings, f"{label if number == 0 else '':<{_LABEL_WIDTH}}", "muted")
            out.print(told.append_text(drawn(settings, part)), soft_wrap=True)
