"""Words that the commands about keys, users and sessions share."""

import getpass
import sys
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from rich.text import Text

from chatops_tui.commands.ids import whole_id
from chatops_tui.commands.say import drawn
from chatops_tui.config import Settings
from chatops_tui.render.spans import Ink
from chatops_tui.store.alert_texts import WrongTextError, seconds

B = TypeVar("B", bound=msgspec.Struct)


def whole_seconds(text: str) -> int | None:
    """Return what `90d` or `15m` says, None for nothing; WrongTextError."""
    return round(seconds(text)) if text else None


def body(kind: type[B], **fields: object) -> B:
    """Return the body of a request, checked as the hub would check it.

    Raises:
        WrongTextError: A field is not of its form.
    """
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as exc:
        raise WrongTextError(str(exc)) from exc


def cells(settings: Settings, *texts: str, ink: Ink = "text") -> list[Text]:
    """Return the cells of one row."""
    return [drawn(settings, text, ink) for text in texts]


def day(moment: str | None) -> str:
    """Return an RFC 3339 time to the minute, a dash for none."""
    return moment[:16].replace("T", " ") if moment else "-"


def whole_ids(typed: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the ids that begin as was typed, each once; NoSuchOneError."""
    return list(dict.fromkeys(whole_id(one, known) for one in typed))


def new_password(*, from_stdin: bool) -> str:
    """Return a password from a line of stdin, or typed twice.

    Raises:
        WrongTextError: There is no terminal to ask, or the two differ.
    """
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise WrongTextError("--password-stdin: no terminal to ask for the password")
    try:
        first = getpass.getpass("New password: ", stream=sys.stderr)
        again = getpass.getpass("Once more: ", stream=sys.stderr)
    except EOFError as exc:
        raise WrongTextError("no password given") from exc
    if first != again:
        raise WrongTextError("the two passwords differ")
    return first
