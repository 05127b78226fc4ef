"""Which servers a selector means, in the hub's own grammar (`chatops exec`, thresholds). Pure."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from chatops_tui.store.models import Row

_FIELDS: Final = ("name", "id", "tag", "status")


class SelectorError(ValueError):
    """The text is no selector; the message says why."""


def meant(text: str, rows: Iterable[Row]) -> list[Row]:
    """Return the servers `text` means, in their order; what is no selector means none.

    A comma means "or", a space "and", a leading `!` "not"; a term is `name:`, `id:`, `tag:` or `status:` with
    a pattern of `*` and `?`, and a pattern alone means the name.
    """
    try:
        alternatives = _parsed(text)
    except SelectorError:
        return []
    return [row for row in rows if any(all(_holds(term, row) for term in terms) for terms in alternatives)]


def check(text: str) -> None:
    """Raise SelectorError when `text` is no selector."""
    _parsed(text)


def _parsed(text: str) -> list[list[str]]:
    alternatives = [part.split() for part in text.split(",") if part.strip()]
    if not alternatives:
        raise SelectorError("it is empty")
    for term in (term for terms in alternatives for term in terms):
        field, colon, pattern = term.removeprefix("!").partition(":")
        if colon and field not in _FIELDS:
            raise SelectorError(f"{field!r} is none of {', '.join(_FIELDS)}")
        if not (pattern if colon else field):
            raise SelectorError(f"{term!r} has no pattern")
    return alternatives


def _holds(term: str, row: Row) -> bool:
    if term == "*":
        return True
    bare = term.removeprefix("!")
    field, colon, pattern = bare.partition(":")
    if not colon:
        field, pattern = "name", bare
    values = {"name": (row.name,), "id": (row.id,), "tag": row.tags, "status": (row.status,)}[field]
    return any(fnmatchcase(value, pattern) for value in values) is not term.startswith("!")
