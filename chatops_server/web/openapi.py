"""The OpenAPI 3.1 document, made from the table of routes and the wire types."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from chatops_server.domain.permissions import HubAction, ServerAction
from chatops_server.web.problems import MEDIA_TYPE, STATUS
from chatops_server.web.routes import Param, Public, Route
from chatops_wire.rest import Problem
from chatops_wire.version import VERSION

_REF: Final = "#/components/schemas/{name}"
_ABOUT: Final = (
    "The REST interface of a ChatOps hub. Times are RFC 3339 UTC with milliseconds, except chart points, "
    "which are Unix milliseconds. Units: bytes, bytes a second, percent 0-100, seconds (`_s`), milliseconds "
    "(`_ms`). Errors are `application/problem+json`; what you may not see is 404. A trailing slash is "
    "accepted. Live data comes over WebSockets: `/api/v1/ws` for clients, `/api/v1/agents/ws` for agents "
    "(docs/protocol.md)."
)
_PLACES: Final = {
    "id": "The resource's id.",
    "server_id": "The server's id.",
    "user_id": "The user's id or user name.",
    "action": "What is to be done.",
}

Json = dict[str, Any]


def document(routes: Iterable[Route]) -> Json:
    """Return the whole document as JSON-ready values."""
    table = tuple(routes)
    kinds = _kinds(table)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    by_kind = dict(zip(kinds, schemas, strict=True))
    components["Problem"]["properties"]["code"]["enum"] = [code.value for code in STATUS]
    paths: dict[str, Json] = {}
    for route in table:
        paths.setdefault(route.full_path, {})[route.method.lower()] = _operation(route, by_kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ChatOps", "version": VERSION, "description": _ABOUT, "license": {"name": "MIT"}},
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in table)],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
        "security": [{"token": []}],
    }


def _kinds(table: Sequence[Route]) -> list[Any]:
    kinds = [kind for route in table for kind in (route.body, route.answer) if kind is not None]
    return list(dict.fromkeys([Problem, *kinds]))


def _operation(route: Route, by_kind: dict[Any, Json]) -> Json:
    operation: Json = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [_place(name) for name in route.places] + [_param(param) for param in route.query],
        "responses": _responses(route, by_kind),
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": not route.is_body_optional,
            "content": {"application/json": {"schema": by_kind[route.body]}},
        }
    if isinstance(route.right, Public):
        operation["security"] = []
    return operation


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.full_path.removeprefix("/api"))
    return "_".join([route.method.lower(), *words])


def _place(name: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PLACES[name],
        "schema": {"type": "string"},
    }


def _param(param: Param) -> Json:
    one: Json = {"type": param.kind}
    if param.bounds is not None:
        one["minimum"], one["maximum"] = param.bounds
    return {
        "name": param.name,
        "in": "query",
        "required": param.required,
        "description": param.about,
        "schema": {"type": "array", "items": one} if param.repeated else one,
    }


def _responses(route: Route, by_kind: dict[Any, Json]) -> Json:
    responses: Json = {}
    if route.answer is None:
        responses["204"] = {"description": "Done."}
    else:
        content = {route.media_type: {"schema": by_kind[route.answer]}}
        for status in (route.status, *route.other_statuses):
            responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    for status in _refusals(route):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": by_kind[Problem]}},
        }
    return responses


def _refusals(route: Route) -> list[int]:
    refusals = set(route.refusals)
    if route.body is not None:
        refusals |= {400, 413}
    if route.query:
        refusals.add(400)
    if not isinstance(route.right, Public):
        refusals.add(401)
    if isinstance(route.right, ServerAction):
        refusals.add(404)
    if route.right not in (Public.PUBLIC, HubAction.USE, ServerAction.READ):
        refusals.add(403)
    return sorted(refusals)
