"""One job out of a table of them, and what it refuses said in a line."""

import argparse
from collections.abc import Callable, Mapping

from chatops_tui.commands.ids import NoSuchOneError
from chatops_tui.commands.say import complain
from chatops_tui.commands.targets import UnknownServerError
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError

Job = Callable[[Settings, argparse.Namespace], int]


def run_typed(jobs: Mapping[str, Job], settings: Settings, arguments: argparse.Namespace) -> int:
    """Run what `arguments.job` names, which `jobs` must hold, and return the exit status."""
    try:
        return jobs[arguments.job](settings, arguments)
    except WrongTextError as exc:
        complain(str(exc))
        return ExitCode.USAGE
    except (UnknownServerError, NoSuchOneError) as exc:
        complain(str(exc))
        return ExitCode.REFUSED
