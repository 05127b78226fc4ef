"""The `chatops-agent` command: arguments in, exit codes out. Light: the daemon is only imported to run."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from chatops_agent import enrol_command
from chatops_wire.settings import SettingError
from chatops_wire.version import VERSION

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    try:
        if command == "enroll":
            return enrol_command.run_enroll(options)
        return _sample() if command == "sample" else _run(options)
    except SettingError as exc:
        print(f"chatops-agent: {exc}", file=sys.stderr)  # noqa: T201 - cli.py speaks to the user
        return EXIT_USAGE
    except BrokenPipeError:
        # `sample | head`: whoever read the answer has seen enough. Keeps the flush at exit quiet too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except KeyboardInterrupt:
        # Before the handlers of the daemon stand, or while one sample is taken.
        return EXIT_OK


def _run(options: dict[str, Any]) -> int:
    from chatops_agent import config  # noqa: PLC0415 - keeps --help light

    settings = config.load(options)
    # What this process starts later shall not inherit the key.
    os.environ.pop(config.KEY_VARIABLE, None)
    from chatops_agent import daemon, logs  # noqa: PLC0415 - likewise

    logs.to_stderr(settings.log_level)
    daemon.serve(settings)
    return EXIT_OK


def _sample() -> int:
    from chatops_agent import snapshot  # noqa: PLC0415 - keeps --help light

    text = snapshot.take()
    if text is None:
        print("chatops-agent: this machine tells neither processor nor memory", file=sys.stderr)  # noqa: T201
        return EXIT_FAILED
    print(text, flush=True)  # noqa: T201 - the answer
    return EXIT_OK


class _OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage; takes no abbreviations, as new flags break them."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's own
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"chatops-agent: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="chatops-agent", description="The ChatOps agent of one machine.")
    parser.add_argument("--version", action="version", version=f"chatops-agent {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(
        commands.add_parser("run", help="sample this machine and send it to the hub", epilog=_RUN_EPILOG)
    )
    enrol_command.add_enroll(commands)
    commands.add_parser("sample", help="take one sample here and print it as JSON; needs no hub")
    return parser


_RUN_EPILOG: Final = (
    "The key comes from CHATOPS_API_KEY, --api-key-file or `chatops-agent enroll`. Every flag --foo-bar may "
    "also stand in the environment as CHATOPS_FOO_BAR, or in the file of --config as foo_bar."
)


def _add_run(run: argparse.ArgumentParser) -> None:
    # Values stay text and absent flags None: chatops_wire.settings decides and names what is wrong.
    several: dict[str, Any] = {"action": "extend", "nargs": "+"}
    run.add_argument(
        "--url", metavar="URL", help="the hub, http(s)://HOST:PORT; several are tried in turn", **several
    )
    run.add_argument("--interval", metavar="S", help="seconds between samples, 1 to 3600 (5)")
    run.add_argument("--data-dir", metavar="DIR", help="where the agent keeps its state")
    run.add_argument("--spool-mb", metavar="N", help="megabytes of samples kept for a hub that is away (64)")
    run.add_argument(
        "--allow", metavar="LIST",
        help="any of docker,commands,terminal,logs,docker_read, or all (none: metrics only)",
    )  # fmt: skip
    run.add_argument(
        "--docker-host", metavar="URL", help="the engine, unix:///PATH or tcp://HOST:PORT, or none (found)"
    )
    run.add_argument(
        "--docker-deny", metavar="LIST", help="any of exec,remove,prune: not even with --allow docker"
    )
    run.add_argument(
        "--log-path", metavar="DIR", action="append",
        help="a folder whose files may be followed; repeatable (/var/log)",
    )  # fmt: skip
    run.add_argument(
        "--outside",
        metavar="WHEN",
        help="commands by systemd-run, outside the agent's sandbox: auto, on, off",
    )
    run.add_argument(
        "--policy", metavar="F", help="a TOML file, root's alone, that fixes what this machine allows"
    )
    run.add_argument(
        "--authorized-signers", metavar="F", help="a file of public keys: act only on what one of them signed"
    )
    run.add_argument("--api-key-file", metavar="F", help="a file that holds the key")
    run.add_argument("--tls-ca", metavar="F", help="a PEM file to trust for https instead of the system's")
    run.add_argument(
        "--tls-pin", metavar="PIN", help="the hub's certificate by its pin, instead of an authority"
    )
    run.add_argument("--log-level", metavar="LEVEL", help="debug, info, warning or error (info)")
    run.add_argument("--config", metavar="F", help="a TOML file with these settings")
