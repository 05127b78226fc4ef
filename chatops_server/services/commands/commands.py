"""What can be asked about commands: run one or many, cancel, look back, follow."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.run_output import RunOutput
from chatops_server.broker.runs import Run, Runs
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.domain.command_faults import fault
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import InvalidRequestError, NotFoundError, StorageError
from chatops_server.services.access import Caller, server_for
from chatops_server.services.commands.batches import Batches, items
from chatops_server.services.commands.dispatch import Clocks, Dispatch, FromAgent, new_command_id
from chatops_server.services.commands.history import History
from chatops_server.services.commands.keeper import Patience, Workshop
from chatops_server.services.commands.output_store import Files, OutputStore
from chatops_server.services.commands.records import Records, shown
from chatops_server.services.errands import Errands
from chatops_server.services.ledger import Ledger
from chatops_server.services.refusals import refusal
from chatops_server.storage.base import ReferenceViolationError, Storage
from chatops_server.storage.sql.commands import (
    CommandFilter,
    CommandRow,
    NewCommand,
    command,
    commands_visible_to,
    running_commands,
    running_commands_of,
)
from chatops_wire.codes import ErrorCode
from chatops_wire.commands import CommandResponse
from chatops_wire.rest_commands import (
    MAX_BATCH_SERVERS,
    BatchCreate,
    BatchItem,
    BatchView,
    CommandCreate,
    CommandOrder,
)

log = logging.getLogger(__name__)

# Most processes end at once when they are told to; who waits sees it in the answer.
_CANCELLED_WITHIN_S: Final = 2.0
# Results that are being written down when the hub stops.
_STORED_WITHIN_S: Final = 0.5
USUAL: Final = Patience()
HUB_STOPPED: Final = "hub_stopped"
"""The code of commands of a batch that a stopping hub did not begin."""


class Commands:
    """Runs commands on servers through their agents."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        parts: tuple[Fleet, AgentSessions, Files, ActionCounts, str | None],
        now_ms: Callable[[], int],
        patience: Patience = USUAL,
    ) -> None:
        fleet, sessions, files, counts, node_id = parts
        self._storage = storage
        self._fleet = fleet
        self._runs = Runs()
        self._errands = Errands()
        self._store = OutputStore(storage, files)
        # None: there is no other hub, and every command in the database is this one's.
        self._node_id = node_id
        self._records = Records(ledger, now_ms, node_id)
        self._patience = patience
        self._orphans: dict[str, CommandRow] = {}
        shop = Workshop(self._runs, fleet, self._store, self._records, patience, counts)
        self._dispatch = Dispatch(shop, sessions, self._errands, Clocks(_now, now_ms))
        self._batches = Batches(fleet, self._runs, self._dispatch, self._records, self._errands)
        self.history = History(storage, fleet, self._runs, self._store)
        fleet.on_access_change(self._dispatch.end_deleted)

    async def load(self) -> None:
        """Wait for the agents of runs that an earlier hub began; call before any agent connects.

        One of several hubs is told what it is to take up: see `adopt`.

        Raises:
            StorageError: The database does not answer.
        """
        if self._node_id is None:
            await self.adopt(await self._storage.read(running_commands()))

    async def adopt(self, rows: Iterable[CommandRow]) -> None:
        """Go on with runs of a hub that is gone; the database says already that they are this one's.

        Raises:
            StorageError: The database does not answer; the next call goes on with those that are left.
        """
        self._orphans |= {row.id: row for row in rows}
        for row in tuple(self._orphans.values()):
            if self._runs.get(row.id) is None:
                self._dispatch.pick_up(await self._resume(row))
            del self._orphans[row.id]

    async def part_from_adopted(self) -> None:
        """Leave runs alone that others have adopted, since they took this hub for gone.

        Raises:
            StorageError: The database does not answer.
        """
        held = [run for run in self._runs if run.response is None]
        if self._node_id is None or not held:
            return
        ours = {row.id for row in await self._storage.read(running_commands_of(self._node_id))}
        for run in held:
            if run.id not in ours and run.response is None:
                self._dispatch.disown(run)

    def waited_for(self) -> set[str]:
        """Return the servers for whose agents runs wait."""
        return {run.server_id for run in self._runs if run.waits_for_agent}

    def own(self, command_id: str) -> Run | None:
        """Return a run that this hub sees to."""
        return self._runs.get(command_id)

    def undelivered(self, command_id: str) -> None:
        """End a command that certainly did not reach the agent."""
        run = self._runs.get(command_id)
        if run is not None:
            self._dispatch.refuse_offline(run)

    async def close(self) -> None:
        """End all tasks; what is in memory only is lost unless `flush` came before. Idempotent."""
        await self._errands.stop()

    async def flush(self) -> None:
        """End all tasks and write down what is in memory of runs that go on; at the end of the hub."""
        ending = [run for run in self._runs if run.response is not None and run.finished is None]
        with suppress(TimeoutError):
            async with asyncio.timeout(_STORED_WITHIN_S):
                for run in ending:
                    await run.ended.wait()
        await self._errands.stop()
        for run in sorted(self._runs, key=lambda run: run.output.total_bytes):
            try:
                await self._store.keep_all(run)
            except (StorageError, ReferenceViolationError) as exc:
                log.warning("output in memory is lost", extra={"command": run.id, "reason": str(exc)})

    async def run(self, order: CommandCreate, principal: Principal, caller: Caller) -> str:
        """Send a command and return its id; with `wait` after it has ended.

        Raises:
            InvalidRequestError: It cannot be run as it stands; the agent may say so too.
            NotFoundError, ForbiddenError: The server is not the user's to see, or to operate.
            AgentOfflineError: Nothing was sent.
            NotAllowedError: The agent refused.
            TooManyRequestsError: Too many run already, here or there.
            AgentTimeoutError: It may or may not have run.
            StorageError: It could not be written down; or the hub stops, and it may run on.
            ConflictError: The agent refused for another reason; the detail says which.
        """
        _check(order)
        access = server_for(self._fleet, principal, order.server_id, ServerAction.OPERATE)
        self._dispatch.check(order.server_id)
        new = NewCommand(
            new_command_id(),
            access.state.num,
            caller.user_id,
            order.command,
            order.argv,
            order.cwd,
            order.timeout_s,
        )
        # Written down before it is sent: whatever happens next, it is known who asked for what.
        num = await self._records.ordered(new, order, (access.state.id, access.state.name), caller)
        run = Run(new.id, num, access.state.id, caller.user_id, caller.address, order.timeout_s, shown(order))
        self._dispatch.send(run, order)
        if order.wait:
            await run.ended.wait()
            if run.result is None:
                raise StorageError("the hub stopped waiting for the end of a command")
            _raise_refusal(run.result)
        return run.id

    async def begin_batch(self, order: BatchCreate, principal: Principal, caller: Caller) -> BatchView:
        """Begin a command on many servers; see Batches.begin."""
        _check(order)
        return await self._batches.begin(order, principal, caller)

    async def cancel(
        self, command_id: str, principal: Principal, caller: Caller, *, force: bool
    ) -> CommandRow:
        """Ask for the end of a command and return it as it stands a moment later.

        Of one whose agent is away the end is asked for when it returns; of one that has ended nothing is.

        Raises:
            NotFoundError, ForbiddenError: As for run.
            HubUnreachableError: Another hub sees to it and does not answer.
        """
        row = await self.history.row(principal, command_id, ServerAction.OPERATE)
        run = self._runs.get(command_id)
        if run is not None and not run.ended.is_set():
            if run.response is None:
                await self._records.cancelled(row, caller, force=force)
            await self.cancel_own(run, force=force)
        elif run is None and row.status == "running" and self.history.elsewhere is not None:
            await self._records.cancelled(row, caller, force=force)
            await self.history.elsewhere.cancel(row, force=force)
        # Also of one that ended between the look at its row and the look for its run.
        is_stale = row.status == "running"
        return await self.history.row(principal, command_id, ServerAction.OPERATE) if is_stale else row

    async def cancel_batch(
        self, batch_id: str, principal: Principal, caller: Caller, *, force: bool
    ) -> BatchView:
        """Ask for the end of what of a batch has not ended, and return that.

        Raises:
            NotFoundError, ForbiddenError: No part of it runs any more, or on no server of this user's.
        """
        runs = self._batches.of(batch_id)
        if not runs:
            return await self._cancel_batch_elsewhere(batch_id, principal, caller, force=force)
        for run in runs:
            server_for(self._fleet, principal, run.server_id, ServerAction.OPERATE)
        await self._records.batch_cancelled(batch_id, caller, force=force)
        self.cancel_own_batch(batch_id, force=force)
        await _soon_ended(runs)
        return BatchView(batch_id=batch_id, items=items(runs))

    async def cancel_own(self, run: Run, *, force: bool) -> None:
        """Ask for the end of a run of this hub's, and wait a moment for it."""
        self._dispatch.cancel(run, force=force)
        await _soon_ended([run])

    def cancel_own_batch(self, batch_id: str, *, force: bool) -> None:
        """Ask for the end of what of a batch has not ended and is this hub's."""
        # All in one go, so that none begins in the place of one that ends.
        for run in self._batches.of(batch_id):
            self._dispatch.cancel(run, force=force)

    def connected(self, session: AgentSession) -> None:
        """Pick up a server's runs."""
        self._dispatch.connected(session)

    def disconnected(self, session: AgentSession) -> None:
        """Wait for the agent to come back to its runs."""
        self._dispatch.disconnected(session)

    async def hear(self, session: AgentSession, message: FromAgent) -> None:
        """Take what an agent says."""
        await self._dispatch.hear(session, message)

    async def _cancel_batch_elsewhere(
        self, batch_id: str, principal: Principal, caller: Caller, *, force: bool
    ) -> BatchView:
        wanted = CommandFilter(batch_id=batch_id, status="running", limit=MAX_BATCH_SERVERS)
        rows = await self._storage.read(commands_visible_to(None, wanted))
        # The hub whose it was is gone, or will say of its end itself.
        nodes = {row.node_id for row in rows if row.node_id is not None}
        if not rows or self.history.elsewhere is None:
            raise NotFoundError("no such batch is under way")
        for row in rows:
            server_for(self._fleet, principal, row.server_id, ServerAction.OPERATE)
        await self._records.batch_cancelled(batch_id, caller, force=force)
        for node_id in nodes:
            await self.history.elsewhere.cancel_batch(node_id, batch_id, force=force)
        cancelled = [await self._storage.read(command(row.id)) for row in rows]
        return BatchView(
            batch_id=batch_id,
            items=tuple(
                BatchItem(command_id=row.id, server_id=row.server_id, status=row.status)
                for row in cancelled
                if row is not None
            ),
        )

    async def _resume(self, row: CommandRow) -> Run:
        segments = await self._store.stored(row.num)
        run = Run(
            row.id, row.num, row.server_id, row.user_id, None, row.timeout_s, shown(_order(row)), row.batch_id
        )
        run.output = RunOutput(segments)
        run.next_part = 1 + max((each.part for each in segments if each.part is not None), default=-1)
        run.sent_at = _now()
        run.gives_up_at = run.sent_at + self._patience.absence_s
        if row.started_ms is None:
            text = "not begun: the hub that was to begin it was restarted, or is gone"
            run.respond(
                CommandResponse(command_id=run.id, status="cancelled", code=HUB_STOPPED, message=text)
            )
        self._runs.add(run)
        self._dispatch.keep(run)
        return run


def _order(row: CommandRow) -> CommandOrder:
    return CommandOrder(command=row.command, argv=row.argv)


def _check(order: CommandOrder) -> None:
    if order.stdin is not None and order.stdin_data is not None:
        raise InvalidRequestError("stdin_data: either stdin or stdin_data, not both")
    stdin = order.stdin if order.stdin_data is None else order.stdin_data
    found = fault(order.command, order.argv, stdin=stdin, cwd=order.cwd, env=order.env)
    if found is not None:
        raise InvalidRequestError(found)


async def _soon_ended(runs: list[Run]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_CANCELLED_WITHIN_S):
            for run in runs:
                await run.ended.wait()


def _raise_refusal(result: CommandResponse) -> None:
    """Raise what a command that was never run, or was lost unheard, is to whoever waited for it."""
    was_unheard = result.status == "lost" and result.code == ErrorCode.AGENT_TIMEOUT
    if result.status == "refused" or was_unheard:
        raise refusal(result.code, result.message)


def _now() -> float:
    return asyncio.get_running_loop().time()
