"""One request as handlers see it: who asks, for what, with which values."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec
from multidict import MultiMapping

from chatops_server.domain.permissions import Principal
from chatops_server.errors import InvalidRequestError, TokenError
from chatops_server.keys import Hub
from chatops_server.services.access import Caller, ServerAccess
from chatops_wire.rest import Page
from chatops_wire.times import LAST_MS, parse_ms

B = TypeVar("B")
K = TypeVar("K")
T = TypeVar("T")

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
_WHOLE: Final = re.compile(r"\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """The query of a request; every method raises InvalidRequestError that names the parameter."""

    values: MultiMapping[str]

    def text(self, name: str) -> str | None:
        """Return a parameter, None where it is absent or empty."""
        return self.values.get(name) or None

    def required(self, name: str) -> str:
        """Return a parameter that may not be absent."""
        text = self.text(name)
        if text is None:
            raise InvalidRequestError(f"{name}: it is missing")
        return text

    def flag(self, name: str) -> bool:
        """Return whether a parameter is `true` (or 1); absent is false."""
        text = self.text(name)
        if text not in (None, "true", "false", "1", "0"):
            raise InvalidRequestError(f"{name}: expected true or false")
        return text in ("true", "1")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return every value of a repeatable parameter."""
        return tuple(self.values.getall(name, ()))

    def whole(self, name: str, default: int, bounds: tuple[int, int]) -> int:
        """Return a whole number within bounds, both included."""
        text = self.text(name)
        if text is None:
            return default
        low, high = bounds
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise InvalidRequestError(f"{name}: expected a whole number from {low} to {high}")
        return int(text)

    def moment_ms(self, name: str, default: int) -> int:
        """Return a time in Unix ms, given as RFC 3339 or as Unix ms."""
        text = self.text(name)
        if text is None:
            return default
        try:
            # A plus that was not escaped arrives as a space.
            moment = int(text) if _WHOLE.fullmatch(text) else parse_ms(text.replace(" ", "+"))
        except ValueError as exc:
            raise InvalidRequestError(f"{name}: expected RFC 3339 with a zone, or Unix ms") from exc
        if not 0 <= moment <= LAST_MS:
            raise InvalidRequestError(f"{name}: not within the years 1970 to 9999")
        return moment

    @property
    def limit(self) -> int:
        """How many items a page may have."""
        return self.whole("limit", DEFAULT_LIMIT, (1, MAX_LIMIT))

    def cursor(self, kind: type[K], default: K) -> K:
        """Return where the page begins, as `page` wrote it into `next`."""
        text = self.text("cursor")
        if text is None:
            return default
        try:
            position = msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
        except (ValueError, RecursionError) as exc:
            raise InvalidRequestError("cursor: not one of ours") from exc
        if not _fits(position):
            raise InvalidRequestError("cursor: not one of ours")
        return position


@dataclass(frozen=True, slots=True)
class Ask(Generic[B]):
    """One request that was let in."""

    hub: Hub
    caller: Caller
    path: Mapping[str, str]
    query: Query
    body: B
    access: ServerAccess | None = None
    """The server the path names, where the route checks the right on it."""

    @property
    def principal(self) -> Principal:
        """The user who asks; only public routes have none."""
        if self.caller.principal is None:
            raise TokenError("this needs an access token")
        return self.caller.principal

    @property
    def server(self) -> ServerAccess:
        """The server of the path, its right already checked."""
        if self.access is None:
            raise LookupError("this route checks no right on a server")
        return self.access


def page(items: list[T], following: object | None) -> Page[T]:
    """Return one page; `following` is the position of the next one, None at the end."""
    return Page(items=tuple(items), next=None if following is None else _cursor(following))


def sliced(items: list[T], key: Callable[[T], K], after: K | None, limit: int) -> Page[T]:
    """Return the page after position `after` of a list held in memory, ascending by `key`."""
    rest = items if after is None else [item for item in items if key(item) > after]  # type: ignore[operator]
    shown = rest[:limit]
    return page(shown, key(shown[-1]) if len(rest) > limit else None)


def _fits(position: object) -> bool:
    # Databases hold signed 64-bit integers.
    parts = position if isinstance(position, tuple) else (position,)
    return all(abs(part) < 2**63 for part in parts if isinstance(part, int))


def _cursor(position: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")
