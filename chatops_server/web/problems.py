"""Errors as problem+json: the one map from codes to statuses."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import web

from chatops_server.errors import ChatopsError, StorageError, TooManyRequestsError
from chatops_wire import codec
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import Problem

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
# A commit that failed, or a full disk, is rarely over sooner.
_UNAVAILABLE_RETRY_S: Final = 5

STATUS: Final[Mapping[ErrorCode, int]] = {
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.INVALID_CREDENTIALS: 401,
    ErrorCode.OTP_REQUIRED: 401,
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.TOKEN_REUSED: 401,
    ErrorCode.INVALID_KEY: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_ALLOWED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.NO_METRICS: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.CONFLICT: 409,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.TOO_MANY_REQUESTS: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.AGENT_OFFLINE: 503,
    ErrorCode.DOCKER_UNAVAILABLE: 503,
    ErrorCode.AGENT_TIMEOUT: 504,
}
"""Every code but those that only error frames of WebSockets carry."""

_CODE_OF_STATUS: Final = {
    400: ErrorCode.INVALID_REQUEST,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    413: ErrorCode.TOO_LARGE,
}


def problem(
    code: ErrorCode, detail: str, *, status: int | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return the answer for one error; `status` only where it is not the code's own."""
    shown = status or STATUS.get(code, 400)
    body = Problem(
        type=f"urn:chatops:problem:{code.value}",
        title=HTTPStatus(shown).phrase,
        status=shown,
        detail=detail,
        code=code.value,
    )
    return web.Response(
        status=shown, body=codec.encode(body), content_type=MEDIA_TYPE, headers=dict(headers or {})
    )


def of_error(error: ChatopsError) -> web.Response:
    """Return the answer for an error of the hub's own tree."""
    headers: dict[str, str] = {}
    if STATUS.get(error.code) == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, StorageError):
        headers["Retry-After"] = str(_UNAVAILABLE_RETRY_S)
        log.warning("storage is unavailable", extra={"reason": error.reason})
    return problem(error.code, error.detail, headers=headers)


def of_http(error: web.HTTPException) -> tuple[ErrorCode, web.Response]:
    """Return code and answer for an error of aiohttp's: no such path, wrong method, body too large."""
    code = _CODE_OF_STATUS.get(error.status, ErrorCode.INVALID_REQUEST)
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return code, problem(code, _detail(error), status=error.status, headers=headers)


def _detail(error: web.HTTPException) -> str:
    match error.status:
        case HTTPStatus.NOT_FOUND:
            return "there is nothing at this path"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return f"this path takes {error.headers.get('Allow', 'another method')}"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return "the body is too large"
        case _:
            return error.reason
