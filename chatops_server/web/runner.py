"""aiohttp's server, but what is no HTTP it can read is answered as every other error is: by problem+json."""

import logging
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod, LineTooLong

from chatops_server.web import problems
from chatops_server.web.middlewares import protect
from chatops_wire.codes import ErrorCode

log = logging.getLogger(__name__)

_MAX_TEXT_CHARS: Final = 200


class HubRunner(web.AppRunner):
    """Runs an application; requests that do not even reach it are answered here.

    Bodies are taken as they come: what unpacks them would let a few bytes fill the memory, or the log.
    """

    def __init__(self, app: web.Application, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(app, auto_decompress=False, **options)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made.request_handler, request_factory=made.request_factory, **self._kwargs)


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # Errors of handlers are the middleware's; this one is told to the log by aiohttp.
            super().handle_error(request, status, exc, message)
            answer = problems.problem(ErrorCode.INTERNAL, "something went wrong on our side")
        else:
            log.debug("no HTTP", extra={"reason": (message or "")[:_MAX_TEXT_CHARS], "peer": request.remote})
            if request.writer.output_size > 0:
                raise ConnectionError("the answer had begun already")
            answer = problems.problem(ErrorCode.INVALID_REQUEST, _reason(exc))
        protect(answer)
        answer.force_close()
        return answer


def _reason(exc: BaseException | None) -> str:
    match exc:
        case LineTooLong():
            return "the address or a header is longer than 8190 bytes"
        case BadHttpMethod():
            return "there is no such method; perhaps https was meant where http is spoken"
        case _:
            return "this is no HTTP request that can be read"
