"""Looks up the hub's name in a thread the agent never waits for at its end."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from chatops_agent.lanes import Lane, LaneBusyError


class LaneResolver(AbstractResolver):
    """Resolves on a lane.

    asyncio's own look-ups run in an executor, and a name server that does not answer would keep the program
    from ending for up to half a minute.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`.

        Raises:
            OSError: There are none, or an earlier look-up still hangs.
        """
        try:
            return await self._lane.run(lambda: _addresses(host, port, family))
        except LaneBusyError as exc:
            raise OSError("the name server does not answer") from exc

    async def close(self) -> None:
        """Do nothing: whoever brought the lane ends it, for aiohttp closes only resolvers of its own."""


def _addresses(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [
        ResolveResult(
            hostname=host,
            host=_numeric(address),
            port=port,
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _type, protocol, _name, address in found
    ]


def _numeric(address: tuple[object, ...]) -> str:
    # A link-local IPv6 address is nothing without its interface; its scope is the fourth part.
    host, scope = str(address[0]), address[3] if len(address) > 3 else 0  # noqa: PLR2004 - see above
    return f"{host}%{scope}" if scope and "%" not in host else host
