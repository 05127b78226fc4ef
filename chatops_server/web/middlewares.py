"""What every request passes: errors become problem+json, answers get their security headers."""

import logging
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

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
    """Add what protects whoever opens an answer in a browser; for Application.on_response_prepare."""
    del request
    # Without a version, which aiohttp has set: who looks for old ones need not be helped.
    response.headers[hdrs.SERVER] = "chatops"
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def errors_as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever a handler raises into problem+json. Our own faults are told to the log only."""
    try:
        return await handler(request)
    except ChatopsError as exc:
        return problems.of_error(exc)
    except web.HTTPException as exc:
        if exc.status < 400:  # noqa: PLR2004 - what is no error passes
            raise
        return problems.of_http(exc)
    except (UniqueViolationError, ReferenceViolationError):
        # Two requests met; the one that came first has changed what this one relied on.
        return problems.problem(ErrorCode.CONFLICT, "something else was changed at the same moment")
    except Exception:
        log.exception("request failed", extra={"method": request.method, "path": request.path[:200]})
        return problems.problem(ErrorCode.INTERNAL, "something went wrong on our side")
