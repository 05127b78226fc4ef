"""What may be typed to see how things are or were: `chatops top`, `watch`, `status`, `chart`, `coverage`."""

import argparse
from collections.abc import Callable, Sequence
from typing import Final

NewCommand = Callable[[str, str, str | None], argparse.ArgumentParser]
"""Makes a subcommand of a name and a purpose, and longer words for its own help."""
Count = Callable[[str], int]

JOBS: Final = frozenset({"top", "watch", "status", "chart", "coverage", "completion", "web"})
_TOP: Final = (
    "Without a server: the fleet, its busiest machines and what fires. With one: its processor, memory, "
    "disks, networks, processes, containers and alerts, now or at a moment of the past: who was it, that "
    "night?"
)
_WATCH: Final = "What `top` shows, again and again until ctrl+c; with --json one object a line."
_STATUS: Final = (
    "--line is for a status bar (tmux: set -g status-right '#(chatops status --line --tmux)'): it asks "
    "nothing, and says so when the hub cannot be reached. --check exits with 1 while a server is offline or "
    "critical or a critical alert fires, with 3 where the hub cannot be asked, else with 0."
)
_CHART: Final = (
    "Metrics are those of alerts: cpu.percent, disk.percent:/var, net.rx_bps, container.memory_used:web."
)
_COMPLETION: Final = (
    'bash: eval "$(chatops completion bash)" in ~/.bashrc; zsh likewise in ~/.zshrc; '
    "fish: chatops completion fish > ~/.config/fish/completions/chatops.fish"
)
_WEB: Final = (
    "Whoever opens it signs in with an account of the hub; each window is a process of its own on this "
    "machine, with that user's rights and nothing of yours. Needs the extra `web`."
)
_MOMENT: Final = "a moment of the past: 2h (ago), 14:05, 'yesterday 14:05', or RFC 3339"


_OF_MOMENTS: Final = frozenset({"--at", "--since", "--until"})


def moments_joined(argv: Sequence[str]) -> list[str]:
    """Return the words with `--at -2h` as one: alone, the second would be taken for a flag."""
    joined: list[str] = []
    for word in argv:
        if joined and joined[-1] in _OF_MOMENTS and word[:1] == "-" and word[1:2].isdigit():
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def add_jobs(command: NewCommand, count: Count) -> None:
    """Add them; `count` reads how many of a list are wanted."""
    _add_top(command("top", "show at one glance how things are, or were", _TOP), count)
    watch = command("watch", "show that again and again", _WATCH)
    _add_shown(watch, count)
    watch.add_argument(
        "--interval",
        metavar="S",
        type=_seconds,
        default=2.0,
        help="seconds in between, 1 or more (default 2)",
    )
    _add_status(command("status", "say in a line how the fleet is", _STATUS))
    _add_chart(command("chart", "draw metrics of a server over time", _CHART))
    coverage = command("coverage", "say how much of what a server measured is stored", None)
    coverage.add_argument("name", metavar="SERVER", nargs="?", default="", help="by name or id; else all")
    coverage.add_argument("--since", metavar="T", default="30d", help=f"{_MOMENT} (default 30d)")
    _add_web(command("web", "serve the UI to browsers, by the hub's own login", _WEB))
    completion = command("completion", "print what completes commands in a shell", _COMPLETION)
    completion.add_argument("shell", choices=["bash", "zsh", "fish"])


def _add_web(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8766, help="0 takes a free one (default 8766)")
    parser.add_argument("--tls-cert", metavar="F", default="", help="a PEM file: certificate and chain")
    parser.add_argument("--tls-key", metavar="F", default="", help="its private key")
    parser.add_argument(
        "--plain-http", action="store_true", default=False, help="no TLS, also where other machines reach it"
    )


def _add_top(parser: argparse.ArgumentParser, count: Count) -> None:
    _add_shown(parser, count)
    parser.add_argument("--at", metavar="T", default="", help=f"of one server: {_MOMENT}")


def _add_shown(parser: argparse.ArgumentParser, count: Count) -> None:
    parser.add_argument("name", metavar="SERVER", nargs="?", default="", help="by name or id; else the fleet")
    parser.add_argument(
        "--sort", choices=["cpu", "memory"], default="cpu", help="what busiest means (default cpu)"
    )
    parser.add_argument(
        "-n", "--lines", metavar="N", type=count, default=10, help="how many of each list (default 10)"
    )


def _add_status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--line", action="store_true", default=False, help="marks and numbers only")
    parser.add_argument(
        "--tmux", action="store_true", default=False, help="with --line: in the colours of tmux"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        default=False,
        help="exit with 1 while a server is offline or critical, or a critical alert fires",
    )


def _add_chart(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="SERVER", help="by name or id")
    parser.add_argument("metrics", metavar="METRIC", nargs="+", help="up to 4")
    parser.add_argument("--since", metavar="T", default="1h", help=f"{_MOMENT} (default 1h)")
    parser.add_argument("--until", metavar="T", default="now", help="likewise (default now)")
    parser.add_argument(
        "--height", metavar="ROWS", type=_rows, default=10, help="of each chart, 4 to 60 (default 10)"
    )


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 1 <= found <= 86_400:  # noqa: PLR2004 - a day; also false for what is no number
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: 1 to 86400")
    return found


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):  # noqa: PLR2004 - 16 bits
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _rows(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 4 <= int(text) <= 60):  # noqa: PLR2004 - as the help says
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows: 4 to 60")
    return int(text)
