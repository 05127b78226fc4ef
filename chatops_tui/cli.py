"""The `chatops` command: arguments to jobs. Imports nothing heavy, so that --help answers at once."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from chatops_tui.exit_code import ExitCode
from chatops_wire.version import VERSION

if TYPE_CHECKING:
    from chatops_tui.config import Settings

_ABOUT: Final = "A control room for your machines. Without a subcommand it opens the terminal UI."
_EXITS: Final = (
    "exit status: 0 done, 1 the hub said no or failed, 2 wrong usage, 3 cannot connect or log in. "
    "Every setting also has a CHATOPS_ variable and a line in ~/.config/chatops/config.toml; "
    "CHATOPS_PASSWORD answers the password prompt."
)
# TCP numbers its ports in 16 bits.
_MOST_PORT: Final = 65535


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; argparse itself exits with 0 or 2."""
    arguments = _parser().parse_args(argv)
    try:
        status = int(_run(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return ExitCode.BROKEN_PIPE
    return status


def _run(arguments: argparse.Namespace) -> int:
    # Imported here and below: what a job needs takes longer than --help should.
    from chatops_tui.commands.say import complain  # noqa: PLC0415 - see above
    from chatops_tui.config import load  # noqa: PLC0415 - likewise
    from chatops_wire.settings import SettingError  # noqa: PLC0415 - likewise

    try:
        return _job(load(vars(arguments)), arguments)
    except SettingError as exc:
        complain(str(exc))
        return ExitCode.USAGE


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
        case "demo":
            from chatops_tui.demo.run import DemoPlan, run_demo  # noqa: PLC0415 - likewise

            headless = arguments.headless or arguments.json
            return run_demo(settings, DemoPlan(headless, arguments.port, arguments.data_dir))
        case _:
            from chatops_tui.launch import open_ui  # noqa: PLC0415 - likewise

            return open_ui(settings)


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_choices(shared)
    parser = argparse.ArgumentParser("chatops", description=_ABOUT, epilog=_EXITS, parents=[shared])
    parser.set_defaults(job="ui")
    parser.add_argument("--version", action="version", version=f"chatops {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    login = commands.add_parser("login", parents=[shared], help="sign in and be remembered on this machine")
    login.set_defaults(job="login")
    servers = commands.add_parser("servers", parents=[shared], help="show every server and how it is")
    servers.set_defaults(job="servers")
    add = commands.add_parser("add", parents=[shared], help="add a server and get the key for its agent")
    add.set_defaults(job="add")
    add.add_argument("name", metavar="NAME", help="what the machine is to be called")
    add.add_argument(
        "--tag", dest="tags", metavar="T", action="append", default=[], help="may be given several times"
    )
    demo = commands.add_parser("demo", parents=[shared], help="try it: a hub and an agent on this machine")
    demo.set_defaults(job="demo")
    _add_demo(demo)
    for command in (login, servers, add, demo):
        command.add_argument(
            "--json", action="store_true", default=False, help="print JSON instead of text for people"
        )
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    choices = parser.add_argument_group("settings")
    choices.add_argument("--url", help="the hub's address (default http://127.0.0.1:8765)")
    choices.add_argument("--username", metavar="NAME", help="who signs in")
    choices.add_argument("--config", metavar="F", help="another settings file")
    choices.add_argument("--theme", metavar="NAME", help="colours of the UI")
    choices.add_argument("--color", choices=["auto", "truecolor", "256", "16"], help="how many colours")
    choices.add_argument("--ascii", action="store_true", help="draw with ASCII only")
    choices.add_argument("--mouse", choices=["auto", "on", "off"], help="auto: off over SSH")
    choices.add_argument(
        "--low-bandwidth", action="store_true", help="send the terminal as little as possible"
    )


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--headless",
        action="store_true",
        default=False,
        help="no UI: print one line of JSON when it is ready, then run until interrupted",
    )
    parser.add_argument(
        "--port", type=_port, metavar="N", help="of the hub; 0: any free one (default 8765 if free)"
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", help="where it keeps everything (default ~/.local/state/chatops/demo)"
    )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST_PORT):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to {_MOST_PORT}")
    return int(text)


def _forget_stdout() -> None:
    # The interpreter flushes stdout once more at its exit; into the closed pipe that would be an error.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
