"""What may be typed after `chatops`: its commands, flags, and what each is for. Imports nothing heavy."""

import argparse
import os
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from chatops_tui import (
    access_arguments,
    address_argument,
    alert_arguments,
    docker_arguments,
    overview_arguments,
    recording_arguments,
)
from chatops_tui.terminal import has_terminal
from chatops_wire.version import VERSION

_USAGE: Final = "chatops [SETTING ...] [PLACE | COMMAND ...]"
_ABOUT: Final = (
    "A control room for your machines. Without a subcommand it opens the terminal UI, and there the place "
    "that is named: `chatops web-1`, `chatops web-1/processes`, `chatops web-1/containers/nginx`, "
    "`chatops alerts/`."
)
_EXITS: Final = (
    "exit status: 0 done, 1 the hub said no or failed, 2 wrong usage, 3 cannot connect or log in; "
    "`exec` on one server and `shell`: that of the command. "
    "Every setting also has a CHATOPS_ variable and a line in ~/.config/chatops/config.toml; "
    "CHATOPS_PASSWORD answers the password prompt."
)
_POLICY: Final = (
    "What a machine allows is decided there (chatops-agent run --policy); here it can only be narrowed, by "
    "who has full rights on the server, and lifted again."
)
_EXEC: Final = (
    "What stands behind -- is the command: one word as it is, for a shell; several are quoted and joined. "
    "On one named server its output and its exit status are those of the command. On several, each line has "
    "its server's name in front, equal answers are counted together at the end, and the status is 0 if the "
    "command succeeded everywhere. ctrl+c cancels it there, once more kills it, and once more leaves it."
)
_SHELL: Final = (
    "ctrl+] leaves the shell running and says how to come back to it; without that it ends with this program."
)
# Set by the shell where somebody presses the tab key (chatops_tui/completion.py).
_TAB: Final = "_ARGCOMPLETE"
# TCP numbers its ports in 16 bits.
_MOST_PORT: Final = 65535


def parsed(argv: Sequence[str]) -> argparse.Namespace:
    """Return what was typed; argparse itself ends the program, with 0 or 2, when that is nothing to run."""
    before, words = _parted(argv)
    parser = _parser()
    if _TAB in os.environ:
        from chatops_tui.completion import complete  # noqa: PLC0415 - only at a tab: --help should answer at once

        complete(parser)
    shared = argparse.ArgumentParser("chatops", add_help=False, argument_default=argparse.SUPPRESS)
    _add_choices(shared)
    before, place = address_argument.parted(before, shared, _commands(parser), is_terminal=has_terminal())
    arguments = parser.parse_args(overview_arguments.moments_joined(before))
    arguments.place = place
    if arguments.job == "exec":
        arguments.words = words
        if not words or not any(words):
            parser.error("exec: the command is missing: chatops exec SERVER... -- CMD")
        if not arguments.servers and arguments.selector is None:
            parser.error("exec: name a server, or choose some by --select")
    if arguments.job == "docker" and (wrong := docker_arguments.fault(arguments)):
        parser.error(wrong)
    return arguments


def _commands(parser: argparse.ArgumentParser) -> frozenset[str]:
    found = (action.choices for action in parser._actions)  # noqa: SLF001 - argparse has no public way
    return frozenset(name for choices in found if isinstance(choices, dict) for name in choices)


def _parted(argv: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    """Return what is ours and what is the command: what stands behind the first --, where one is run."""
    if "--" in argv and "exec" in argv[: argv.index("--")]:
        place = argv.index("--")
        return argv[:place], tuple(argv[place + 1 :])
    return argv, ()


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    _add_choices(shared)
    form = _without({action.dest for action in shared._actions})  # noqa: SLF001 - argparse has no public way
    parser = argparse.ArgumentParser(
        "chatops", usage=_USAGE, description=_ABOUT, epilog=_EXITS, parents=[shared], formatter_class=form
    )
    parser.set_defaults(job="ui")
    parser.add_argument("--version", action="version", version=f"chatops {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="chatops")

    def command(name: str, purpose: str, more: str | None = None) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, parents=[shared], help=purpose, description=more or purpose, formatter_class=form
        )
        added.set_defaults(job=name)
        added.add_argument(
            "--json", action="store_true", default=False, help="print JSON instead of text for people"
        )
        return added

    command("login", "sign in and be remembered on this machine")
    command("servers", "show every server and how it is")
    _add_add(command("add", "add a server and get the key for its agent"))
    _add_exec(command("exec", "run a command on one server or many", _EXEC))
    _add_shell(command("shell", "a shell on a server in this terminal", _SHELL))
    _add_logs(command("logs", "read and follow a log file, a journal unit or a container of a server"))
    _add_history(command("history", "show which commands were run"))
    recording_arguments.add_jobs(command)
    alert_arguments.add_jobs(command, _page)
    docker_arguments.add_jobs(command)
    access_arguments.add_jobs(command, _count)
    overview_arguments.add_jobs(command, _page)
    _add_policy(command("policy", "show what may be asked of a machine, or do without a part of it", _POLICY))
    _add_keys(command("keys", "make or show the key that signs what you ask of machines"))
    command("doctor", "show what this terminal can do, and a card to see whether that is so")
    _add_demo(command("demo", "try it: a hub and an agent on this machine"))
    return parser


def _without(settings: Collection[str]) -> type[argparse.HelpFormatter]:
    """Return how help is laid out: of the settings every command takes its usage says nothing, only the list.

    They took seven lines, and what was wrong stood below them.
    """

    class Form(argparse.HelpFormatter):
        def add_usage(
            self,
            usage: str | None,
            actions: Iterable[argparse.Action],
            groups: Iterable[argparse._MutuallyExclusiveGroup],
            prefix: str | None = None,
        ) -> None:
            own = [action for action in actions if action.dest not in settings]
            super().add_usage(usage, own, groups, prefix)

    return Form


def _add_policy(policy: argparse.ArgumentParser) -> None:
    policy.add_argument("server", metavar="SERVER", help="by name or id")
    change = policy.add_mutually_exclusive_group()
    change.add_argument(
        "--allow",
        metavar="LIST",
        type=_allowances,
        help="from now on no more than these: docker,docker_read,commands,terminal,logs, or none",
    )
    change.add_argument("--lift", action="store_true", help="again all that the machine allows")


def _allowances(text: str) -> tuple[str, ...]:
    from chatops_tui.commands.policy import allowances  # noqa: PLC0415 - what it needs takes longer than --help

    return allowances(text)


def _add_choices(parser: argparse.ArgumentParser) -> None:
    choices = parser.add_argument_group("settings")
    choices.add_argument("--url", help="the hub's addresses, with commas (default http://127.0.0.1:8765)")
    choices.add_argument(
        "--tls-ca", metavar="F", help="a PEM file to trust for https instead of the system's"
    )
    choices.add_argument(
        "--tls-pin", metavar="PIN", help="the hub's certificate by its pin, instead of an authority"
    )
    choices.add_argument("--username", metavar="NAME", help="who signs in")
    choices.add_argument("--config", metavar="F", help="another settings file")
    choices.add_argument("--theme", metavar="NAME", help="colours of the UI")
    choices.add_argument("--color", choices=["auto", "truecolor", "256", "16"], help="how many colours")
    choices.add_argument("--ascii", action="store_true", help="draw with ASCII only")
    choices.add_argument("--mouse", choices=["auto", "on", "off"], help="auto: off over SSH")
    choices.add_argument(
        "--low-bandwidth", action="store_true", help="send the terminal as little as possible"
    )
    choices.add_argument("--fps", metavar="N", help="the most pictures a second (0.1 to 30)")
    choices.add_argument(
        "--confirm",
        action="append",
        metavar="REGEX",
        help="the UI asks before it runs a command in which this is found; repeatable",
    )
    choices.add_argument(
        "--signing-key", metavar="F", help="signs what machines ask to have signed (see `chatops keys`)"
    )
    choices.add_argument(
        "--allow-clipboard", action="store_true", help="let programs in a shell write the clipboard"
    )
    choices.add_argument(
        "--dashboards",
        metavar="F",
        help="your own dashboards, TOML (default dashboards.toml beside config.toml)",
    )
    choices.add_argument(
        "--alert-signal",
        choices=["desktop", "bell", "toast", "off"],
        help="how the UI tells a new critical alert (default desktop: toast, bell and OSC 9)",
    )


def _add_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what the machine is to be called")
    parser.add_argument(
        "--tag", dest="tags", metavar="T", action="append", default=[], help="may be given several times"
    )


def _add_exec(parser: argparse.ArgumentParser) -> None:
    parser.usage = "chatops exec [SERVER ...] [--select EXPR] [options] -- CMD [ARG ...]"
    parser.add_argument("servers", metavar="SERVER", nargs="*", help="by name or id")
    parser.add_argument(
        "--select",
        dest="selector",
        metavar="EXPR",
        help="servers by tag:web, web-*, status:online; a space means and, a comma or, ! not",
    )
    parser.add_argument("--timeout", metavar="S", type=float, default=60.0, help="in seconds (default 60)")
    parser.add_argument("--cwd", metavar="DIR", help="where it runs")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--stdin",
        dest="given",
        action="store_const",
        const="all",
        default="auto",
        help="give it standard input to its end, also from a terminal; without, only from a pipe or a file",
    )
    which.add_argument(
        "-n", "--no-stdin", dest="given", action="store_const", const="none", help="give it no standard input"
    )
    parser.add_argument(
        "--concurrency", metavar="N", type=_count, default=10, help="how many servers at once (default 10)"
    )
    parser.add_argument(
        "--stop-after", metavar="N", type=_count, help="begin no further server after so many failures"
    )


def _add_shell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="SERVER", help="by name or id")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--attach", metavar="ID", default="", help="go back to a shell that was left")
    which.add_argument("--list", action="store_true", default=False, help="show the shells that run")
    which.add_argument("--container", metavar="C", help="in this container instead of on the machine")


def _add_logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="SERVER", help="by name or id")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--file", metavar="PATH", help="a file in a folder its agent allows")
    which.add_argument("--unit", metavar="U", help="a unit of systemd")
    which.add_argument("--container", metavar="C", help="a container, by name or id")
    parser.add_argument("-f", "--follow", action="store_true", default=False, help="go on with what comes")
    parser.add_argument(
        "-n", "--lines", metavar="N", type=_count_or_none, default=100, help="how many come first"
    )
    parser.add_argument(
        "-t",
        "--timestamps",
        action="store_true",
        default=False,
        help="of a container: when, before each line",
    )
    parser.add_argument("--since", metavar="T", help="of a container: nothing older; RFC 3339, or 10m ago")
    parser.add_argument("--until", metavar="T", help="of a container: nothing newer")


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="SERVER", nargs="?", default="", help="by name or id; else all")
    parser.add_argument("--search", metavar="Q", default="", help="what is to stand in the command")
    parser.add_argument(
        "-n", "--lines", metavar="N", type=_page, default=30, help="how many, at most 1000 (default 30)"
    )


def _add_keys(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("deed", choices=["new", "show"], help="make one, or show its public line")


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
    return _number(text, 0, _MOST_PORT, "no port")


def _count(text: str) -> int:
    return _number(text, 1, 1_000_000, "no number of them")


def _count_or_none(text: str) -> int:
    return _number(text, 0, 1_000_000, "no number of lines")


def _page(text: str) -> int:
    return _number(text, 1, 1000, "no number of them")


def _number(text: str, least: int, most: int, otherwise: str) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} is {otherwise}: {least} to {most}")
    return int(text)
