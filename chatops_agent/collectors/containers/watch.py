"""The containers of this machine put together: who tells of them, and what they use."""

import asyncio
from collections.abc import Callable, Mapping
from typing import NoReturn

from chatops_agent.collectors.containers.cgroup_files import CgroupFiles, own_container_id
from chatops_agent.collectors.containers.description import Described
from chatops_agent.collectors.containers.inventory import Inventory
from chatops_agent.collectors.containers.meter import Meter
from chatops_agent.engine.engine import READ_WITHIN_S, Engine
from chatops_agent.patterns import Pattern
from chatops_wire.containers import Container, EngineState


class ContainerWatch:
    """One engine, its containers and their numbers; without an engine it costs nothing."""

    def __init__(
        self,
        setting: str,
        environ: Mapping[str, str],
        within_s: float = READ_WITHIN_S,
        names: tuple[Pattern, ...] | None = None,
    ) -> None:
        """Prepare; `run` does the work.

        Args:
            setting: Where the engine listens, `none`, or empty: look for it.
            environ: Where DOCKER_HOST is looked up.
            within_s: How long the engine may take for what should take milliseconds.
            names: Of the only containers that may be looked into or changed; None: all.
        """
        self._names = names
        self.engine = Engine(setting, environ, within_s)
        self.inventory = Inventory(self.engine, own_container_id)
        self.meter = Meter(self.engine, self.inventory, CgroupFiles)

    @property
    def state(self) -> EngineState | None:
        """What a sample says of the engine."""
        return self.engine.state

    async def run(self) -> NoReturn:
        """Follow the engine until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.inventory.run(), name="containers-inventory")
            tasks.create_task(self.meter.run(), name="containers-statistics")
        raise AssertionError("both tasks run until they are cancelled")

    def close(self) -> None:
        """End the engine's threads, once nobody asks it for anything any more."""
        self.engine.close()

    def configure(self, interval_s: float | None) -> None:
        """Note how often samples are taken."""
        self.meter.configure(interval_s)

    def collect(self, now: float) -> tuple[Container, ...] | None:
        """Return every container, read now; None: no engine answers. For the thread of a source."""
        return self.meter.collect(now)

    def may_touch(self, name: str) -> bool:
        """Say whether the container of this name may be looked into or changed here."""
        return self._names is None or any(each.matches(name.removeprefix("/")) for each in self._names)

    def complete(self, described: Described) -> Container:
        """Return a container as the hub is told of it."""
        return self.meter.complete(described)

    def listen(self, listener: Callable[[str, Container], None]) -> Callable[[], None]:
        """Call this with an action and the container's state after each change; returns what ends that."""
        return self.inventory.listen(lambda action, described: listener(action, self.complete(described)))
