"""/healthz and /readyz: for whoever watches over the hub itself."""

from typing import Literal

from msgspec import Struct

from chatops_server.web.asking import Ask
from chatops_server.web.routes import Document, Public, Route
from chatops_wire import codec
from chatops_wire.rest import Readiness

_TAG = "health"


class Health(Struct, frozen=True, kw_only=True):
    """The process answers; nothing else is asked."""

    status: Literal["ok"] = "ok"


async def _healthz(ask: Ask[None]) -> Health:
    del ask
    return Health()


async def _readyz(ask: Ask[None]) -> Document:
    readiness = await ask.hub.readiness.ask()
    return Document(codec.encode(readiness), status=503 if readiness.status == "unavailable" else 200)


ROUTES = (
    Route(
        method="GET",
        path="/healthz",
        right=Public.PUBLIC,
        handle=_healthz,
        summary="Say that the process is alive.",
        tag=_TAG,
        answer=Health,
        prefix="",
    ),
    Route(
        method="GET",
        path="/readyz",
        right=Public.PUBLIC,
        handle=_readyz,
        summary="Say whether database and disk can do their work; the same body with 503 when not.",
        tag=_TAG,
        answer=Readiness,
        prefix="",
    ),
)
