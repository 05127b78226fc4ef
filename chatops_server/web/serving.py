"""From a route to an aiohttp handler: token, right, body, answer, in this order."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from chatops_server.domain.permissions import HubAction, Principal, ServerAction
from chatops_server.errors import ChatopsError, ForbiddenError, TokenError
from chatops_server.keys import HUB, Hub
from chatops_server.services.access import Caller, ServerAccess, require, server_for
from chatops_server.web.asking import Ask, Query
from chatops_server.web.bodies import read_body
from chatops_server.web.middlewares import CSP
from chatops_server.web.routes import Answer, Document, Public, Route, Stream
from chatops_wire import codec

log = logging.getLogger(__name__)

JSON: Final = "application/json"
# A request that is looked at a second time (web.second_look) has no body left to be read.
_BODY: Final[web.RequestKey[Any]] = web.RequestKey("body", object)


def register(app: web.Application, routes: Iterable[Route]) -> None:
    """Add every route, with and without a trailing slash; what is got can be asked for by HEAD."""
    by_path: dict[str, list[Route]] = {}
    # What a path says itself goes before what it leaves open: `/commands/batch` is no command's id, and by
    # another method it is not taken for one.
    for route in sorted(routes, key=lambda route: len(route.places)):
        by_path.setdefault(route.full_path, []).append(route)
    for full_path, there in by_path.items():
        allowed = sorted({method for route in there for method in _methods(route)})
        for path in (full_path, full_path + "/"):
            for route in there:
                endpoint = _endpoint(route)
                for method in _methods(route):
                    app.router.add_route(method, path, endpoint)
            app.router.add_route(hdrs.METH_ANY, path, _refusing(allowed))


def _methods(route: Route) -> tuple[str, ...]:
    return (hdrs.METH_GET, hdrs.METH_HEAD) if route.method == hdrs.METH_GET else (route.method,)


def _refusing(allowed: Sequence[str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMethodNotAllowed(request.method, allowed)

    return refuse


def _endpoint(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            return await answered(request)
        except ForbiddenError:
            await _denied(request, route)
            raise

    async def answered(request: web.Request) -> web.StreamResponse:
        ask = _let_in(request, route)
        if route.body is not None:
            if _BODY not in request:
                roomy = request.clone(client_max_size=route.most_body)
                request[_BODY] = await read_body(roomy, route.body, is_optional=route.is_body_optional)
            body = request[_BODY]
            # That may have taken seconds, and in them the right may have ended.
            ask = replace(_let_in(request, route), body=body)
        answer = await route.handle(ask)
        return await _streamed(request, answer) if isinstance(answer, Stream) else _response(route, answer)

    return serve


async def _denied(request: web.Request, route: Route) -> None:
    hub = request.app[HUB]
    caller = Caller(_principal(request, hub, route), request.remote)
    server_id = request.query.get("server_id") or request.match_info.get("server_id")
    if isinstance(route.right, ServerAction):
        server_id = request.match_info[route.places[0]]
    await hub.ledger.denied(caller, f"{request.method} {request.path}", server_id and server_id[:64])


def _let_in(request: web.Request, route: Route) -> Ask[Any]:
    """Return the request without its body, once token and right have been looked at."""
    hub = request.app[HUB]
    principal = _principal(request, hub, route)
    return Ask(
        hub=hub,
        caller=Caller(principal, request.remote, request.headers.get(hdrs.USER_AGENT, "")),
        path=request.match_info,
        query=Query(request.query),
        body=None,
        access=_access(request, hub, route, principal),
    )


async def _streamed(request: web.Request, answer: Stream) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers={hdrs.CONTENT_TYPE: answer.content_type})
    async with aclosing(answer.pieces) as pieces:
        # The first one before the head: what fails until then is still a proper error.
        piece = await anext(pieces, b"")
        await response.prepare(request)
        try:
            if request.method != hdrs.METH_HEAD:
                await response.write(piece)
                async for piece in pieces:
                    await response.write(piece)
            await response.write_eof()
        except (ConnectionError, ChatopsError, OSError) as exc:
            # Too late for another answer: a body without its end tells that it is not whole.
            log.info("an answer was cut short", extra={"path": request.path[:200], "reason": str(exc)})
            if request.transport is not None:
                request.transport.abort()
    return response


def _principal(request: web.Request, hub: Hub, route: Route) -> Principal | None:
    if isinstance(route.right, Public):
        return None
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenError("this needs an access token: Authorization: Bearer …")
    return hub.accounts.authenticate(token.strip())


def _access(request: web.Request, hub: Hub, route: Route, principal: Principal | None) -> ServerAccess | None:
    if principal is None:
        return None
    if isinstance(route.right, HubAction):
        require(principal, route.right)
    if isinstance(route.right, ServerAction):
        return server_for(hub.fleet, principal, request.match_info[route.places[0]], route.right)
    return None


def _response(route: Route, answer: Answer) -> web.Response:
    match answer:
        case None:
            return web.Response(status=204)
        case bytes():
            return web.Response(status=route.status, body=answer, content_type=JSON)
        case Document():
            headers = {hdrs.CONTENT_TYPE: answer.content_type} | ({CSP: answer.csp} if answer.csp else {})
            return web.Response(status=answer.status, body=answer.body, headers=headers)
        case msgspec.Struct():
            return web.Response(status=route.status, body=codec.encode(answer), content_type=JSON)
        case _:
            raise TypeError(f"{route.method} {route.path} answered {type(answer).__name__}")
