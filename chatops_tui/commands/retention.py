"""`chatops retention`: how long the hub keeps samples, commands and events, and setting it."""

import argparse
from typing import Final

import msgspec

from chatops_tui.client.connect import Hub
from chatops_tui.commands.access_words import body, cells
from chatops_tui.commands.grid import show_table
from chatops_tui.commands.say import say_json
from chatops_tui.commands.sign_in import with_hub
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.retention_texts import TERMS, patch_of
from chatops_wire.rest_retention import RetentionPatch, RetentionView

_TITLES: Final = ("WHAT", "KEPT", "FROM", "FLAG")


def retention(settings: Settings, arguments: argparse.Namespace) -> int:
    """Show it, changed before where that was asked for; WrongTextError."""
    typed = {term.name: getattr(arguments, term.name) for term in TERMS}
    changes = patch_of({name: text for name, text in typed.items() if text is not None})
    patch = body(RetentionPatch, **changes)

    async def job(hub: Hub) -> int:
        access = hub.rest.access
        view = await (access.set_retention(patch) if changes else access.retention())
        if arguments.json:
            say_json(view)
        else:
            _show(settings, view)
        return ExitCode.DONE

    return with_hub(settings, job)


def _show(settings: Settings, view: RetentionView) -> None:
    now, flags = msgspec.to_builtins(view), msgspec.to_builtins(view.flags)
    rows = [
        cells(
            settings,
            term.label,
            term.said(now[term.name]),
            "set here" if term.name in view.set else "the flag",
            term.said(flags[term.name]),
        )
        for term in TERMS
    ]
    show_table(settings, _TITLES, rows, wraps="WHAT", empty="nothing is kept")
