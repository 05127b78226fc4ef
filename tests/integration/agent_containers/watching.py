"""An agent's view of an engine, with a hub that asks it things."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from chatops_agent.actions.workshop import Containment
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.policy import Policy
from chatops_wire.containers import Container, DockerCommand, DockerResponse
from tests.deadlines import DEADLINE_S, MS, eventually
from tests.integration.agent_actions.hub_side import ALL_ALLOWED, HubSide, hub_side

# Of a real engine on a busy machine.
ENGINE_S: Final = 30_000 * MS
_IDS: Final = itertools.count(1)


@asynccontextmanager
async def watching(host: str, within_s: float = DEADLINE_S) -> AsyncIterator[ContainerWatch]:
    """An engine that is followed."""
    watch = ContainerWatch(host, {}, within_s)
    following = asyncio.create_task(watch.run(), name="containers")
    try:
        await watch.inventory.first_look(ENGINE_S)
        yield watch
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        watch.close()


@asynccontextmanager
async def hub_watching(host: str, policy: Policy = ALL_ALLOWED) -> AsyncIterator[HubSide]:
    """A desk whose machine has this engine."""
    async with watching(host) as watch, hub_side(policy, Containment(cgroups=False), watch=watch) as hub:
        yield hub


async def asked(hub: HubSide, action: str, target: str = "", **params: Any) -> DockerResponse:  # noqa: ANN401
    """Order something and return what came of it."""
    command_id = f"d{next(_IDS)}"
    hub.say(DockerCommand(command_id=command_id, action=action, container_id=target, params=params))
    return await answer(hub, command_id)


async def answer(hub: HubSide, command_id: str) -> DockerResponse:
    """Return what came of an order."""
    found = await eventually(
        lambda: hub.of(DockerResponse, command_id=command_id),
        deadline_s=ENGINE_S,
        what=f"answer to {command_id}",
    )
    return found[0]


async def done(hub: HubSide, action: str, target: str = "", **params: Any) -> Any:  # noqa: ANN401
    """Order something that must succeed, and return its data."""
    response = await asked(hub, action, target, **params)
    assert response.success, response
    return response.data


def named(containers: tuple[Container, ...] | None, name: str) -> Container:
    """Return the container of this name."""
    found = [each for each in containers or () if each.name == name]
    assert len(found) == 1, containers
    return found[0]
