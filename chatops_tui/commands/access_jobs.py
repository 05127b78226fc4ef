"""The commands about who and what is let in, by name: arguments to jobs."""

import argparse
from typing import Final

from chatops_tui.commands import (
    api_keys,
    changed_servers,
    enroll,
    grants,
    login_sessions,
    policy,
    retention,
    ssh_keys,
    users,
)
from chatops_tui.commands.typed_jobs import Job, run_typed
from chatops_tui.config import Settings


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `access_arguments.JOBS` and return the exit status."""
    return run_typed(_JOBS, settings, arguments)


_JOBS: Final[dict[str, Job]] = {
    "edit": changed_servers.edit,
    "remove": changed_servers.remove,
    "api-keys": api_keys.api_keys,
    "enroll": enroll.enroll,
    "users": users.users,
    "grants": grants.grants,
    "sessions": login_sessions.sessions,
    "ssh-keys": ssh_keys.ssh_keys,
    "policy": policy.policy,
    "retention": retention.retention,
}
