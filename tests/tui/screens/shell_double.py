"""The shells of the hub double: the test says which run, which have ended, and what was recorded."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from chatops_wire.client import Result
from chatops_wire.client_terminals import CloseTerminal, ListTerminals, TerminalEntry
from chatops_wire.codec import encode
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import Page
from chatops_wire.rest_commands import TerminalView
from chatops_wire.times import format_ms

PREFIX = "/api/v1/terminals"
CAST = b'{"version": 2, "width": 80, "height": 24}\n[0.1, "o", "hello"]\n'


class ShellDouble:
    """Terminals by id."""

    def __init__(self, now_ms: Callable[[], int], problem: Callable[..., web.Response]) -> None:
        self._now_ms = now_ms
        self._problem = problem
        self.views: dict[str, TerminalView] = {}
        self.entries: dict[str, TerminalEntry] = {}
        self.is_down = False

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PREFIX, self._list), web.get(f"{PREFIX}/{{terminal}}/recording", self._recording)]

    def put(self, terminal_id: str, server_id: str, **more: Any) -> None:  # noqa: ANN401 - the fields of both
        """Add a shell opened five minutes ago; `detached` for one that runs, `ended` and `recorded` else.

        Each is a second older than the one before: the list begins with the first.
        """
        opened = format_ms(self._now_ms() - 300_000 - 1_000 * len(self.views))
        is_over = more.get("ended", "")
        self.views[terminal_id] = TerminalView(
            terminal_id=terminal_id,
            server_id=server_id,
            user_id="u1",
            opened_at=opened,
            closed_at=format_ms(self._now_ms() - 60_000) if is_over else None,
            reason=is_over,
            recorded_bytes=more.get("recorded"),
        )
        if not is_over:
            self.entries[terminal_id] = TerminalEntry(
                terminal_id=terminal_id,
                server_id=server_id,
                user_id="u1",
                cols=120,
                rows=40,
                started_at=opened,
                detached=more.get("detached", True),
            )

    def answer(self, message: ListTerminals | CloseTerminal) -> bytes:
        """Return what the hub says to a request about terminals."""
        if isinstance(message, CloseTerminal):
            del self.entries[message.terminal_id]
            return encode(Result(id=message.id))
        found = tuple(one for one in self.entries.values() if one.server_id == message.server_id)
        return encode(Result(id=message.id, terminals=found))

    async def _list(self, request: web.Request) -> web.Response:
        if self.is_down:
            return self._problem(503, ErrorCode.UNAVAILABLE, "the storage is not there")
        wanted = request.query.get("server_id")
        items = tuple(view for view in self.views.values() if wanted in {None, view.server_id})
        body = msgspec.json.encode(Page(items=items))
        return web.Response(body=body, content_type="application/json")

    async def _recording(self, request: web.Request) -> web.Response:
        view = self.views[request.match_info["terminal"]]
        if view.recorded_bytes is None:
            return self._problem(404, ErrorCode.NOT_FOUND, "there is no recording of this terminal")
        return web.Response(body=CAST, content_type="application/x-asciicast")
