"""The logs of the hub double: the test says what is written."""

from collections.abc import Awaitable, Callable

import msgspec

from chatops_wire.client import LogLines, SubscriptionEnded
from chatops_wire.streams import LogLine, LogSource
from chatops_wire.times import format_ms

Send = Callable[[tuple[str, str | None], msgspec.Struct], Awaitable[None]]


class LogDouble:
    """Tells those who follow a log."""

    def __init__(self, send: Send, now_ms: Callable[[], int]) -> None:
        self._send = send
        self._now_ms = now_ms

    async def write(self, source: LogSource, *lines: str, server_id: str = "id-db-01") -> None:
        ts = format_ms(self._now_ms())
        told = tuple(LogLine(ts=ts, stream="stdout", line=line) for line in lines)
        message = LogLines(server_id=server_id, source=source, lines=told)
        await self._send(("logs", source.path or source.unit or source.container), message)

    async def end(self, source: LogSource, reason: str) -> None:
        """Say that a log cannot be followed any more."""
        ended = SubscriptionEnded(
            topic="logs", server_id="id-db-01", code="not_found", source=source, message=reason
        )
        await self._send(("logs", source.path or source.unit or source.container), ended)
