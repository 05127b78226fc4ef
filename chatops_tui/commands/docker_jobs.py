"""The commands about containers, by name: arguments to jobs."""

import argparse
from typing import Final

from chatops_tui.commands import containers, docker
from chatops_tui.commands.typed_jobs import Job, run_typed
from chatops_tui.config import Settings


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `docker_arguments.JOBS` and return the exit status."""
    return run_typed(_JOBS, settings, arguments)


_JOBS: Final[dict[str, Job]] = {
    "containers": lambda settings, typed: containers.show_containers(settings, containers.wanted_of(typed)),
    "docker": lambda settings, typed: docker.handle_docker(settings, docker.wanted_of(typed)),
}
