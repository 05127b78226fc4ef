"""Keeps webhooks away from what only the hub's own machine or network should reach."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from chatops_server.domain.alerts.destinations import Destination, DestinationError

_HINT: Final = "it leads to this machine or a private network; --webhook-allow-private lets it"


class Guard:
    """Says which addresses a webhook may lead to; those of a cloud's own metadata never."""

    def __init__(self, *, allows_private: bool) -> None:
        self._allows_private = allows_private

    def check(self, where: Destination) -> None:
        """Let an address pass that says by itself where it leads; a name is looked at when it is used.

        Raises:
            DestinationError: It leads where it must not.
        """
        if where.kind != "webhook":
            return
        host = (urlsplit(where.url).hostname or "").rstrip(".")
        if host == "localhost" or host.endswith(".localhost"):
            self._require(self._allows_private)
            return
        try:
            address = ip_address(host)
        except ValueError:
            return
        self._require(self.is_allowed(address))

    def is_allowed(self, address: IPv4Address | IPv6Address) -> bool:
        """Return whether a webhook may be sent to an address."""
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        return address.is_global or self._allows_private

    def _require(self, is_allowed: bool) -> None:  # noqa: FBT001 - one private place
        if not is_allowed:
            raise DestinationError(_HINT)


class GuardedResolver(AbstractResolver):
    """Resolves names to addresses that the guard allows: what was checked is what is connected to."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the allowed addresses of a host.

        Raises:
            OSError: It has none.
        """
        found = await self._inner.resolve(host, port, family)
        allowed = [each for each in found if self._guard.is_allowed(ip_address(each["host"]))]
        if not allowed:
            raise OSError(_HINT)
        return allowed

    async def close(self) -> None:
        """Nothing is held."""
        await self._inner.close()
