"""/metrics without a prefix: the hub and the fleet for Prometheus."""

from chatops_server.domain.permissions import HubAction
from chatops_server.services.exposition import CONTENT_TYPE
from chatops_server.web.asking import Ask
from chatops_server.web.routes import Document, Public, Route


async def _metrics(ask: Ask[None]) -> Document:
    return Document(await ask.hub.exposition.text(ask.caller.principal), content_type=CONTENT_TYPE)


def routes(*, public: bool) -> tuple[Route, ...]:
    """Return the route; `public` asks for no token and shows every server to whoever can connect."""
    return (
        Route(
            method="GET",
            path="/metrics",
            right=Public.PUBLIC if public else HubAction.USE,
            handle=_metrics,
            summary="Measure the hub and the servers you see: Prometheus' text format, anew once a second.",
            tag="health",
            answer=str,
            media_type="text/plain",
            prefix="",
        ),
    )
