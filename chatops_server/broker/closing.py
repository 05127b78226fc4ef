"""Why a connection is ended from this side, and what the peer is told first."""

from typing import Final

from msgspec import Struct

from chatops_wire import codec
from chatops_wire.agent import Error
from chatops_wire.codes import CloseCode, ErrorCode

# A whole frame quoted back would be of no use to an honest peer.
_MAX_TEXT_CHARS: Final = 200


class Closing(Struct, frozen=True):
    """The close code, and the `error` frame before it.

    Attributes:
        code: The WebSocket close code.
        error: The frame's code; None sends no frame.
        text: The frame's message, and what the timeline says of the reason.
    """

    code: CloseCode
    error: ErrorCode | None
    text: str

    @property
    def frame(self) -> bytes | None:
        """The `error` frame: the same words for agents and clients."""
        if self.error is None:
            return None
        return codec.encode(Error(code=self.error, message=self.text))


class ConnectionEnded(Exception):  # noqa: N818 - a state, raised to leave a handler
    """This connection is to be closed."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing.text)
        self.closing = closing


GOING_AWAY = Closing(CloseCode.GOING_AWAY, None, "the hub is stopping")
REPLACED = Closing(CloseCode.REPLACED, ErrorCode.REPLACED, "a newer connection took over")
MOVED = Closing(CloseCode.REPLACED, ErrorCode.REPLACED, "a connection to another hub took over")
GIVEN_UP = Closing(CloseCode.GOING_AWAY, None, "the other hubs took this one for gone")
KEY_REVOKED = Closing(CloseCode.UNAUTHORIZED, ErrorCode.INVALID_KEY, "the API key was revoked")
KEY_EXPIRED = Closing(CloseCode.UNAUTHORIZED, ErrorCode.INVALID_KEY, "the API key has expired")
SERVER_DELETED = Closing(CloseCode.UNAUTHORIZED, ErrorCode.INVALID_KEY, "the server was deleted")
AUTH_TIMEOUT = Closing(CloseCode.UNAUTHORIZED, ErrorCode.AUTH_TIMEOUT, "no auth message within 10 s")
TOO_SLOW = Closing(CloseCode.TOO_SLOW, None, "the peer reads too slowly")
TOO_MANY = Closing(CloseCode.TOO_SLOW, ErrorCode.TOO_MANY_REQUESTS, "this user has too many connections")
BINARY = Closing(CloseCode.UNSUPPORTED_DATA, None, "a binary frame")
UNAVAILABLE = Closing(CloseCode.INTERNAL, ErrorCode.UNAVAILABLE, "storage is unavailable")
SILENT = Closing(CloseCode.NORMAL, None, "no answer to a ping")
LOST = Closing(CloseCode.NORMAL, None, "the connection broke")
INTERNAL = Closing(CloseCode.INTERNAL, ErrorCode.INTERNAL, "the hub failed; see its log")
TOKEN_EXPIRED = Closing(CloseCode.UNAUTHORIZED, ErrorCode.TOKEN_EXPIRED, "the access token has expired")
TOKEN_DEAD = Closing(CloseCode.UNAUTHORIZED, ErrorCode.UNAUTHORIZED, "the access token is no longer valid")
# Not 4401: that asks for signing in, which would not bring the server back.
ACCESS_LOST = Closing(CloseCode.NORMAL, ErrorCode.NOT_FOUND, "no such server")


def malformed(text: str) -> Closing:
    """Return the end of a connection whose peer broke the protocol; `text` names the field."""
    return Closing(CloseCode.MALFORMED, ErrorCode.MALFORMED, text[:_MAX_TEXT_CHARS])
