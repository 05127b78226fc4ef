"""The hub's REST interface for a user who is signed in, one method a job."""

from collections.abc import Sequence

import msgspec

from chatops_tui.client.access_calls import AccessCalls
from chatops_tui.client.alert_calls import AlertCalls
from chatops_tui.client.calls import Calls, Query, given, item_path
from chatops_tui.client.docker_calls import DockerCalls
from chatops_tui.client.session import Session
from chatops_tui.client.signatures import Signatures
from chatops_tui.client.terminal_calls import TerminalCalls
from chatops_tui.client.timeline_calls import TimelineCalls
from chatops_tui.client.wire import Request, Wire
from chatops_wire.policy import PolicyView
from chatops_wire.rest import (
    ApiKeyCreate,
    ApiKeyCreated,
    ApiKeyView,
    Coverage,
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
from chatops_wire.rest_moments import MomentView
from chatops_wire.times import format_ms


class HistoryQuery(msgspec.Struct, frozen=True):
    """Which metrics of one server, from when until when (Unix ms), in how many points at most."""

    server_id: str
    metrics: tuple[str, ...]
    start_ms: int
    end_ms: int
    points: int = 300


class Rest:
    """REST calls as the session's user.

    Every method raises HubUnreachableError, HubAnswerError, HubRefusedError (by kind) or SignInNeededError.
    An access token the hub refuses is replaced once before that is an error. What is asked of a machine may
    raise SigningError too.
    """

    def __init__(self, wire: Wire, session: Session, signatures: Signatures) -> None:
        self._calls = Calls(wire, session)
        self._signatures = signatures
        self.alerts = AlertCalls(self._calls)
        self.timeline = TimelineCalls(self._calls)
        self.docker = DockerCalls(self._calls, signatures)
        self.terminals = TerminalCalls(self._calls)
        self.access = AccessCalls(self._calls)

    async def me(self) -> UserView:
        """Return who is signed in."""
        return await self._calls.call(Request("GET", "/auth/me"), UserView)

    async def servers(self) -> tuple[ServerView, ...]:
        """Return every server the user may see."""
        return await self._calls.every("/servers", Page[ServerView])

    async def create_server(self, name: str, tags: Sequence[str] = ()) -> ServerView:
        """Add a server and return it; its key is made apart."""
        body = ServerCreate(name=name, tags=tuple(tags))
        return await self._calls.call(Request("POST", "/servers", body), ServerView)

    async def patch_server(self, server_id: str, patch: ServerPatch) -> ServerView:
        """Change a server and return it as it now is."""
        return await self._calls.call(Request("PATCH", item_path("servers", server_id), patch), ServerView)

    async def policy(self, server_id: str) -> PolicyView:
        """Return what may be asked of a server's machine, and who decided what."""
        return await self._calls.call(Request("GET", item_path("servers", server_id) + "/policy"), PolicyView)

    async def delete_server(self, server_id: str) -> None:
        """Remove a server; its agent is cut off."""
        await self._calls.exchange(Request("DELETE", item_path("servers", server_id)))

    async def api_keys(self, server_id: str = "") -> tuple[ApiKeyView, ...]:
        """Return the keys of one server, or of all the user may manage."""
        return await self._calls.every("/api-keys", Page[ApiKeyView], given(server_id=server_id))

    async def create_api_key(self, server_id: str, name: str = "") -> ApiKeyCreated:
        """Make a key for a server's agent; its text is told this once."""
        body = ApiKeyCreate(server_id=server_id, name=name)
        return await self._calls.call(Request("POST", "/api-keys", body), ApiKeyCreated)

    async def latest(self, server_id: str) -> MetricsView:
        """Return the newest sample, whole; NotFoundError (`no_metrics`) before the first."""
        return await self._calls.call(Request("GET", item_path("metrics", server_id)), MetricsView)

    async def history(self, query: HistoryQuery) -> History:
        """Return series; a gap has no points."""
        fields: Query = (
            *(("metric", metric) for metric in query.metrics),
            ("start", format_ms(query.start_ms)),
            ("end", format_ms(query.end_ms)),
            ("points", str(query.points)),
        )
        path = f"{item_path('metrics', query.server_id)}/history"
        return await self._calls.call(Request("GET", path, query=fields), History)

    async def coverage(self, server_id: str, start_ms: int, end_ms: int) -> Coverage:
        """Return how much of what a server measured in [start_ms, end_ms) is stored."""
        fields = (("start", str(start_ms)), ("end", str(end_ms)))
        path = f"{item_path('metrics', server_id)}/coverage"
        return await self._calls.call(Request("GET", path, query=fields), Coverage)

    async def moment(self, server_id: str, at_ms: int) -> MomentView:
        """Return what a server looked like then; NotFoundError (`no_metrics`) where nothing is near."""
        path = f"{item_path('metrics', server_id)}/at"
        return await self._calls.call(Request("GET", path, query=(("ts", str(at_ms)),)), MomentView)

    async def events(self, server_id: str = "", *, limit: int = 100) -> tuple[EventView, ...]:
        """Return the newest entries of the timeline, at most `limit`, which is at most PAGE."""
        fields = (*given(server_id=server_id), ("limit", str(limit)))
        page = await self._calls.call(Request("GET", "/events", query=fields), Page[EventView])
        return page.items

    async def run_command(self, order: CommandCreate) -> CommandView:
        """Run a command; with `wait` False return at once, else when it has ended.

        To wait is for what ends well within `Limits.answer_within_s`; the rest is followed.
        """
        signed = await self._signatures.on_command(order)
        return await self._calls.call(Request("POST", "/commands/", signed), CommandView)

    async def run_batch(self, order: BatchCreate) -> BatchView:
        """Run a command on several servers and return at once."""
        signed = await self._signatures.on_batch(order)
        return await self._calls.call(Request("POST", "/commands/batch", signed), BatchView)

    async def cancel_command(self, command_id: str, *, force: bool = False) -> None:
        """End a command and all it has started; one that has ended is no error."""
        path = f"{item_path('commands', command_id)}/cancel"
        await self._calls.exchange(Request("POST", path, CommandCancelCreate(force=force)))

    async def command(self, command_id: str) -> CommandView:
        """Return one command and what became of it."""
        return await self._calls.call(Request("GET", item_path("commands", command_id)), CommandView)

    async def command_output(self, command_id: str) -> bytes:
        """Return what is kept of its output, as it was printed."""
        return await self._calls.exchange(Request("GET", f"{item_path('commands', command_id)}/output"))

    async def commands(
        self, server_id: str = "", *, search: str = "", batch_id: str = "", limit: int = 100
    ) -> tuple[CommandView, ...]:
        """Return the newest commands, at most `limit` (at most PAGE); an empty word narrows nothing."""
        fields = (*given(server_id=server_id, q=search, batch_id=batch_id), ("limit", str(limit)))
        return (await self._calls.call(Request("GET", "/commands", query=fields), Page[CommandView])).items

    async def users(self) -> tuple[UserDetail, ...]:
        """Return every user; admins only."""
        return await self._calls.every("/users", Page[UserDetail])
