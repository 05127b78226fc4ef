"""Commands between store and hub: carries them out, and tells the store what became of each."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, Final

from chatops_tui.link_desk import Desk
from chatops_tui.requests import RequestFailedError
from chatops_tui.store.runs import Run, RunAccepted, RunRejected, RunsAsked, RunTold
from chatops_tui.store.spread import EVERYWHERE, Spread
from chatops_tui.store.store import Store
from chatops_wire.rest_commands import BatchCreate, CommandCreate

# Whoever watches can stop it; an hour is for what was forgotten.
TIMEOUT_S: Final = 3600.0
# As many as make a history; more is a search in the hub's own.
_RECENT: Final = 500
_NOT_CONNECTED: Final = "Not connected to the hub."
_BROKEN_OFF: Final = "The hub was left before it answered: it may have run."
_UNTOLD: Final = "The hub did not say that it took this server."


class RunLink:
    """`requests.Commands`; every request is a task of the link's own."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk

    def start(self, server_id: str, command: str) -> None:
        """Run a command on one server; returns at once."""
        run = Run(self._store.runs.take_key(), server_id, command, self._desk.now_ms())
        self._begin((run,), self._started(run))

    def start_many(
        self, server_ids: Sequence[str], command: str, batch: int = 0, spread: Spread = EVERYWHERE
    ) -> int:
        """Run a command on several servers, or on some more of a fan-out; returns its number at once."""
        runs, now_ms = self._store.runs, self._desk.now_ms()
        batch = batch or runs.take_key()
        members = tuple(Run(runs.take_key(), one, command, now_ms, batch) for one in server_ids)
        self._begin(members, self._started_all(members, spread))
        return batch

    def stop(self, key: int) -> None:
        """End a run: TERM to the whole group, and asked once more KILL; returns at once."""
        memory = self._store.runs.get(key)
        if memory is not None and memory.run.command_id and memory.run.is_open:
            force, memory.cancelled_once = memory.cancelled_once, True
            self._desk.spawn(self._stopped(memory.run, force=force), f"stop-{key}")

    async def output(self, command_id: str) -> bytes:
        """Return everything the hub has kept of an output; RequestFailedError."""
        return await self._desk.ask(self._desk.rest.command_output(command_id))

    async def recent(self, server_id: str) -> tuple[str, ...]:
        """Return commands run before on a server, or anywhere; the newest first; RequestFailedError."""
        views = await self._desk.ask(self._desk.rest.commands(server_id, limit=_RECENT))
        return tuple(view.command for view in views if view.command)

    def _begin(self, runs: tuple[Run, ...], work: Coroutine[Any, Any, None]) -> None:
        self._desk.apply(RunsAsked(runs))
        if not self._desk.spawn(self._carried(runs, work), f"run-{runs[0].key}"):
            work.close()
            self._reject(runs, _NOT_CONNECTED)

    async def _carried(self, runs: tuple[Run, ...], work: Coroutine[Any, Any, None]) -> None:
        """Do the work; where it is broken off, what the hub has not answered by then is unknown for ever."""
        try:
            await work
        except asyncio.CancelledError:
            unanswered = (self._store.runs.get(run.key) for run in runs)
            self._reject((one.run for one in unanswered if one and one.run.status == "asked"), _BROKEN_OFF)
            raise

    def _reject(self, runs: Iterable[Run], reason: str) -> None:
        for run in runs:
            self._desk.apply(RunRejected(run.key, reason))

    async def _started(self, run: Run) -> None:
        order = CommandCreate(server_id=run.server_id, command=run.command, timeout_s=TIMEOUT_S, wait=False)
        try:
            view = await self._desk.ask(self._desk.rest.run_command(order))
        except RequestFailedError as exc:
            self._desk.apply(RunRejected(run.key, str(exc)))
        else:
            self._desk.apply(RunAccepted(run.key, view.command_id))

    async def _started_all(self, runs: tuple[Run, ...], spread: Spread) -> None:
        order = BatchCreate(
            server_ids=tuple(run.server_id for run in runs),
            command=runs[0].command,
            timeout_s=TIMEOUT_S,
            concurrency=spread.at_once,
            stop_after_failures=spread.stop_after,
        )
        try:
            view = await self._desk.ask(self._desk.rest.run_batch(order))
        except RequestFailedError as exc:
            self._reject(runs, str(exc))
            return
        ids = {item.server_id: item.command_id for item in view.items}
        for run in runs:
            known = ids.get(run.server_id)
            self._desk.apply(RunAccepted(run.key, known) if known else RunRejected(run.key, _UNTOLD))

    async def _stopped(self, run: Run, *, force: bool) -> None:
        try:
            await self._desk.ask(self._desk.rest.cancel_command(run.command_id, force=force))
        except RequestFailedError as exc:
            self._desk.apply(RunTold(run.key, str(exc)))
