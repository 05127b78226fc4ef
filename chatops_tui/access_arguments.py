"""What may be typed about who is let in, what a machine is asked for, and how long things are kept."""

import argparse
from collections.abc import Callable
from typing import Final

NewCommand = Callable[[str, str, str | None], argparse.ArgumentParser]
"""Makes a subcommand of a name and a purpose, and longer words for its own help."""
Count = Callable[[str], int]
Nested = Callable[[str, str], argparse.ArgumentParser]

JOBS: Final = frozenset(
    {"edit", "remove", "api-keys", "enroll", "users", "grants", "sessions", "ssh-keys", "policy", "retention"}
)
ROLES: Final = ("viewer", "operator", "admin")
_USERS: Final = (
    "A password is asked for, or is one line of stdin with --password-stdin; it is never an argument."
)
_ENROLL: Final = (
    "`new` prints one line to run on new machines: each becomes a server with a key of its own. The token "
    "in it is shown this once, good for --expires and for --uses machines."
)

_RETENTION: Final = (
    "For admins. What is set here overrides the flags of `chatops-server run`, from now on and "
    "after a restart; `flag` gives the flag back. What is over goes at the next hourly clean-up, for good."
)


def add_jobs(command: NewCommand, count: Count) -> None:
    """Add them; `count` reads how many of something."""
    _add_edit(command("edit", "give a server another name or other tags", None))
    _add_remove(command("remove", "remove servers with their history; their agents are cut off", None))
    _add_api_keys(command("api-keys", "show, make, rotate, revoke what agents are let in with", None))
    _add_enroll(command("enroll", "let new machines in by one line", _ENROLL), count)
    _add_users(command("users", "show, add, change, remove users, as an admin", _USERS))
    _add_grants(command("grants", "show and change who else may see or operate a server", None))
    _add_sessions(command("sessions", "show and end your logins", None))
    _add_retention(command("retention", "show and set how long the hub keeps things", _RETENTION))
    _add_ssh_keys(command("ssh-keys", "show, add, remove the keys by which you reach the UI over ssh", None))


def _add_edit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("server", metavar="SERVER", help="by name or id")
    parser.add_argument("--name", metavar="NAME", default=None, help="what it is called from now on")
    parser.add_argument(
        "--tag", dest="tags", metavar="T", action="append", default=[], help="one more; repeatable"
    )
    parser.add_argument(
        "--untag", dest="untags", metavar="T", action="append", default=[], help="one less; repeatable"
    )


def _add_remove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("servers", metavar="SERVER", nargs="+", help="by name or id")


def _add_api_keys(parser: argparse.ArgumentParser) -> None:
    nested = _nested(parser)
    listed = nested("list", "show them (without a word, too)")
    listed.add_argument("server", metavar="SERVER", nargs="?", default="", help="by name or id; else all")
    made = nested("new", "make one for a server; it is shown this once")
    made.add_argument("server", metavar="SERVER", help="by name or id")
    made.add_argument("--name", metavar="NAME", default="", help="to tell it from others")
    made.add_argument("--expires", metavar="TIME", default="", help="when it ends: 90d, 12h (never)")
    made.add_argument(
        "--auto-rotate",
        action="store_true",
        default=False,
        help="the hub gives the agent the next one in time",
    )
    for name, purpose in (
        ("rotate", "give its agent the next one, over its connection or when it comes"),
        ("revoke", "end it and the connection that came with it"),
    ):
        ended = nested(name, purpose)
        ended.add_argument(
            "ids", metavar="ID", nargs="+", help="as `list` shows them; the beginning is enough"
        )


def _add_enroll(parser: argparse.ArgumentParser, count: Count) -> None:
    nested = _nested(parser)
    nested("list", "show the tokens (without a word, too)")
    made = nested("new", "make a token, and print the line to run on the machines")
    made.add_argument("--name", metavar="NAME", default="", help="to tell it from others")
    made.add_argument(
        "--tag", dest="tags", metavar="T", action="append", default=[], help="of the servers; repeatable"
    )
    made.add_argument("--uses", metavar="N", type=count, default=1, help="for how many machines (default 1)")
    made.add_argument("--expires", metavar="TIME", default="15m", help="for how long: 15m, 2h (default 15m)")
    made.add_argument("--key-expires", metavar="TIME", default="", help="when the machines' keys end (never)")
    made.add_argument(
        "--auto-rotate", action="store_true", default=False, help="and the hub gives the next one in time"
    )
    revoked = nested("revoke", "end a token; servers made with it stay")
    revoked.add_argument("ids", metavar="ID", nargs="+", help="as `list` shows them; the beginning is enough")


def _add_users(parser: argparse.ArgumentParser) -> None:
    nested = _nested(parser)
    nested("list", "show them (without a word, too)")
    added = nested("add", "add one; the password is asked for")
    added.add_argument("name", metavar="NAME", help="what they log in with")
    added.add_argument("--role", choices=ROLES, required=True, help="what they may")
    _add_password(added)
    changed = nested("set", "change one; what is not named stays")
    changed.add_argument("name", metavar="NAME", help="by name or id")
    changed.add_argument("--role", choices=ROLES, default=None, help="what they may from now on")
    changed.add_argument("--rename", metavar="NAME", default=None, help="what they log in with from now on")
    changed.add_argument("--enable", dest="active", action="store_true", default=None, help="let them in")
    changed.add_argument(
        "--disable", dest="active", action="store_false", default=None, help="let them in no more"
    )
    password = nested("password", "set another's password; their sessions end")
    password.add_argument("name", metavar="NAME", help="by name or id")
    _add_password(password)
    for name, purpose in (
        ("remove", "remove some; their servers pass to an admin"),
        ("logout", "end every session of some"),
        ("remove-totp", "remove the second factor of some who lost it"),
    ):
        ended = nested(name, purpose)
        ended.add_argument("names", metavar="NAME", nargs="+", help="by name or id")


def _add_grants(parser: argparse.ArgumentParser) -> None:
    nested = _nested(parser, required=True)
    listed = nested("list", "show who else may see or operate a server")
    given = nested("set", "let somebody see or operate it")
    taken = nested("remove", "let somebody see it no more")
    for one in (listed, given, taken):
        one.add_argument("server", metavar="SERVER", help="by name or id")
    for one in (given, taken):
        one.add_argument("user", metavar="USER", help="by name or id")
    given.add_argument("role", choices=("viewer", "operator"), help="at most this, and their own role")


def _add_ssh_keys(parser: argparse.ArgumentParser) -> None:
    nested = _nested(parser)
    nested("list", "show them (without a word, too)")
    added = nested("add", "let the holder of a key in as yourself")
    added.add_argument(
        "file", metavar="FILE", help="a public key, like ~/.ssh/id_ed25519.pub; -: standard input"
    )
    added.add_argument(
        "--name", metavar="NAME", default="", help="to tell it from others (the key's comment)"
    )
    removed = nested("remove", "take some back")
    removed.add_argument("ids", metavar="ID", nargs="+", help="as `list` shows them; the beginning is enough")


def _add_retention(parser: argparse.ArgumentParser) -> None:
    for name, what in (
        ("raw-days", "days that samples are kept one by one"),
        ("minutes-days", "days that their rollups by the minute are kept"),
        ("ten-minutes-days", "likewise by ten minutes"),
        ("hours-days", "likewise by the hour"),
        ("commands-days", "days that commands, their output and recordings are kept"),
        ("output-mb", "megabytes of commands' output that are kept, compressed"),
        ("events-days", "days that the timeline is kept"),
    ):
        parser.add_argument(f"--{name}", metavar="N", default=None, help=f"{what}, or `flag`")


def _add_sessions(parser: argparse.ArgumentParser) -> None:
    nested = _nested(parser)
    nested("list", "show your logins (without a word, too)")
    ended = nested("end", "end some: their tokens are refused at once")
    ended.add_argument("ids", metavar="ID", nargs="*", help="as `list` shows them; the beginning is enough")
    ended.add_argument("--others", action="store_true", default=False, help="all but this one")


def _add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        default=False,
        help="read the password from one line of stdin",
    )


def _nested(parser: argparse.ArgumentParser, *, required: bool = False) -> Nested:
    """Return what makes a word after a subcommand; without one it is `list`, where none is required."""
    parser.set_defaults(deed="list", server="")
    words = parser.add_subparsers(title="what to do", metavar="DEED", required=required)

    def nested(name: str, purpose: str) -> argparse.ArgumentParser:
        added = words.add_parser(name, help=purpose, description=purpose)
        added.set_defaults(deed=name)
        # Where it stands does not matter; what is not typed here leaves what was typed before.
        added.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        return added

    return nested
