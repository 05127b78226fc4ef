"""From a route to an aiohttp handler: token, right, body, answer, in this order."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from chatops_server.domain.permissions import HubAction, Principal, ServerAction
from chatops_server.errors import TokenError
from chatops_server.keys import HUB, Hub
from chatops_server.services.access import Caller, ServerAccess, require, server_for
from chatops_server.web.asking import Ask, Query
from chatops_server.web.bodies import read_body
from chatops_server.web.middlewares import CSP
from chatops_server.web.routes import Answer, Document, Public, Route
from chatops_wire import codec

JSON: Final = "application/json"


def register(app: web.Application, routes: Iterable[Route]) -> None:
    """Add every route, with and without a trailing slash; what is got can be asked for by HEAD."""
    for route in routes:
        endpoint = _endpoint(route)
        methods = (hdrs.METH_GET, hdrs.METH_HEAD) if route.method == hdrs.METH_GET else (route.method,)
        for path in (route.full_path, route.full_path + "/"):
            for method in methods:
                app.router.add_route(method, path, endpoint)


def _endpoint(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        ask = _let_in(request, route)
        if route.body is not None:
            body = await read_body(request, route.body)
            # That may have taken seconds, and in them the right may have ended.
            ask = replace(_let_in(request, route), body=body)
        return _response(route, await route.handle(ask))

    return serve


def _let_in(request: web.Request, route: Route) -> Ask[Any]:
    """Return the request without its body, once token and right have been looked at."""
    hub = request.app[HUB]
    principal = _principal(request, hub, route)
    return Ask(
        hub=hub,
        caller=Caller(principal, request.remote),
        path=request.match_info,
        query=Query(request.query),
        body=None,
        access=_access(request, hub, route, principal),
    )


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
