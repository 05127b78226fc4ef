"""The hub's REST interface for a user who is signed in, one method a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import quote

from chatops_tui.client.errors import UnauthorizedError
from chatops_tui.client.session import Session
from chatops_tui.client.wire import Request, Wire
from chatops_wire.rest import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyView,
    EventView,
    History,
    MetricsView,
    Page,
    ServerCreate,
    ServerPatch,
    ServerView,
    UserDetail,
    UserView,
)
from chatops_wire.rest_commands import BatchCreate, BatchView, CommandCancelCreate, CommandCreate, CommandView
from chatops_wire.times import format_ms

T = TypeVar("T")
Query = tuple[tuple[str, str], ...]

# The contract's largest page: the fewest round trips.
PAGE: Final = 1000
# A hub that repeated its cursors would keep us here for ever; 200,000 servers are beyond its design.
MAX_PAGES: Final = 200


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which metrics of one server, from when until when (Unix ms), in how many points at most."""

    server_id: str
    metrics: tuple[str, ...]
    start_ms: int
    end_ms: int
    points: int = 300


class Rest:
    """REST calls as the session's user.

    Every method raises HubUnreachableError, HubAnswerError, HubRefusedError (by kind) or SignInNeededError.
    An access token the hub refuses is replaced once before that is an error.
    """

    def __init__(self, wire: Wire, session: Session) -> None:
        self._wire = wire
        self._session = session

    async def me(self) -> UserView:
        """Return who is signed in."""
        return await self._call(Request("GET", "/auth/me"), UserView)

    async def servers(self) -> tuple[ServerView, ...]:
        """Return every server the user may see."""
        return await self._all("/servers", Page[ServerView])

    async def create_server(self, name: str, tags: Sequence[str] = ()) -> ServerView:
        """Add a server and return it; its key is made apart."""
        body = ServerCreate(name=name, tags=tuple(tags))
        return await self._call(Request("POST", "/servers", body), ServerView)

    async def patch_server(self, server_id: str, patch: ServerPatch) -> ServerView:
        """Change a server and return it as it now is."""
        return await self._call(Request("PATCH", _path("servers", server_id), patch), ServerView)

    async def delete_server(self, server_id: str) -> None:
        """Remove a server; its agent is cut off."""
        await self._exchange(Request("DELETE", _path("servers", server_id)))

    async def api_keys(self, server_id: str = "") -> tuple[ApiKeyView, ...]:
        """Return the keys of one server, or of all the user may manage."""
        return await self._all("/api-keys", Page[ApiKeyView], _given(server_id=server_id))

    async def create_api_key(self, server_id: str, name: str = "") -> ApiKeyCreated:
        """Make a key for a server's agent; its text is told this once."""
        body = ApiKeyCreate(server_id=server_id, name=name)
        return await self._call(Request("POST", "/api-keys", body), ApiKeyCreated)

    async def latest(self, server_id: str) -> MetricsView:
        """Return the newest sample, whole; NotFoundError (`no_metrics`) before the first."""
        return await self._call(Request("GET", _path("metrics", server_id)), MetricsView)

    async def history(self, query: HistoryQuery) -> History:
        """Return series; a gap has no points."""
        fields: Query = (
            *(("metric", metric) for metric in query.metrics),
            ("start", format_ms(query.start_ms)),
            ("end", format_ms(query.end_ms)),
            ("points", str(query.points)),
        )
        path = f"{_path('metrics', query.server_id)}/history"
        return await self._call(Request("GET", path, query=fields), History)

    async def events(self, server_id: str = "", *, limit: int = 100) -> tuple[EventView, ...]:
        """Return the newest entries of the timeline, at most `limit`, which is at most PAGE."""
        fields = (*_given(server_id=server_id), ("limit", str(limit)))
        page = await self._call(Request("GET", "/events", query=fields), Page[EventView])
        return page.items

    async def run_command(self, order: CommandCreate) -> CommandView:
        """Run a command; with `wait` False return at once, else when it has ended.

        To wait is for what ends well within `Limits.answer_within_s`; the rest is followed.
        """
        return await self._call(Request("POST", "/commands/", order), CommandView)

    async def run_batch(self, order: BatchCreate) -> BatchView:
        """Run a command on several servers and return at once."""
        return await self._call(Request("POST", "/commands/batch", order), BatchView)

    async def cancel_command(self, command_id: str, *, force: bool = False) -> None:
        """End a command and all it has started; one that has ended is no error."""
        path = f"{_path('commands', command_id)}/cancel"
        await self._exchange(Request("POST", path, CommandCancelCreate(force=force)))

    async def command(self, command_id: str) -> CommandView:
        """Return one command and what became of it."""
        return await self._call(Request("GET", _path("commands", command_id)), CommandView)

    async def command_output(self, command_id: str) -> bytes:
        """Return what is kept of its output, as it was printed."""
        return await self._exchange(Request("GET", f"{_path('commands', command_id)}/output"))

    async def commands(
        self, server_id: str = "", *, search: str = "", batch_id: str = "", limit: int = 100
    ) -> tuple[CommandView, ...]:
        """Return the newest commands, at most `limit` (at most PAGE); an empty word narrows nothing."""
        fields = (*_given(server_id=server_id, q=search, batch_id=batch_id), ("limit", str(limit)))
        return (await self._call(Request("GET", "/commands", query=fields), Page[CommandView])).items

    async def users(self) -> tuple[UserDetail, ...]:
        """Return every user; admins only."""
        return await self._all("/users", Page[UserDetail])

    async def _all(self, path: str, page: type[Page[T]], query: Query = ()) -> tuple[T, ...]:
        items: list[T] = []
        cursor: Query = ()
        for _ in range(MAX_PAGES):
            fields = (*query, ("limit", str(PAGE)), *cursor)
            part = await self._call(Request("GET", path, query=fields), page)
            items += part.items
            if part.next is None:
                break
            cursor = (("cursor", part.next),)
        return tuple(items)

    async def _call(self, request: Request, answer: type[T]) -> T:
        return self._wire.decoded(await self._exchange(request), answer)

    async def _exchange(self, request: Request) -> bytes:
        token = await self._session.token()
        try:
            return await self._wire.exchange(_with(request, token))
        except UnauthorizedError:
            # Our clock or the hub's may be wrong, or the hub has a new secret: one new token decides.
            token = await self._session.token(rejected=token)
            return await self._wire.exchange(_with(request, token))


def _with(request: Request, token: str) -> Request:
    return Request(request.method, request.path, request.body, request.query, token)


def _path(resource: str, item_id: str) -> str:
    # An id is opaque: whatever it holds, it stays one segment.
    return f"/{resource}/{quote(item_id, safe='')}"


def _given(**fields: str) -> Query:
    return tuple((name, value) for name, value in fields.items() if value)
