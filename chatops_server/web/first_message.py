"""The `auth` every connection begins with."""

import asyncio
from typing import Final, TypeVar

from chatops_server.broker.closing import AUTH_TIMEOUT, Closing, ConnectionEnded, malformed
from chatops_server.web.frame_socket import FrameSocket
from chatops_wire.agent import Auth
from chatops_wire.codec import FrameDecoder, MalformedFrameError, UnknownMessage
from chatops_wire.codes import CloseCode, ErrorCode

M = TypeVar("M")
A = TypeVar("A")


# A token has some 600 bytes. What an agent says of itself, and of what its machine allows, has bounds too.
MAX_CLIENT_AUTH: Final = 4 * 1024
MAX_AGENT_AUTH: Final = 64 * 1024
_TOO_BIG: Final = Closing(CloseCode.TOO_BIG, ErrorCode.TOO_LARGE, "the auth message is too large")


async def first_message(socket: FrameSocket, decoder: FrameDecoder[M], kind: type[A], within_s: float) -> A:
    """Return the connection's first message, which has to be of this kind.

    Raises:
        ConnectionEnded: None came in time (4401), it is another one or malformed (4400), too large for what
            nobody has vouched for yet (1009), or the peer left.
    """
    try:
        async with asyncio.timeout(within_s):
            frame = await socket.receive()
    except TimeoutError as exc:
        raise ConnectionEnded(AUTH_TIMEOUT) from exc
    if frame is None:
        raise ConnectionEnded(socket.peer_left())
    if len(frame) > (MAX_AGENT_AUTH if kind is Auth else MAX_CLIENT_AUTH):
        raise ConnectionEnded(_TOO_BIG)
    message = _decoded(frame, decoder)
    if not isinstance(message, kind):
        raise ConnectionEnded(malformed("the first message must be auth"))
    return message


def _decoded(frame: str, decoder: FrameDecoder[M]) -> M | UnknownMessage:
    try:
        return decoder.decode(frame)
    except MalformedFrameError as exc:
        raise ConnectionEnded(malformed(str(exc))) from exc
