"""Changes to single containers, and to all of a compose project."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from msgspec import to_builtins

from chatops_agent.actions.containers import rules
from chatops_agent.actions.containers.projects import levels
from chatops_agent.actions.containers.rules import Order
from chatops_agent.actions.containers.work import Answer, Work, find, not_own, standing, touchable
from chatops_agent.collectors.containers.description import Described
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.engine.errors import EngineError
from chatops_wire.containers import DockerCode

# What an engine needs beyond the grace it gives a container: images to mount, volumes to remove.
CHANGE_WITHIN_S: Final = 60.0

Job = Callable[[Any], object]


class ContainerChanges:
    """Each answers with the container as it then stands; the engine's own reason where it refuses.

    What is so already is no error: a start of what runs, a stop of what has ended.
    """

    def __init__(self, watch: ContainerWatch) -> None:
        self._watch = watch

    @property
    def work(self) -> dict[str, Work]:
        """What is done by action."""
        return {
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "pause": self._pause,
            "unpause": self._unpause,
            "kill": self._kill,
            "remove": self._remove,
            "rename": self._rename,
            "project_start": self._project_start,
            "project_stop": self._project_stop,
            "project_restart": self._project_restart,
        }

    async def _start(self, order: Order) -> Answer:
        one = await find(self._watch, order.target)
        return await self._change(one, lambda api: api.start(one.id))

    async def _stop(self, order: Order) -> Answer:
        return await self._end(order, "stop")

    async def _restart(self, order: Order) -> Answer:
        return await self._end(order, "restart")

    async def _pause(self, order: Order) -> Answer:
        one = await find(self._watch, order.target)
        not_own([one], own=order.read(rules.Stopping).own)
        return await self._change(one, lambda api: api.pause(one.id))

    async def _unpause(self, order: Order) -> Answer:
        one = await find(self._watch, order.target)
        return await self._change(one, lambda api: api.unpause(one.id))

    async def _kill(self, order: Order) -> Answer:
        params = order.read(rules.Killing)
        one = await find(self._watch, order.target)
        not_own([one], own=params.own)
        return await self._change(one, lambda api: api.kill(one.id, signal=params.signal))

    async def _remove(self, order: Order) -> Answer:
        params = order.read(rules.Removing)
        one = await find(self._watch, order.target)
        not_own([one], own=params.own)
        return await self._change(
            one, lambda api: api.remove_container(one.id, v=params.volumes, force=params.force)
        )

    async def _rename(self, order: Order) -> Answer:
        new = rules.name(order.read(rules.Renaming).name, "container")
        one = await find(self._watch, order.target)
        touchable(self._watch, [new])
        return await self._change(one, lambda api: api.rename(one.id, new))

    async def _end(self, order: Order, action: str) -> Answer:
        params = order.read(rules.Stopping)
        one = await find(self._watch, order.target)
        not_own([one], own=params.own)
        grace_s = _grace(one, params.timeout_s)
        return await self._change(one, _ending(action, one, grace_s), grace_s)

    async def _change(self, one: Described, job: Job, grace_s: float = 0.0) -> Answer:
        await self._watch.engine.change(job, grace_s + CHANGE_WITHIN_S)
        return await standing(self._watch, one.id)

    async def _project_start(self, order: Order) -> Answer:
        return await self._project(order, lambda one, _grace_s: lambda api: api.start(one.id))

    async def _project_stop(self, order: Order) -> Answer:
        return await self._project(order, partial(_ending, "stop"), reverse=True)

    async def _project_restart(self, order: Order) -> Answer:
        return await self._project(order, partial(_ending, "restart"))

    async def _project(
        self, order: Order, job: Callable[[Described, float], Job], *, reverse: bool = False
    ) -> Answer:
        """Do this with every container of a project, those that need each other in their order."""
        params = order.read(rules.Stopping)
        await self._watch.inventory.look_at_all()
        members = [
            each for each in self._watch.inventory.containers or () if each.facts.project == order.target
        ]
        if not members:
            raise EngineError(DockerCode.NOT_FOUND, f"no containers of a project {order.target!r}")
        touchable(self._watch, [each.facts.name for each in members])
        if not order.action.endswith("start") or order.action.endswith("restart"):
            not_own(members, own=params.own)
        failures: list[str] = []
        for level in levels(members, reverse=reverse):
            jobs = [(one, job(one, _grace(one, params.timeout_s))) for one in level]
            failures += await self._at_once(jobs, params.timeout_s)
        found = await self._watch.inventory.look([each.id for each in members])
        if failures:
            text = f"{len(failures)} of {len(members)} containers: {'; '.join(failures)}"
            raise EngineError(DockerCode.FAILED, text)
        return {"containers": [to_builtins(self._watch.complete(each)) for each in found.values()]}

    async def _at_once(self, jobs: Iterable[tuple[Described, Job]], timeout_s: float | None) -> list[str]:
        """Do these beside each other, and return what went wrong."""

        async def one_of_them(one: Described, job: Job) -> str:
            try:
                await self._watch.engine.change(job, _grace(one, timeout_s) + CHANGE_WITHIN_S)
            except EngineError as exc:
                return f"{one.facts.name}: {exc.message}"
            return ""

        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(one_of_them(one, job), name=f"project-{one.facts.name}")
                for one, job in jobs
            ]
        return [task.result() for task in running if task.result()]


def _grace(one: Described, timeout_s: float | None) -> float:
    return one.grace_s if timeout_s is None else timeout_s


def _ending(action: str, one: Described, grace_s: float) -> Job:
    # The engine takes whole seconds; 0 means KILL at once.
    whole = round(grace_s + 0.499)
    return lambda api: getattr(api, action)(one.id, timeout=whole)
