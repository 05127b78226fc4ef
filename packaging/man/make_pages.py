"""Writes the man pages of the three programs out of their own parsers: `make man`."""

import argparse
import sys
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Final

from argparse_manpage.manpage import Manpage

from chatops_agent.cli import _parser as agent_parser
from chatops_server.cli import _parser as server_parser
from chatops_tui.arguments import _parser as ui_parser
from chatops_wire.version import VERSION

HERE: Final = Path(__file__).parent
PROGRAMS: Final[dict[str, tuple[Callable[[], argparse.ArgumentParser], str]]] = {
    "chatops": (ui_parser, "a control room for your machines, in the terminal"),
    "chatops-agent": (agent_parser, "sends what a machine does to a ChatOps hub"),
    "chatops-server": (server_parser, "the hub of ChatOps"),
}
_SETTINGS: Final = "settings"
_SEE_ALSO: Final = ".SH SEE ALSO\n.BR chatops (1),\n.BR chatops\\-agent (1),\n.BR chatops\\-server (1)\n"


def page(name: str) -> str:
    """Return the page of a program; what every command of `chatops` takes stands there once."""
    make, purpose = PROGRAMS[name]
    parser = make()
    parser.prog = name
    parser.man_short_description = purpose  # type: ignore[attr-defined] # what argparse-manpage looks for
    for child in _children(parser):
        _leave_out_settings(child)
    made = Manpage(parser)
    made.manual = "ChatOps"
    made.source = f"ChatOps {VERSION}"
    # A date would make every build another page.
    made.date = ""
    lines = str(made).rstrip().split("\n")
    # A line that begins so would be a command of troff.
    return "\n".join([f"\\&{line}" if line.startswith("'") else line for line in lines]) + f"\n{_SEE_ALSO}"


def _children(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    found = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to look at a parser
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for child in dict.fromkeys(action.choices.values()):
                found += [child, *_children(child)]
    return found


def _leave_out_settings(parser: argparse.ArgumentParser) -> None:
    for group in parser._action_groups:  # noqa: SLF001 - likewise
        if group.title != _SETTINGS:
            continue
        for at, action in enumerate(group._group_actions):  # noqa: SLF001 - likewise
            # A copy: the parsers share these.
            hidden = copy(action)
            hidden.help = argparse.SUPPRESS
            group._group_actions[at] = hidden  # noqa: SLF001 - likewise
            parser._actions[parser._actions.index(action)] = hidden  # noqa: SLF001 - likewise


def main() -> int:
    """Write them all and return the exit status."""
    for name in PROGRAMS:
        (HERE / f"{name}.1").write_text(page(name), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
