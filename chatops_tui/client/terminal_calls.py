"""REST about terminals: which were opened, and what they showed."""

import asyncio
from contextlib import aclosing
from typing import IO

from chatops_tui.client.calls import Calls, given, item_path
from chatops_tui.client.wire import Request
from chatops_wire.rest import Page
from chatops_wire.rest_commands import TerminalView


class TerminalCalls:
    """Raises as `Calls`."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def newest(self, server_id: str = "", *, limit: int = 100) -> tuple[TerminalView, ...]:
        """Return the newest terminals the user opened, of admins everybody's; an empty id: any."""
        return await self._calls.newest(
            "/terminals", Page[TerminalView], given(server_id=server_id), limit=limit
        )

    async def fetch(self, terminal_id: str, file: IO[bytes]) -> int:
        """Write a recording to `file` as it comes, and return its size in bytes; also OSError of the file."""
        size = 0
        request = Request("GET", f"{item_path('terminals', terminal_id)}/recording")
        async with aclosing(self._calls.pieces(request)) as pieces:
            async for piece in pieces:
                await asyncio.to_thread(file.write, piece)
                size += len(piece)
        return size
