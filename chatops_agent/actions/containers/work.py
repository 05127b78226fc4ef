"""What all work with an engine shares: finding one container, and telling how it then stands."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

from msgspec import to_builtins

from chatops_agent.actions.containers.rules import Order
from chatops_agent.collectors.containers.description import Described
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.engine.errors import EngineError
from chatops_wire.containers import DockerCode

Answer = dict[str, Any]
Work = Callable[[Order], Awaitable[Answer]]

_IS_OWN: Final = (
    "this agent runs in that container and would end with it; "
    "nobody could start it again from here (with the parameter `own` it is done all the same)"
)


async def find(watch: ContainerWatch, reference: str) -> Described:
    """Return the container of this id or name, which its engine has just said is there.

    Raises:
        EngineError: There is none, or no engine.
    """
    return await described(watch, await inspected(watch, reference))


async def described(watch: ContainerWatch, details: Mapping[str, Any]) -> Described:
    """Return the container these details are of; as it was told last, which is a tenth of a second ago.

    Raises:
        EngineError: It is gone by now, or the engine is.
    """
    container_id = str(details.get("Id"))
    known = watch.inventory.find(container_id)
    if known is not None:
        return known
    found = await watch.inventory.look([container_id])
    if container_id not in found:
        raise _missing(container_id)
    return found[container_id]


async def inspected(watch: ContainerWatch, reference: str) -> Mapping[str, Any]:
    """Return what `inspect` says of a container.

    Raises:
        EngineError: There is none of this id or name, this machine lets nobody touch it, or no engine.
    """
    (details,) = await watch.engine.inspect([reference])
    if details is None:
        raise _missing(reference)
    # By the name its engine has for it, whatever it was asked for by.
    touchable(watch, [str(details.get("Name", ""))])
    return details


def touchable(watch: ContainerWatch, names: Iterable[str]) -> None:
    """Let containers of these names pass.

    Raises:
        EngineError: This machine lets nobody touch one of them.
    """
    for each in names:
        if not watch.may_touch(each):
            text = f"the container {each.removeprefix('/')!r} is not on this machine's list"
            raise EngineError(DockerCode.NOT_ALLOWED, text)


async def standing(watch: ContainerWatch, container_id: str) -> Answer:
    """Return the answer to a change: the container as it then stands, None if it is no more.

    Raises:
        EngineError: The engine is gone.
    """
    found = (await watch.inventory.look([container_id])).get(container_id)
    return {"container": None if found is None else to_builtins(watch.complete(found))}


def not_own(containers: Iterable[Described], *, own: bool) -> None:
    """Refuse what would end this agent, unless `own` says that this is meant.

    Raises:
        EngineError: It runs in one of these.
    """
    if not own and any(each.facts.is_agent for each in containers):
        raise EngineError(DockerCode.CONFLICT, _IS_OWN)


def _missing(reference: str) -> EngineError:
    return EngineError(DockerCode.NOT_FOUND, f"No such container: {reference}")
