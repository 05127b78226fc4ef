"""What belongs to an engine beside containers: images, volumes, networks, and the room they take."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.engine_answers import rows_of
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import InvalidRequestError
from chatops_server.services.access import Caller, server_for
from chatops_server.services.containers.deeds import Deeds
from chatops_server.services.containers.records import Asked
from chatops_server.services.containers.relay import Order
from chatops_wire.rest_docker import EngineOrder, prune_params, removal_params

Kind = Literal["image", "volume", "network"]
# `df` walks every layer and volume; removing and pruning delete them, file by file.
_LIST_WITHIN_S: Final = 30.0
_LONG_WITHIN_S: Final = 130.0
_PRUNE_WITHIN_S: Final = 610.0
# registry:5000/team/app:1.2@sha256:…; never a step up within the engine's API.
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_:@/-]|\.(?!\.)){0,511}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Which server's engine, and who asks."""

    server_id: str
    principal: Principal
    caller: Caller


class Engines:
    """Asks the agent for everything: nothing of this is kept here."""

    def __init__(self, fleet: Fleet, deeds: Deeds) -> None:
        self._fleet = fleet
        self._deeds = deeds

    async def listed(self, place: Place, kind: Kind) -> list[dict[str, Any]]:
        """Return the images, volumes or networks.

        Raises:
            NotFoundError: The server is unknown or invisible to the user.
            ChatopsError: As Deeds.read.
        """
        return rows_of(await self._read(place, f"{kind}s"), f"{kind}s")

    async def df(self, place: Place) -> dict[str, Any]:
        """Return what images, containers, volumes and the build cache take; raises as `listed`."""
        data = await self._read(place, "df", _LONG_WITHIN_S)
        return dict(data) if isinstance(data, Mapping) else {}

    async def remove(self, place: Place, kind: Kind, name: str, order: EngineOrder) -> None:
        """Remove an image, a volume or a network.

        Raises:
            InvalidRequestError: That is no name.
            NotFoundError, ForbiddenError: The server is not the user's to see, or to operate.
            ChatopsError: As Deeds.change.
        """
        checked_name(name)
        state = self._state(place, ServerAction.OPERATE)
        params = removal_params(order)
        asked = Asked(state, place.caller, f"{kind}.remove", f"remove {kind}", name, params)
        ordered = Order(f"{kind}_remove", name, params, order.signature)
        await self._deeds.change(asked, ordered, _LONG_WITHIN_S)

    async def prune(self, place: Place, kind: Kind, order: EngineOrder) -> dict[str, Any]:
        """Remove what no container uses and return what the agent says of it; raises as `remove`."""
        state = self._state(place, ServerAction.OPERATE)
        params = prune_params(order)
        asked = Asked(state, place.caller, f"{kind}.prune", "prune", f"{kind}s", params)
        ordered = Order(f"{kind}_prune", "", params, order.signature)
        data = await self._deeds.change(asked, ordered, _PRUNE_WITHIN_S)
        return dict(data) if isinstance(data, Mapping) else {}

    async def _read(self, place: Place, action: str, within_s: float = _LIST_WITHIN_S) -> Any:  # noqa: ANN401 - JSON
        state = self._state(place, ServerAction.READ)
        asked = Asked(state, place.caller, f"engine.{action}", "list", action, {})
        return await self._deeds.read(asked, Order(action), within_s)

    def _state(self, place: Place, action: ServerAction) -> ServerState:
        return server_for(self._fleet, place.principal, place.server_id, action).state


def checked_name(name: str) -> str:
    """Return the name of an image, volume or network.

    Raises:
        InvalidRequestError: It cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequestError("it is no name of an image, a volume or a network")
    return name
