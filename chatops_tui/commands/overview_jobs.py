"""The commands that show how things are or were, by name: arguments to jobs."""

import argparse
from typing import Final

from chatops_tui.commands import chart, status, top, web
from chatops_tui.commands.typed_jobs import Job, run_typed
from chatops_tui.config import Settings


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `overview_arguments.JOBS` that asks a hub, and return the exit status."""
    return run_typed(_JOBS, settings, arguments)


_JOBS: Final[dict[str, Job]] = {
    "top": lambda settings, typed: top.show_top(settings, top.wanted_of(typed)),
    "watch": lambda settings, typed: top.watch(settings, top.wanted_of(typed)),
    "status": lambda settings, typed: status.show_status(settings, status.wanted_of(typed)),
    "chart": lambda settings, typed: chart.show_chart(settings, chart.wanted_of(typed)),
    "coverage": chart.show_coverage,
    "web": lambda settings, typed: web.serve(settings, web.wanted_of(typed)),
}
