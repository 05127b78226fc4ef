"""What goes wrong with an engine, in the words of the protocol."""

import errno
from typing import Final

from chatops_wire.containers import DockerCode

_MAX_TOLD: Final = 1000
_BAD_REQUEST, _NOT_FOUND, _CONFLICT = 400, 404, 409
_CODES: Final = {
    _BAD_REQUEST: DockerCode.BAD_REQUEST,
    _NOT_FOUND: DockerCode.NOT_FOUND,
    _CONFLICT: DockerCode.CONFLICT,
}


class EngineError(Exception):
    """The engine did not do it; the message says why, in its own words where it has some."""

    def __init__(self, code: DockerCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message[:_MAX_TOLD]


def unavailable(address: str, exc: OSError) -> EngineError:
    """Return why nobody can be spoken to at this address."""
    if exc.errno in (errno.EACCES, errno.EPERM):
        text = (
            f"the agent may not use {address}: put its user into the socket's group (mostly `docker`), "
            "which gives it as much power as root"
        )
    elif exc.errno in (errno.ENOENT, errno.ECONNREFUSED):
        text = f"no engine listens on {address}"
    elif isinstance(exc, TimeoutError):
        text = f"the engine at {address} does not answer"
    else:
        text = f"{address}: {exc.strerror or exc}"
    return EngineError(DockerCode.DOCKER_UNAVAILABLE, text)


def refused(status: int, explanation: str) -> EngineError:
    """Return what an answer with this HTTP status means."""
    return EngineError(_CODES.get(status, DockerCode.FAILED), explanation.strip() or f"status {status}")
