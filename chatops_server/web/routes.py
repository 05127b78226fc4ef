"""What a route is. One table drives routing, rights, decoding of bodies and the OpenAPI document."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from chatops_server.domain.permissions import HubAction, ServerAction
from chatops_server.web.asking import MAX_LIMIT, Ask
from chatops_server.web.bodies import MAX_BODY_BYTES

PREFIX: Final = "/api/v1"
_PLACE: Final = re.compile(r"\{(\w+)\}")


class Public(Enum):
    """Marks a route that asks for no token."""

    PUBLIC = "public"


Right = Public | HubAction | ServerAction
"""What a route asks for. A ServerAction is asked for on the server of the path's first place."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of the query."""

    name: str
    about: str
    kind: Literal["string", "integer"] = "string"
    repeated: bool = False
    required: bool = False
    bounds: tuple[int, int] | None = None
    """Of an integer, both included."""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer that is no JSON of ours, or whose status differs from the route's."""

    body: bytes
    content_type: str = "application/json"
    status: int = 200
    csp: str | None = None
    """A Content-Security-Policy in place of the strictest one."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is sent piece by piece as it is read; closed when the client leaves."""

    pieces: AsyncGenerator[bytes, None]
    content_type: str = "application/json"
    status: int = 200


Answer = Any
"""A Struct, JSON as bytes, a Document, a Stream, or None for 204."""
Handler = Callable[[Ask[Any]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path. There is no default right, so none can be forgotten."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    right: Right
    handle: Handler
    summary: str
    tag: str
    body: Any = None
    """Type of the body; None takes none."""
    most_body: int = MAX_BODY_BYTES
    """Bytes a body may have."""
    is_body_optional: bool = False
    """Whether no body at all means an empty object."""
    answer: Any = None
    """Type of the answer; None answers 204."""
    media_type: str = "application/json"
    """Of the answer."""
    status: int = 200
    query: tuple[Param, ...] = ()
    other_statuses: tuple[int, ...] = ()
    """With which the same answer may come."""
    refusals: tuple[int, ...] = ()
    """Statuses of errors beyond those that follow from the right and the body."""
    prefix: str = PREFIX

    @property
    def full_path(self) -> str:
        """The path as it is asked for."""
        return self.prefix + self.path

    @property
    def places(self) -> tuple[str, ...]:
        """Names of the path's places, in order."""
        return tuple(_PLACE.findall(self.path))


PAGING: Final = (
    Param("limit", "How many items at most: 1 to 1000, 100 without it.", "integer", bounds=(1, MAX_LIMIT)),
    Param("cursor", "`next` of the page before."),
)
