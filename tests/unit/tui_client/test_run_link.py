"""Commands between store and hub: what the store is told whatever becomes of a request."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from chatops_tui.client.http import Rest
from chatops_tui.requests import RequestFailedError
from chatops_tui.run_link import RunLink
from chatops_tui.store.models import Event
from chatops_tui.store.store import Store
from chatops_wire.rest_commands import BatchCreate, BatchView, CommandCreate, CommandView

T = TypeVar("T")


class Hub:
    """Answers when it is told to, or with an error."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.fault = ""

    async def run_command(self, order: CommandCreate) -> CommandView:
        await self._answer()
        return CommandView(
            command_id="c1", server_id=order.server_id, user_id=None, command="", status="running"
        )

    async def run_batch(self, order: BatchCreate) -> BatchView:
        del order
        await self._answer()
        return BatchView(batch_id="b", items=())

    async def cancel_command(self, command_id: str, *, force: bool) -> None:
        del command_id, force
        await self._answer()

    async def _answer(self) -> None:
        await self.go.wait()
        if self.fault:
            raise RequestFailedError(self.fault)


class DeskDouble:
    """A link whose tasks the test owns; `tasks` None: no connection."""

    def __init__(self, tasks: asyncio.TaskGroup | None) -> None:
        self.store = Store()
        self.hub = Hub()
        self.started: list[asyncio.Task[None]] = []
        self._tasks = tasks

    @property
    def rest(self) -> Rest:
        return cast("Rest", self.hub)  # only what commands need of it

    def now_ms(self) -> int:
        return 0

    def apply(self, event: Event) -> None:
        self.store.apply(event, 0)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> bool:
        if self._tasks is None:
            work.close()
            return False
        self.started.append(self._tasks.create_task(work, name=name))
        return True

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        return await work

    def said(self) -> list[tuple[str, str]]:
        return [(one.run.status, one.run.reason) for one in self.store.runs]


async def test_without_a_connection_nothing_is_run() -> None:
    desk = DeskDouble(None)
    RunLink(desk.store, desk).start("s1", "uptime")
    assert desk.said() == [("rejected", "Not connected to the hub.")]


async def test_what_was_not_answered_when_the_hub_was_left_is_said_to_be_unknown() -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = DeskDouble(tasks)
        RunLink(desk.store, desk).start("s1", "uptime")
        await asyncio.sleep(0)
        assert desk.said() == [("asked", "")]
        desk.started[0].cancel()
    assert desk.said() == [("rejected", "The hub was left before it answered: it may have run.")]


async def test_a_server_the_hub_did_not_take_is_named() -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = DeskDouble(tasks)
        RunLink(desk.store, desk).start_many(("s1", "s2"), "uptime")
        desk.hub.go.set()
    assert {status for status, _reason in desk.said()} == {"rejected"}


async def test_a_stop_that_fails_is_said_and_the_run_goes_on() -> None:
    async with asyncio.TaskGroup() as tasks:
        desk = DeskDouble(tasks)
        link = RunLink(desk.store, desk)
        desk.hub.go.set()
        link.start("s1", "sleep 60")
        await desk.started[0]
        desk.hub.fault = "The agent is offline."
        link.stop(next(iter(desk.store.runs)).run.key)
    assert desk.said() == [("running", "The agent is offline.")]
