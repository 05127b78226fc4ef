"""What this hub does not know, another may have made a moment ago: it is looked for before it is denied."""

from typing import Final, Protocol

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from chatops_server.errors import ConflictError, ForbiddenError, NotFoundError, TokenError
from chatops_server.web.routes import PREFIX

# Whoever comes with a key or a password of a minute ago; they are few, and what they do takes longer.
_DOORS: Final = (f"{PREFIX}/auth/login", f"{PREFIX}/auth/refresh")


class Others(Protocol):
    """The other hubs' changes (services.hubs.shared_state.SharedState)."""

    @property
    def taken(self) -> int:
        """The newest change that was taken over; grows."""

    async def catch_up(self) -> None:
        """Know what other hubs had committed when this was called."""


def second_look(others: Others) -> Middleware:
    """Return what handles a request again that failed for want of something another hub has changed."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if hdrs.SEC_WEBSOCKET_KEY in request.headers or request.path.startswith(_DOORS):
            await others.catch_up()
            return await handler(request)
        taken = others.taken
        try:
            return await handler(request)
        except (NotFoundError, TokenError, ForbiddenError, ConflictError):
            await others.catch_up()
            if others.taken == taken:
                raise
        return await handler(request)

    return middleware
