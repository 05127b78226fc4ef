"""REST calls as a user who is signed in: a token the hub refuses is renewed once, lists come whole."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final, TypeVar
from urllib.parse import quote

from chatops_tui.client.errors import UnauthorizedError
from chatops_tui.client.session import Session
from chatops_tui.client.wire import Request, Wire
from chatops_wire.rest import Page

T = TypeVar("T")
Query = tuple[tuple[str, str], ...]

# The contract's largest page: the fewest round trips.
PAGE: Final = 1000
# A hub that repeated its cursors would keep us here for ever; 200,000 servers are beyond its design.
MAX_PAGES: Final = 200


class Calls:
    """What the parts of `http.Rest` are made of.

    Every method raises HubUnreachableError, HubAnswerError, HubRefusedError (by kind) or SignInNeededError.
    An access token the hub refuses is replaced once before that is an error.
    """

    def __init__(self, wire: Wire, session: Session) -> None:
        self._wire = wire
        self._session = session

    async def every(self, path: str, page: type[Page[T]], query: Query = ()) -> tuple[T, ...]:
        """Return a whole list, page by page."""
        items: list[T] = []
        cursor: Query = ()
        for _ in range(MAX_PAGES):
            fields = (*query, ("limit", str(PAGE)), *cursor)
            part = await self.call(Request("GET", path, query=fields), page)
            items += part.items
            if part.next is None:
                break
            cursor = (("cursor", part.next),)
        return tuple(items)

    async def newest(self, path: str, page: type[Page[T]], query: Query = (), *, limit: int) -> tuple[T, ...]:
        """Return the first `limit` of a list, more than a page too."""
        items: list[T] = []
        cursor: Query = ()
        while len(items) < limit:
            fields = (*query, ("limit", str(min(PAGE, limit - len(items)))), *cursor)
            part = await self.call(Request("GET", path, query=fields), page)
            items += part.items
            if part.next is None or not part.items:
                break
            cursor = (("cursor", part.next),)
        return tuple(items[:limit])

    async def call(self, request: Request, answer: type[T]) -> T:
        """Make a call and return its answer decoded."""
        return self._wire.decoded(await self.exchange(request), answer)

    async def exchange(self, request: Request) -> bytes:
        """Make a call and return the body of its answer."""
        token = await self._session.token()
        try:
            return await self._wire.exchange(_with(request, token))
        except UnauthorizedError:
            # Our clock or the hub's may be wrong, or the hub has a new secret: one new token decides.
            token = await self._session.token(rejected=token)
            return await self._wire.exchange(_with(request, token))

    async def pieces(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Yield the body of an answer piece by piece, however much it is."""
        token = await self._session.token()
        try:
            async for piece in self._wire.pieces(_with(request, token)):
                yield piece
        except UnauthorizedError:
            # Told before anything has come.
            token = await self._session.token(rejected=token)
            async for piece in self._wire.pieces(_with(request, token)):
                yield piece


def item_path(resource: str, item_id: str) -> str:
    """Return the path of one item; an id is opaque: whatever it holds, it stays one segment."""
    return f"/{resource}/{quote(item_id, safe='')}"


def given(**fields: str) -> Query:
    """Return the fields that are not empty."""
    return tuple((name, value) for name, value in fields.items() if value)


def _with(request: Request, token: str) -> Request:
    return replace(request, token=token)
