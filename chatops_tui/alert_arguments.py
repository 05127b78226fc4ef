"""What may be typed about alerts and about what happened: `chatops alerts`, `thresholds`, `plan`, `audit`."""

import argparse
from collections.abc import Callable
from typing import Final

NewCommand = Callable[[str, str, str | None], argparse.ArgumentParser]
"""Makes a subcommand of a name and a purpose, and longer words for its own help."""
Count = Callable[[str], int]
Nested = Callable[[str, str], argparse.ArgumentParser]

JOBS: Final = frozenset(
    {
        "alerts",
        "ack",
        "resolve",
        "silence",
        "thresholds",
        "channels",
        "plan",
        "apply",
        "audit",
        "events",
    }
)
_SILENCE: Final = (
    "Without anything it shows the silences there are. With a server, --select, --metric or --for it makes "
    "one: nobody is notified of what fires there meanwhile."
)
_THRESHOLDS: Final = (
    "A condition is a metric, a comparison and a value: 'disk.percent:/var > 90', 'load.1 >= 8', "
    "'memory.used > 12G', 'server.up = 0'."
)
_PLAN: Final = (
    "FILE holds tables [[threshold]] with name, when, severity, and as you like on, for, clear, keep_firing, "
    "window, no_data, runbook, enabled (docs/alerts.md). A threshold belongs to the file by its name."
)


def add_jobs(command: NewCommand, page: Count) -> None:
    """Add them; `page` reads how many of a list are wanted."""
    _add_alerts(command("alerts", "show alerts, what fires first", None), page)
    for name, purpose in (("ack", "say that you look after alerts"), ("resolve", "end alerts by hand")):
        parser = command(name, purpose, None)
        parser.add_argument(
            "ids", metavar="ID", nargs="+", help="as `chatops alerts` shows them; the beginning is enough"
        )
        _add_comment(parser)
    _add_silence(command("silence", "show silences, make or end one", _SILENCE))
    _add_thresholds(command("thresholds", "show, add, edit, remove what makes alerts fire", _THRESHOLDS))
    _add_channels(command("channels", "show, add, edit, remove, test where alerts are told", None))
    for name, purpose in (
        ("plan", "show what `apply` would change of the thresholds"),
        ("apply", "make the thresholds those of a file"),
    ):
        parser = command(name, purpose, _PLAN)
        parser.add_argument("file", metavar="FILE", help="thresholds.toml; -: standard input")
        parser.add_argument(
            "--prune", action="store_true", default=False, help="remove also what the file does not name"
        )
    _add_audit(command("audit", "show who did what, as an admin", None), page)
    _add_events(command("events", "show what happened on servers", None), page)


def _add_alerts(parser: argparse.ArgumentParser, page: Count) -> None:
    parser.add_argument(
        "--status",
        action="append",
        default=[],
        choices=["pending", "firing", "acknowledged", "resolved"],
        help="repeatable; without it all that are open",
    )
    parser.add_argument("--all", action="store_true", default=False, help="also what has ended")
    parser.add_argument("--server", metavar="NAME", default="", help="by name or id; else all")
    _add_lines(parser, page, 100)


def _add_silence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="SERVER", nargs="?", default="", help="by name or id; else all")
    parser.add_argument(
        "--select", dest="selector", metavar="EXPR", default="", help="servers by tag:web, web-*"
    )
    parser.add_argument(
        "--metric", metavar="M", default="", help="only this one: disk.percent, disk.percent:/var"
    )
    parser.add_argument("--for", dest="length", metavar="TIME", default="", help="how long: 1h, 8h, 2d")
    parser.add_argument(
        "--weekly", metavar="HOURS", default="", help="only then, every week: 'sun 02:00-04:00 Europe/Berlin'"
    )
    _add_comment(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--list", action="store_true", default=False, help="show the silences there are")
    which.add_argument("--end", metavar="ID", default="", help="end this one")


def _add_thresholds(parser: argparse.ArgumentParser) -> None:
    nested = _nested(parser)
    nested("list", "show them (without a word, too)")
    added = nested("add", "make one")
    added.add_argument("when", metavar="CONDITION", help="'disk.percent:/var > 90'")
    _add_parts(added)
    preview = nested("preview", "say what one would have done in the last day")
    preview.add_argument("when", metavar="CONDITION", help="likewise")
    _add_parts(preview)
    preview.add_argument("--hours", metavar="N", type=float, default=24.0, help="look back so far (24)")
    edited = nested("edit", "change one; what is not named stays")
    edited.add_argument("which", metavar="THRESHOLD", help="by name or id")
    edited.add_argument("--when", metavar="CONDITION", help="'disk.percent:/var > 90'")
    _add_parts(edited)
    edited.add_argument("--enable", dest="enabled", action="store_true", default=None, help="switch it on")
    removed = nested("remove", "remove some; their alerts end")
    removed.add_argument("names", metavar="THRESHOLD", nargs="+", help="by name or id")


def _add_parts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", metavar="NAME", help="what it is called")
    parser.add_argument("--on", metavar="SERVERS", help="a name, tag:web, db-*; without: all you may manage")
    parser.add_argument("--severity", metavar="S", help="info, warning (without it) or critical")
    parser.add_argument("--for", dest="for_", metavar="TIME", help="how long it has to last: 5m")
    parser.add_argument("--clear", metavar="VALUE", help="the value it has to come back to")
    parser.add_argument("--keep-firing", metavar="TIME", help="how long it has to be well before it ends")
    parser.add_argument("--window", metavar="W", help="judge 'avg 5m', 'max 1m' or 'min 1m', not each sample")
    parser.add_argument("--no-data", metavar="TIME", help="fire also when it has not come for so long")
    parser.add_argument("--runbook", metavar="TEXT", help="what to do, or an address")
    parser.add_argument("--disable", dest="enabled", action="store_false", default=None, help="switch it off")


def _add_channels(parser: argparse.ArgumentParser) -> None:
    nested = _nested(parser)
    nested("list", "show them (without a word, too)")
    added = nested("add", "make one")
    added.add_argument("name", metavar="NAME", help="what it is called")
    added.add_argument(
        "address",
        metavar="URL",
        help="https://…, json://host:port/path, or what Apprise takes; -: a line of stdin",
    )
    _add_channel_parts(added)
    edited = nested("edit", "change one; what is not named stays")
    edited.add_argument("which", metavar="CHANNEL", help="by name or id")
    edited.add_argument("--name", metavar="NAME", help="what it is called from now on")
    edited.add_argument("--url-stdin", action="store_true", default=False, help="a new address, from stdin")
    _add_channel_parts(edited)
    edited.add_argument("--enable", dest="enabled", action="store_true", default=None, help="switch it on")
    edited.add_argument("--disable", dest="enabled", action="store_false", default=None, help="switch it off")
    for name, purpose in (("remove", "remove some"), ("test", "send a test message")):
        parser = nested(name, purpose)
        parser.add_argument("names", metavar="CHANNEL", nargs="+", help="by name or id")


def _add_channel_parts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--severity", metavar="S", help="from info (without it), warning or critical on")
    parser.add_argument("--on", metavar="SERVERS", help="only alerts of these: tag:prod, db-*")
    parser.add_argument("--repeat", metavar="TIME", help="tell again so often while nobody acknowledges")
    parser.add_argument("--escalate-after", metavar="TIME", help="tell another channel too after so long")
    parser.add_argument("--escalate-to", metavar="CHANNEL", help="which one")
    parser.add_argument(
        "--quiet", metavar="HOURS", help="only critical ones then: '22:00-07:00 Europe/Berlin'"
    )
    parser.add_argument("--ends", choices=["yes", "no"], help="tell also the end of an alert (yes)")


def _add_audit(parser: argparse.ArgumentParser, page: Count) -> None:
    parser.add_argument("--user", metavar="NAME", default="", help="who")
    parser.add_argument("--action", metavar="A", default="", help="what, or how it begins")
    parser.add_argument("--server", metavar="NAME", default="", help="where; by name or id")
    parser.add_argument("--result", metavar="R", default="", help="how it ended: ok, failed, not_allowed, …")
    parser.add_argument(
        "--since", metavar="T", default="", help="nothing older: 2h (ago), 'yesterday 14:05', RFC 3339"
    )
    parser.add_argument("--until", metavar="T", default="", help="likewise: only older")
    parser.add_argument("--export", choices=["csv", "jsonl"], help="everything that matches, to stdout")
    parser.add_argument(
        "-n", "--lines", metavar="N", type=page, help="how many, at most 1000 (default 30; of --export all)"
    )


def _add_events(parser: argparse.ArgumentParser, page: Count) -> None:
    parser.add_argument("name", metavar="SERVER", nargs="?", default="", help="by name or id; else all")
    parser.add_argument("--kind", metavar="K", default="", help="only these: connection, alert, command, …")
    _add_lines(parser, page, 30)


def _add_lines(parser: argparse.ArgumentParser, page: Count, usual: int) -> None:
    parser.add_argument(
        "-n",
        "--lines",
        metavar="N",
        type=page,
        default=usual,
        help=f"how many, at most 1000 (default {usual})",
    )


def _add_comment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-m", "--comment", metavar="TEXT", default="", help="why")


def _nested(parser: argparse.ArgumentParser) -> Nested:
    """Return what makes a word after a subcommand; without one it is `list`."""
    parser.set_defaults(deed="list")
    words = parser.add_subparsers(title="what to do", metavar="DEED")

    def nested(name: str, purpose: str) -> argparse.ArgumentParser:
        added = words.add_parser(name, help=purpose, description=purpose)
        added.set_defaults(deed=name)
        # Where it stands does not matter; what is not typed here leaves what was typed before.
        added.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        return added

    return nested
