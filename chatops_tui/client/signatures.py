"""Adds an operator's signature to what is asked of machines, where the operator has a key."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec.structs import replace

from chatops_wire.rest_commands import BatchCreate, CommandCreate
from chatops_wire.signing import (
    Request,
    Signature,
    attach_params,
    command_params,
    docker_params,
    terminal_params,
)

Sign = Callable[[Request], Awaitable[Signature]]
"""Signs one request; raises SigningError."""


class Signatures:
    """Every method raises SigningError where there is a key that does not sign; without a key nothing is."""

    def __init__(self, sign: Sign | None = None) -> None:
        self._sign = sign

    async def on_command(self, order: CommandCreate) -> CommandCreate:
        """Return a command with its signature."""
        if self._sign is None:
            return order
        request = Request("command", order.server_id, command_params(order))
        return replace(order, signature=await self._sign(request))

    async def on_batch(self, order: BatchCreate) -> BatchCreate:
        """Return a batch with one signature for each server it names; what it selects cannot be signed."""
        if self._sign is None:
            return order
        params = command_params(order)
        signed = {each: await self._sign(Request("command", each, params)) for each in order.server_ids}
        return replace(order, signatures=signed)

    async def for_terminal(self, server_id: str, container: str | None) -> Signature | None:
        """Return the signature of a terminal that is to be opened."""
        return await self._of(Request("terminal", server_id, terminal_params(container)))

    async def for_attaching(self, server_id: str, terminal_id: str) -> Signature | None:
        """Return the signature for viewing a terminal that runs."""
        return await self._of(Request("terminal_attach", server_id, attach_params(terminal_id)))

    async def for_docker(
        self, server_id: str, action: str, container_id: str, params: Mapping[str, Any]
    ) -> Signature | None:
        """Return the signature of something that is to be done with a container or an image."""
        return await self._of(Request("docker", server_id, docker_params(action, container_id, params)))

    async def _of(self, request: Request) -> Signature | None:
        return None if self._sign is None else await self._sign(request)
