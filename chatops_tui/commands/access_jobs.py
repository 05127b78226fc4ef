"""The commands about who and what is let in, by name: arguments to jobs."""

import argparse
from collections.abc import Callable
from typing import Final

from chatops_tui.commands import api_keys, enroll, grants, login_sessions, policy, ssh_keys, users
from chatops_tui.commands.ids import NoSuchOneError
from chatops_tui.commands.say import complain
from chatops_tui.commands.targets import UnknownServerError
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `access_arguments.JOBS` and return the exit status."""
    try:
        return _JOBS[arguments.job](settings, arguments)
    except WrongTextError as exc:
        complain(str(exc))
        return ExitCode.USAGE
    except (UnknownServerError, NoSuchOneError) as exc:
        complain(str(exc))
        return ExitCode.REFUSED


_JOBS: Final[dict[str, Callable[[Settings, argparse.Namespace], int]]] = {
    "api-keys": api_keys.api_keys,
    "enroll": enroll.enroll,
    "users": users.users,
    "grants": grants.grants,
    "sessions": login_sessions.sessions,
    "ssh-keys": ssh_keys.ssh_keys,
    "policy": policy.policy,
}
