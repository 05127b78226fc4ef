"""What every request passes: errors become problem+json, answers get their security headers."""

import logging
from collections import Counter
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from chatops_server.errors import ChatopsError
from chatops_server.storage.base import ReferenceViolationError, UniqueViolationError
from chatops_server.web import problems
from chatops_wire.codes import ErrorCode

log = logging.getLogger(__name__)

CSP: Final = "Content-Security-Policy"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    hdrs.CACHE_CONTROL: "no-store",
    CSP: "default-src 'none'; frame-ancestors 'none'",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Do `protect`; for Application.on_response_prepare."""
    del request
    protect(response)


def protect(response: web.StreamResponse) -> None:
    """Add what protects whoever opens an answer in a browser."""
    # Without a version, which aiohttp has set: who looks for old ones need not be helped.
    response.headers[hdrs.SERVER] = "chatops"
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def errors_as_problems(told: Counter[ErrorCode]) -> Middleware:
    """Return what turns whatever a handler raises into problem+json, and counts it.

    Our own faults are told to the log only.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as exc:
            if exc.status < 400:  # noqa: PLR2004 - what is no error passes
                raise
            code, answer = problems.of_http(exc)
        except Exception as exc:  # noqa: BLE001 - the one place where a request's errors are told
            if _has_left(request, exc):
                # A fleet that comes back gives up by the hundred; this is sent to nobody.
                return web.Response()
            code, answer = _answer(request, exc)
        told[code] += 1
        return answer

    return middleware


def _has_left(request: web.Request, error: Exception) -> bool:
    """Whether the error is only that whoever asked is gone."""
    transport = request.transport
    return isinstance(error, ConnectionResetError) and (transport is None or transport.is_closing())


def _answer(request: web.Request, error: Exception) -> tuple[ErrorCode, web.Response]:
    if isinstance(error, ChatopsError):
        return error.code, problems.of_error(error)
    if isinstance(error, UniqueViolationError | ReferenceViolationError):
        # Two requests met; the one that came first has changed what this one relied on.
        code, detail = ErrorCode.CONFLICT, "something else was changed at the same moment"
    else:
        told = {"method": request.method, "path": request.path[:200]}
        log.error("request failed", exc_info=error, extra=told)
        code, detail = ErrorCode.INTERNAL, "something went wrong on our side"
    return code, problems.problem(code, detail)
