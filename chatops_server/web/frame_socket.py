"""One WebSocket: text frames in and out, slow and silent peers noticed, and an end within a deadline."""

import asyncio
import socket
import sys
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import WSMsgType, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from chatops_server.broker.closing import BINARY, LOST, SILENT, TOO_SLOW, Closing, ConnectionEnded
from chatops_server.errors import ForbiddenError
from chatops_wire.agent import AUTH_TIMEOUT_S, HEARTBEAT_S, MAX_FRAME_BYTES
from chatops_wire.codes import CloseCode

# RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code.
_MAX_REASON_BYTES: Final = 123
# The frames we hold can still be replaced by newer ones, those in a buffer cannot.
_UNSENT_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a peer may take; seconds. Others than these are for tests."""

    auth_s: float = AUTH_TIMEOUT_S
    """From the handshake to a valid first message."""
    heartbeat_s: float = HEARTBEAT_S
    """Without a word from the peer until it is pinged; it has half of that to answer."""
    stall_s: float = 6.0
    """Without taking one byte until the peer is too slow. Less than heartbeat and answer (15 s), so
    that it is told 4429 before a missing pong ends it without a word."""
    close_s: float = 1.5
    """To answer a close frame; a revoked key is cut off within 2 s."""


class FrameSocket:
    """Wraps one accepted WebSocket. One task receives, one sends; `close` is for after both."""

    def __init__(
        self,
        ws: web.WebSocketResponse,
        writer: AbstractStreamWriter,
        transport: asyncio.Transport | None,
        patience: Patience,
    ) -> None:
        """Wrap what `accept` has upgraded; `writer` is what its `prepare` returned."""
        self._ws = ws
        self._writer = writer
        self._transport = transport
        self._patience = patience

    @property
    def response(self) -> web.WebSocketResponse:
        """What the handler returns."""
        return self._ws

    def has_ended(self) -> bool:
        """Return whether the connection is gone, also while nobody receives or sends."""
        return self._transport is None or self._transport.is_closing()

    async def receive(self) -> str | None:
        """Return the next text frame, None when the connection has ended. Cancelling is safe.

        Raises:
            ConnectionEnded: A binary frame came.
        """
        message = await self._ws.receive()
        if message.type is WSMsgType.TEXT:
            text: str = message.data
            return text
        if message.type is WSMsgType.BINARY:
            raise ConnectionEnded(BINARY)
        return None

    async def send(self, frame: bytes, ending: asyncio.Event) -> None:
        """Send a text frame; return when the socket can take more, or `ending` is set.

        Raises:
            ConnectionEnded: The peer takes nothing, or is gone.
        """
        try:
            await self._ws.send_frame(frame, WSMsgType.TEXT)
            if self._unsent() > _UNSENT_BYTES and not ending.is_set():
                await self._wait_for_room(ending)
        except ConnectionError as exc:
            raise ConnectionEnded(self.peer_left()) from exc

    def peer_left(self) -> Closing:
        """Return why the connection has ended by itself, in words for the timeline."""
        if isinstance(self._ws.exception(), TimeoutError):
            return SILENT
        match self._ws.close_code:
            case CloseCode.NORMAL | CloseCode.GOING_AWAY:
                return Closing(CloseCode.NORMAL, None, "the peer closed the connection")
            case CloseCode.TOO_BIG:
                return Closing(CloseCode.NORMAL, None, "a frame of more than 1 MiB")
            case _:
                return LOST

    async def close(self, closing: Closing) -> None:
        """Say why, close, and cut the connection if the peer does not answer in time."""
        try:
            async with asyncio.timeout(self._patience.close_s):
                if closing.frame is not None and not self._ws.closed:
                    await self._ws.send_frame(closing.frame, WSMsgType.TEXT)
                reason = closing.text.encode()[:_MAX_REASON_BYTES].decode(errors="ignore").encode()
                # Not drained: a slow peer's buffer may never be empty, and it is not waited for.
                await self._ws.close(code=closing.code, message=reason, drain=False)
        except (TimeoutError, ConnectionError):
            self._abort()
        finally:
            # A transport that closes politely waits for a peer that does not read, without end.
            if self._unsent():
                self._abort()

    async def _wait_for_room(self, ending: asyncio.Event) -> None:
        # One task for as long as it takes: aiohttp cannot wait again for what was cancelled once.
        draining = asyncio.create_task(self._writer.drain(), name="socket-drain")
        # A peer that takes a byte now and then is never too slow, and so could outlive its key.
        told = asyncio.create_task(ending.wait(), name="socket-ending")
        try:
            before = self._unsent()
            while not await self._either(draining, told):
                unsent = self._unsent()
                if unsent >= before:
                    raise ConnectionEnded(TOO_SLOW)
                before = unsent
            if draining.done():
                draining.result()
        finally:
            draining.cancel()
            told.cancel()
            await asyncio.wait({draining, told})

    async def _either(self, *tasks: asyncio.Task[Any]) -> set[asyncio.Task[Any]]:
        first = asyncio.FIRST_COMPLETED
        return (await asyncio.wait(tasks, timeout=self._patience.stall_s, return_when=first))[0]

    def _unsent(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


async def accept(request: web.Request, patience: Patience) -> FrameSocket:
    """Upgrade a request.

    Raises:
        web.HTTPBadRequest: It is no WebSocket handshake.
        ForbiddenError: A page of another origin asks.
    """
    _check_origin(request)
    ws = web.WebSocketResponse(
        heartbeat=patience.heartbeat_s,
        # 91 KB a connection for frames that are small anyway.
        compress=False,
        # aiohttp refuses a frame of exactly this size.
        max_msg_size=MAX_FRAME_BYTES + 1,
        timeout=patience.close_s,
        # FrameSocket.send waits for room itself.
        writer_limit=sys.maxsize,
    )
    writer = await ws.prepare(request)
    transport = request.transport
    if transport is not None:
        _limit_unsent(transport)
    return FrameSocket(ws, writer, transport, patience)


def _check_origin(request: web.Request) -> None:
    origin = request.headers.get(hdrs.ORIGIN)
    # Programs send none; a browser sends its page's, and then only our own pages may connect.
    if origin is not None and _host_of(origin) != request.host:
        raise ForbiddenError("another origin may not connect")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _limit_unsent(transport: asyncio.Transport) -> None:
    transport.set_write_buffer_limits(high=_UNSENT_BYTES)
    raw = transport.get_extra_info("socket")
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if raw is not None and option is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        # The kernel's own buffer would hold megabytes more for a slow reader.
        raw.setsockopt(socket.IPPROTO_TCP, option, _UNSENT_BYTES)
