"""A hub's requests and answers as JSON, for the double."""

from typing import TypeVar

import msgspec
from aiohttp import web

from chatops_wire.codec import encode
from chatops_wire.codes import ErrorCode
from chatops_wire.rest import Problem

T = TypeVar("T")


def problem(status: int, code: ErrorCode, detail: str = "") -> web.Response:
    body = Problem(type="about:blank", title=code, status=status, detail=detail or code, code=code)
    headers = {"Retry-After": "42"} if status == 429 else {}
    return web.Response(
        status=status, body=encode(body), content_type="application/problem+json", headers=headers
    )


def answer(body: msgspec.Struct, status: int = 200) -> web.Response:
    return web.Response(status=status, body=encode(body), content_type="application/json")


async def read(request: web.Request, kind: type[T]) -> T:
    return msgspec.json.decode(await request.read(), type=kind)
