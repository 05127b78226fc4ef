"""The commands that show how things are or were, by name: arguments to jobs."""

import argparse
from collections.abc import Callable
from typing import Final

from chatops_tui.commands import chart, status, top, web
from chatops_tui.commands.say import complain
from chatops_tui.commands.targets import UnknownServerError
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `overview_arguments.JOBS` that asks a hub, and return the exit status."""
    try:
        return _JOBS[arguments.job](settings, arguments)
    except UnknownServerError as exc:
        complain(str(exc))
        return ExitCode.REFUSED


_JOBS: Final[dict[str, Callable[[Settings, argparse.Namespace], int]]] = {
    "top": lambda settings, typed: top.show_top(settings, top.wanted_of(typed)),
    "watch": lambda settings, typed: top.watch(settings, top.wanted_of(typed)),
    "status": lambda settings, typed: status.show_status(settings, status.wanted_of(typed)),
    "chart": lambda settings, typed: chart.show_chart(settings, chart.wanted_of(typed)),
    "coverage": chart.show_coverage,
    "web": lambda settings, typed: web.serve(settings, web.wanted_of(typed)),
}
