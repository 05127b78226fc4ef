"""The commands about containers, by name: arguments to jobs."""

import argparse

from chatops_tui.commands.containers import show_containers
from chatops_tui.commands.containers import wanted_of as containers_wanted
from chatops_tui.commands.docker import handle_docker
from chatops_tui.commands.docker import wanted_of as docker_wanted
from chatops_tui.commands.say import complain
from chatops_tui.commands.targets import UnknownServerError
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `docker_arguments.JOBS` and return the exit status."""
    try:
        if arguments.job == "containers":
            return show_containers(settings, containers_wanted(arguments))
        return handle_docker(settings, docker_wanted(arguments))
    except UnknownServerError as exc:
        complain(str(exc))
        return ExitCode.REFUSED
