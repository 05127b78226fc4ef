"""What goes wrong with an engine, in the words of the protocol."""

import errno
import re
from typing import Final

from chatops_wire.containers import DockerCode

_MAX_TOLD: Final = 1000
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 400, 403, 404, 409
_CODES: Final = {
    _BAD_REQUEST: DockerCode.BAD_REQUEST,
    # A network that is the engine's own, or has containers in it.
    _FORBIDDEN: DockerCode.CONFLICT,
    _NOT_FOUND: DockerCode.NOT_FOUND,
    _CONFLICT: DockerCode.CONFLICT,
}


# Engine 20.10 says 500 to an unpause of what is not paused: no fault, but a state it does not fit.
_STATE: Final = re.compile(r"is (?:not|already) (?:paused|running)|is restarting", re.IGNORECASE)


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
    code = _CODES.get(status, DockerCode.FAILED)
    if code is DockerCode.FAILED and _STATE.search(explanation):
        code = DockerCode.CONFLICT
    return EngineError(code, explanation.strip() or f"status {status}")
