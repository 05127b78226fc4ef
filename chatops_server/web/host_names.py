"""Which names the hub answers to: a page that had its own name point here (DNS rebinding) is sent away."""

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chatops_server.errors import ForbiddenError

# Asked by whatever watches over the hub, by any address; they tell nothing.
_FOR_ALL: Final = frozenset({"/healthz", "/readyz"})


def only_hosts(allowed: Collection[str]) -> Middleware:
    """Return what lets only requests for these names and addresses pass, any port; none lets all pass.

    WebSockets too. The others get 403.
    """
    names = frozenset(_plain(name) for name in allowed)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if names and host_of(request.host) not in names and request.path.rstrip("/") not in _FOR_ALL:
            raise ForbiddenError("the hub does not answer to this name (--allowed-host)")
        return await handler(request)

    return middleware


def host_of(header: str) -> str:
    """Return the host of a Host header without its port, in lower case; empty where it is none."""
    try:
        return _plain(urlsplit(f"//{header}").hostname or "")
    except ValueError:
        return ""


def _plain(name: str) -> str:
    return name.strip().strip("[]").rstrip(".").lower()
