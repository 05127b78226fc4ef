"""What an agent's refusal is to the user whose request it was."""

from collections.abc import Callable, Mapping
from typing import Final

from chatops_server.errors import (
    AgentOfflineError,
    AgentTimeoutError,
    ChatopsError,
    ConflictError,
    DockerUnavailableError,
    InvalidRequestError,
    NotAllowedError,
    NotFoundError,
    TooManyRequestsError,
)
from chatops_wire.codes import ErrorCode, Refusal
from chatops_wire.containers import DockerCode

# A place is free again when something ends.
_RETRY_AFTER_S: Final = 5


def _busy(detail: str) -> ChatopsError:
    return TooManyRequestsError(detail, _RETRY_AFTER_S)


def _offline(_detail: str) -> ChatopsError:
    return AgentOfflineError()


_ERRORS: Final[Mapping[str, Callable[[str], ChatopsError]]] = {
    Refusal.NOT_ALLOWED: NotAllowedError,
    Refusal.INVALID_REQUEST: InvalidRequestError,
    Refusal.NOT_FOUND: NotFoundError,
    Refusal.BUSY: _busy,
    ErrorCode.AGENT_OFFLINE: _offline,
    ErrorCode.AGENT_TIMEOUT: AgentTimeoutError,
    DockerCode.BAD_REQUEST: InvalidRequestError,
    DockerCode.DOCKER_UNAVAILABLE: DockerUnavailableError,
    DockerCode.TIMEOUT: AgentTimeoutError,
}


def refusal(code: str | None, text: str) -> ChatopsError:
    """Return the error for an agent's `code` and its own words; what is not known is a conflict."""
    detail = text[:1000] or f"the server's agent refused: {code or 'without a reason'}"
    return _ERRORS.get(code or "", ConflictError)(detail)
