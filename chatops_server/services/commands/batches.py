"""Batches: the same command on many servers, so many at once, until too many have failed."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.runs import Run, Runs
from chatops_server.domain.batches import Batch, begun, ended
from chatops_server.domain.permissions import Principal, ServerAction, allows
from chatops_server.domain.selectors import Candidate, SelectorError, parse
from chatops_server.errors import (
    AgentOfflineError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    StorageError,
    TooManyRequestsError,
)
from chatops_server.services.access import Caller, ServerAccess, server_for
from chatops_server.services.commands.dispatch import Dispatch, new_command_id
from chatops_server.services.commands.records import Records, shown
from chatops_server.services.errands import Errands
from chatops_server.storage.sql.commands import NewCommand
from chatops_wire.codes import ErrorCode
from chatops_wire.commands import CommandResponse, CommandStatus, FinalStatus
from chatops_wire.rest_commands import MAX_BATCH_SERVERS, BatchCreate, BatchItem, BatchView

# With the most that one may run at once, as many runs as the hub's memory is made for.
MAX_BATCHES: Final = 8
STOPPED: Final = "batch_stopped"
_RETRY_AFTER_S: Final = 5


@dataclass(frozen=True, slots=True)
class _Ordered:
    body: BatchCreate
    principal: Principal


class Batches:
    """Begins batches and sees them through."""

    def __init__(
        self, fleet: Fleet, runs: Runs, dispatch: Dispatch, records: Records, errands: Errands
    ) -> None:
        self._fleet = fleet
        self._runs = runs
        self._dispatch = dispatch
        self._records = records
        self._errands = errands
        self._under_way = 0

    async def begin(self, order: BatchCreate, principal: Principal, caller: Caller) -> BatchView:
        """Store a batch and begin it; everything else happens behind.

        Raises:
            InvalidRequestError: No server is meant, or too many.
            NotFoundError, ForbiddenError: One of the servers named is not the user's to see, or to operate.
            TooManyRequestsError: MAX_BATCHES are under way.
        """
        servers = self._servers(order, principal)
        if self._under_way >= MAX_BATCHES:
            raise TooManyRequestsError(f"{MAX_BATCHES} batches are under way already", _RETRY_AFTER_S)
        self._under_way += 1
        try:
            batch_id = f"bat_{token_hex(8)}"
            new = [_new(access, order, caller, batch_id) for access in servers]
            server_ids = [access.state.id for access in servers]
            nums = await self._records.batch_ordered(new, order, server_ids, caller)
        except BaseException:
            self._under_way -= 1
            raise
        runs = {}
        for num, command, server_id in zip(nums, new, server_ids, strict=True):
            run = Run(
                command.id,
                num,
                server_id,
                caller.user_id,
                caller.address,
                order.timeout_s,
                shown(order),
                batch_id,
            )
            runs[run.id] = run
            self._runs.add(run)
        self._errands.start(self._see_through(_Ordered(order, principal), runs), f"batch-{batch_id}")
        return BatchView(batch_id=batch_id, items=tuple(map(_item, runs.values())))

    def of(self, batch_id: str) -> list[Run]:
        """Return what of a batch has not ended."""
        return [run for run in self._runs if run.batch_id == batch_id and run.finished is None]

    async def _see_through(self, order: _Ordered, runs: Mapping[str, Run]) -> None:
        try:
            await self._run(order, runs)
        finally:
            self._under_way -= 1

    async def _run(self, order: _Ordered, runs: Mapping[str, Run]) -> None:
        batch = Batch(tuple(runs), order.body.concurrency, order.body.stop_after_failures)
        # At most `concurrency` wait in it: each run puts its end once.
        ends: asyncio.Queue[tuple[str, CommandStatus]] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            while not batch.is_over:
                batch, starting = begun(batch)
                for command_id in starting:
                    tasks.create_task(self._one(runs[command_id], order, ends), name=f"batch-{command_id}")
                if batch.running:
                    batch = ended(batch, *await ends.get())
        text = f"not begun: {batch.failures} before it had failed"
        for command_id in batch.waiting:
            self._end_unsent(runs[command_id], "cancelled", STOPPED, text, order)

    async def _one(self, run: Run, order: _Ordered, ends: asyncio.Queue[tuple[str, CommandStatus]]) -> None:
        if run.is_waiting:
            await self._send(run, order)
        await run.ended.wait()
        await ends.put((run.id, run.result.status if run.result else "lost"))

    async def _send(self, run: Run, order: _Ordered) -> None:
        try:
            # Looked at again: a batch may take hours, and in them a right may have ended.
            server_for(self._fleet, order.principal, run.server_id, ServerAction.OPERATE)
            self._dispatch.check(run.server_id)
            await self._records.begun(run, order.body)
        except (ForbiddenError, NotFoundError) as exc:
            self._end_unsent(run, "refused", exc.code, exc.detail, order)
        except TooManyRequestsError as exc:
            self._end_unsent(run, "refused", "busy", exc.detail, order)
        except StorageError:
            text = "the hub's storage was unavailable"
            self._end_unsent(run, "refused", ErrorCode.UNAVAILABLE, text, order)
        except AgentOfflineError as exc:
            self._end_unsent(run, "refused", ErrorCode.AGENT_OFFLINE, exc.detail, order)
        else:
            self._dispatch.send(run, order.body)

    def _end_unsent(self, run: Run, status: FinalStatus, code: str, text: str, order: _Ordered) -> None:
        run.respond(CommandResponse(command_id=run.id, status=status, code=code, message=text))
        if run.sent_at is None:
            self._dispatch.send(run, order.body)

    def _servers(self, order: BatchCreate, principal: Principal) -> list[ServerAccess]:
        if not order.server_ids and not order.select:
            raise InvalidRequestError("server_ids: name servers, or select some")
        found = [server_for(self._fleet, principal, each, ServerAction.OPERATE) for each in order.server_ids]
        found += self._selected(order.select, principal)
        distinct = list({access.state.id: access for access in found}.values())
        if not distinct:
            raise InvalidRequestError("select: it finds no server on which you may run commands")
        if len(distinct) > MAX_BATCH_SERVERS:
            raise InvalidRequestError(f"select: it finds more than {MAX_BATCH_SERVERS} servers")
        return distinct

    def _selected(self, text: str, principal: Principal) -> Iterable[ServerAccess]:
        if not text:
            return []
        try:
            selector = parse(text)
        except SelectorError as exc:
            raise InvalidRequestError(f"select: {exc}") from exc
        return [
            ServerAccess(state, role)
            for state, role in self._fleet.visible(principal)
            if allows(role, ServerAction.OPERATE)
            and selector.matches(Candidate(state.id, state.name, state.tags, state.status))
        ]


def items(runs: Sequence[Run]) -> tuple[BatchItem, ...]:
    """Return runs as the items of a batch."""
    return tuple(map(_item, runs))


def _item(run: Run) -> BatchItem:
    status: CommandStatus = run.result.status if run.result is not None else "running"
    return BatchItem(command_id=run.id, server_id=run.server_id, status=status)


def _new(access: ServerAccess, order: BatchCreate, caller: Caller, batch_id: str) -> NewCommand:
    return NewCommand(
        id=new_command_id(),
        server_num=access.state.num,
        user_id=caller.user_id,
        command=order.command,
        argv=order.argv,
        cwd=order.cwd,
        timeout_s=order.timeout_s,
        batch_id=batch_id,
    )
