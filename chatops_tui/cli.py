"""The `chatops` command: arguments to jobs. Imports nothing heavy, so that --help answers at once."""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chatops_tui.access_arguments import JOBS as ACCESS_JOBS
from chatops_tui.alert_arguments import JOBS
from chatops_tui.arguments import parsed
from chatops_tui.docker_arguments import JOBS as DOCKER_JOBS
from chatops_tui.exit_code import ExitCode
from chatops_tui.overview_arguments import JOBS as OVERVIEW_JOBS

if TYPE_CHECKING:
    from chatops_tui.config import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; argparse itself exits with 0 or 2."""
    arguments = parsed(sys.argv[1:] if argv is None else argv)
    try:
        status = int(_run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return ExitCode.BROKEN_PIPE
    except OSError as exc:
        if exc.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EIO}:
            raise
        _forget_stdout()
        sys.stderr.write(f"chatops: what was to be printed cannot be written: {exc.strerror}\n")
        return ExitCode.REFUSED
    return status


def _run(arguments: argparse.Namespace) -> int:
    # Imported here and below: what a job needs takes longer than --help should.
    from chatops_tui.commands.say import complain  # noqa: PLC0415 - see above
    from chatops_tui.config import load  # noqa: PLC0415 - likewise
    from chatops_wire.settings import SettingError  # noqa: PLC0415 - likewise

    try:
        settings = load(vars(arguments))
        if arguments.job in JOBS:
            from chatops_tui.commands import alert_jobs  # noqa: PLC0415 - likewise

            return alert_jobs.run(settings, arguments)
        if arguments.job in ACCESS_JOBS:
            from chatops_tui.commands import access_jobs  # noqa: PLC0415 - likewise

            return access_jobs.run(settings, arguments)
        if arguments.job in DOCKER_JOBS:
            from chatops_tui.commands import docker_jobs  # noqa: PLC0415 - likewise

            return docker_jobs.run(settings, arguments)
        if arguments.job in OVERVIEW_JOBS:
            return _overview_job(settings, arguments)
        return _job(settings, arguments)
    except SettingError as exc:
        complain(str(exc))
        return ExitCode.USAGE


def _overview_job(settings: "Settings", arguments: argparse.Namespace) -> int:
    if arguments.job == "completion":
        from chatops_tui.completion import shell_code  # noqa: PLC0415 - see above

        sys.stdout.write(shell_code(arguments.shell))
        return ExitCode.DONE
    from chatops_tui.commands import overview_jobs  # noqa: PLC0415 - likewise

    return overview_jobs.run(settings, arguments)


def _job(settings: "Settings", arguments: argparse.Namespace) -> int:
    match arguments.job:
        case "login":
            from chatops_tui.commands.login import login  # noqa: PLC0415 - see above

            return login(settings, as_json=arguments.json)
        case "servers":
            from chatops_tui.commands.servers import show_servers  # noqa: PLC0415 - likewise

            return show_servers(settings, as_json=arguments.json)
        case "add":
            from chatops_tui.commands.add import add_server  # noqa: PLC0415 - likewise

            return add_server(settings, arguments.name, arguments.tags, as_json=arguments.json)
        case "exec" | "shell" | "logs" | "history" | "keys" | "recordings" | "play":
            return _more_jobs(settings, arguments)
        case "doctor" | "demo":
            return _local_job(settings, arguments)
        case _:
            from chatops_tui.launch import open_ui  # noqa: PLC0415 - likewise

            return open_ui(settings, arguments.place)


def _local_job(settings: "Settings", arguments: argparse.Namespace) -> int:
    """Do what needs no hub of anybody's."""
    if arguments.job == "doctor":
        from chatops_tui.commands.doctor import show_terminal  # noqa: PLC0415 - likewise

        return show_terminal(settings, as_json=arguments.json)
    from chatops_tui.demo.run import DemoPlan, run_demo  # noqa: PLC0415 - likewise

    headless = arguments.headless or arguments.json
    return run_demo(settings, DemoPlan(headless, arguments.port, arguments.data_dir))


def _more_jobs(settings: "Settings", arguments: argparse.Namespace) -> int:
    match arguments.job:
        case "exec":
            from chatops_tui.commands.execution import execute, plan_of  # noqa: PLC0415 - likewise

            return execute(settings, plan_of(arguments))
        case "shell":
            from chatops_tui.commands import shell  # noqa: PLC0415 - likewise

            which = (arguments.attach, arguments.list, arguments.json, arguments.container)
            wanted = shell.Wanted(arguments.name, *which)
            return shell.open_shell(settings, wanted)
        case "keys":
            from chatops_tui.commands import keys  # noqa: PLC0415 - likewise

            return keys.handle_keys(settings, arguments.deed, as_json=arguments.json)
        case "recordings" | "play":
            return _recording_job(settings, arguments)
        case "logs":
            from chatops_tui.commands import logs  # noqa: PLC0415 - likewise

            return logs.show_logs(settings, logs.wanted_of(arguments))
        case _:
            from chatops_tui.commands import history  # noqa: PLC0415 - likewise

            chosen = (arguments.name, arguments.search, arguments.lines, arguments.json)
            return history.show_history(settings, history.Wanted(*chosen))


def _recording_job(settings: "Settings", arguments: argparse.Namespace) -> int:
    from chatops_tui.commands import recordings  # noqa: PLC0415 - likewise

    if arguments.job == "recordings":
        return recordings.list_recordings(settings, arguments.name, arguments.lines, as_json=arguments.json)
    chosen = (arguments.what, arguments.speed, arguments.all_pauses, arguments.save, arguments.json)
    return recordings.play_recording(settings, recordings.Wanted(*chosen))


def _forget_stdout() -> None:
    # The interpreter flushes stdout once more at its exit; into the closed pipe that would be an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
