"""Which servers a selector means: `tag:web`, `web-*`, `status:online`, and their combinations."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from chatops_wire.rest import ServerStatus

_FIELDS: Final = ("name", "id", "tag", "status")
_STATUSES: Final = ("online", "offline", "never")
# Every term is tried on every server of the fleet.
MAX_TERMS: Final = 100


class SelectorError(ValueError):
    """The text is no selector; the message says why."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What of a server a selector looks at."""

    id: str
    name: str
    tags: Sequence[str]
    status: ServerStatus


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `pattern` may hold `*`, `?` and `[...]`."""

    field: str
    pattern: str
    is_negated: bool = False

    def matches(self, server: Candidate) -> bool:
        """Return whether the condition holds for a server."""
        values = {
            "name": (server.name,),
            "id": (server.id,),
            "tag": tuple(server.tags),
            "status": (server.status,),
        }[self.field]
        return any(fnmatchcase(value, self.pattern) for value in values) is not self.is_negated


@dataclass(frozen=True, slots=True)
class Selector:
    """Alternatives, each of terms that must all hold."""

    alternatives: tuple[tuple[Term, ...], ...]

    def matches(self, server: Candidate) -> bool:
        """Return whether a server is meant."""
        return any(all(term.matches(server) for term in terms) for terms in self.alternatives)


def parse(text: str) -> Selector:
    """Return the selector: a comma means "or", a space "and", a leading `!` "not".

    A term is `name:`, `id:`, `tag:` or `status:` with a pattern; a pattern alone means the name.

    Raises:
        SelectorError: Nothing in it, an unknown field or status, or more than MAX_TERMS terms.
    """
    alternatives = tuple(tuple(map(_term, part.split())) for part in text.split(",") if part.strip())
    if not alternatives:
        raise SelectorError("it is empty")
    if sum(map(len, alternatives)) > MAX_TERMS:
        raise SelectorError(f"more than {MAX_TERMS} terms")
    return Selector(alternatives)


def _term(word: str) -> Term:
    is_negated = word.startswith("!")
    field, separator, pattern = word.removeprefix("!").partition(":")
    if not separator:
        field, pattern = "name", field
    if field not in _FIELDS:
        raise SelectorError(f"unknown field {field[:40]!r}, known are {', '.join(_FIELDS)}")
    if not pattern:
        raise SelectorError(f"nothing after {word[:40]!r}")
    if field == "status" and pattern not in _STATUSES:
        raise SelectorError(f"unknown status {pattern[:40]!r}, known are {', '.join(_STATUSES)}")
    return Term(field, pattern, is_negated)
