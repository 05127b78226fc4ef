"""The `auth` every connection begins with."""

import asyncio
from typing import TypeVar

from chatops_server.broker.closing import AUTH_TIMEOUT, ConnectionEnded, malformed
from chatops_server.web.frame_socket import FrameSocket
from chatops_wire.codec import FrameDecoder, MalformedFrameError, UnknownMessage

M = TypeVar("M")
A = TypeVar("A")


async def first_message(socket: FrameSocket, decoder: FrameDecoder[M], kind: type[A], within_s: float) -> A:
    """Return the connection's first message, which has to be of this kind.

    Raises:
        ConnectionEnded: None came in time (4401), it is another one or malformed (4400), or the peer left.
    """
    try:
        async with asyncio.timeout(within_s):
            frame = await socket.receive()
    except TimeoutError as exc:
        raise ConnectionEnded(AUTH_TIMEOUT) from exc
    if frame is None:
        raise ConnectionEnded(socket.peer_left())
    message = _decoded(frame, decoder)
    if not isinstance(message, kind):
        raise ConnectionEnded(malformed("the first message must be auth"))
    return message


def _decoded(frame: str, decoder: FrameDecoder[M]) -> M | UnknownMessage:
    try:
        return decoder.decode(frame)
    except MalformedFrameError as exc:
        raise ConnectionEnded(malformed(str(exc))) from exc
