"""Every code a peer may see: problem codes of REST and error frames, and WebSocket close codes."""

from enum import IntEnum, StrEnum


class ErrorCode(StrEnum):
    """The `code` of a problem+json body or of an `error` frame. docs/protocol.md lists the meanings."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CREDENTIALS = "invalid_credentials"
    OTP_REQUIRED = "otp_required"
    UNAUTHORIZED = "unauthorized"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a code, not a secret
    TOKEN_REUSED = "token_reused"  # noqa: S105 - likewise
    INVALID_KEY = "invalid_key"
    FORBIDDEN = "forbidden"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    NO_METRICS = "no_metrics"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    TOO_MANY_REQUESTS = "too_many_requests"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"
    AGENT_OFFLINE = "agent_offline"
    DOCKER_UNAVAILABLE = "docker_unavailable"
    AGENT_TIMEOUT = "agent_timeout"
    # WebSocket only
    MALFORMED = "malformed"
    AUTH_TIMEOUT = "auth_timeout"
    REPLACED = "replaced"
    UNSUPPORTED_PROTOCOL = "unsupported_protocol"
    UNKNOWN_TOPIC = "unknown_topic"
    ENDED = "ended"


class Refusal(StrEnum):
    """Why an agent did not do what it was asked for: the `code` of a request's closing message."""

    NOT_ALLOWED = "not_allowed"
    """By its own settings, whatever the hub says; a path outside the folders that may be followed too."""
    BUSY = "busy"
    """As many as may be at once, or the machine has no processes, memory or file descriptors left."""
    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    INVALID_REQUEST = "invalid_request"
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"
    """This machine cannot: no journal, no pseudo terminals, a file that may not be read."""


class CloseCode(IntEnum):
    """Why a WebSocket was closed. Below 4000: RFC 6455, section 7.4.1."""

    NORMAL = 1000
    GOING_AWAY = 1001
    UNSUPPORTED_DATA = 1003
    TOO_BIG = 1009
    INTERNAL = 1011
    MALFORMED = 4400
    UNAUTHORIZED = 4401
    REPLACED = 4409
    TOO_SLOW = 4429
