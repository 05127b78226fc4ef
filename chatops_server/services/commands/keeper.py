"""Sees one run to its end: its output out of memory, credit to its agent, its result written down."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chatops_server.broker.action_counts import ActionCounts
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.runs import Run, Runs
from chatops_server.errors import StorageError
from chatops_server.services.commands.output_store import OutputStore
from chatops_server.services.commands.records import Records
from chatops_server.storage.base import ReferenceViolationError
from chatops_wire import codec
from chatops_wire.codes import ErrorCode
from chatops_wire.commands import (
    CommandCancel,
    CommandCredit,
    CommandFinished,
    CommandForget,
    CommandResponse,
)

log = logging.getLogger(__name__)

# Output of one run in memory. More is awaited of no agent until the disk has taken some of it.
ROOM_BYTES: Final = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How long keepers wait, and terminals for their viewers; seconds. Others than these are for tests."""

    answer_s: float = 7.0
    """Beyond a command's own time: the agent grants 5 s between TERM and KILL before it answers."""
    absence_s: float = 60.0
    """For an agent that left; two attempts to come back, at most 30 s apart each."""
    return_s: float = 3600.0
    """After a run was given up for lost. Agents keep a result for an hour."""
    disk_s: float = 1.0
    """Until the disk is tried again."""
    disk_attempts: int = 30
    follower_s: float = 900.0
    """For followers still reading after the end; 256 MiB at 2.5 Mbit/s."""
    viewer_s: float = 60.0
    """For a terminal's viewer whose connection broke; as long as ours try to come back."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What a keeper works with."""

    runs: Runs
    fleet: Fleet
    store: OutputStore
    records: Records
    patience: Patience
    counts: ActionCounts


class Keeper:
    """Keeps runs; one task each. Only what the agent says, and time, ends a run."""

    def __init__(self, shop: Workshop, now: Callable[[], float]) -> None:
        """Take the loop's clock as `now`."""
        self._shop = shop
        self._now = now

    async def keep(self, run: Run) -> None:
        """See a run to its end. Cancelling leaves it as it is, for another hub to go on with."""
        try:
            await self._until_over(run)
            if run.is_disowned:
                self._part_from(run)
            else:
                await self._finish(run)
            if _may_return(run):
                await self._until_returned(run)
        except ReferenceViolationError:
            log.info("a run ended with its server", extra={"command": run.id})
            self._end(run, run.response or _lost(run, ErrorCode.NOT_FOUND, "the server was deleted", 0))
        self._shop.runs.remove(run)
        await self._wait_for_followers(run)
        await self._shop.store.release(run)

    async def _until_over(self, run: Run) -> None:
        while run.response is None and not run.is_disowned:
            run.wake.clear()
            await self._make_room(run)
            give_credit(run)
            try:
                async with asyncio.timeout_at(run.gives_up_at):
                    await run.wake.wait()
            except TimeoutError:
                self._give_up(run)

    async def _make_room(self, run: Run) -> None:
        try:
            await self._shop.store.make_room(run)
        except StorageError as exc:
            log.warning("output is not stored", extra={"command": run.id, "reason": exc.reason})
            await asyncio.sleep(self._shop.patience.disk_s)
            run.wake.set()
        run.has_room.set()

    def _give_up(self, run: Run) -> None:
        if run.gives_up_at is None or self._now() < run.gives_up_at:
            return
        ran_ms = round(1000 * (self._now() - (run.sent_at or self._now())))
        if run.session is None:
            text = "its agent left and did not come back; the command may have run on"
            run.respond(_lost(run, ErrorCode.AGENT_OFFLINE, text, ran_ms))
            return
        text = "its agent did not answer in time; the command may still run"
        run.session.outbox.put(codec.encode(CommandCancel(command_id=run.id, force=True)))
        run.respond(_lost(run, ErrorCode.AGENT_TIMEOUT, text, ran_ms))

    async def _finish(self, run: Run) -> None:
        response = run.response
        if response is None:
            return
        for _ in range(self._shop.patience.disk_attempts):
            try:
                settled = await self._shop.store.settle(run)
                await self._shop.records.finished(run, response, settled, self._name(run))
            except StorageError as exc:
                log.warning("a result is not stored", extra={"command": run.id, "reason": exc.reason})
                await asyncio.sleep(self._shop.patience.disk_s)
                continue
            truncated = response.truncated or not settled.is_whole
            self._end(run, response, truncated=truncated)
            if run.session is not None and response.status != "lost":
                run.session.outbox.put(codec.encode(CommandForget(command_id=run.id)))
            return
        # The row still says that it runs, and the agent keeps the result: a restart asks for it again.
        log.error("a result could not be stored", extra={"command": run.id})
        self._end(run, response)

    async def _until_returned(self, run: Run) -> None:
        run.response, run.gives_up_at = None, self._now() + self._shop.patience.return_s
        await self._until_over(run)
        # Somebody else's word for what is written already needs no second entry.
        if run.response is not None and run.response.status != "lost":
            await self._finish(run)

    async def _wait_for_followers(self, run: Run) -> None:
        try:
            async with asyncio.timeout(self._shop.patience.follower_s):
                await run.output.wait_until_unfollowed()
        except TimeoutError:
            log.info("followers of a run were left behind", extra={"command": run.id})

    def _end(self, run: Run, response: CommandResponse, *, truncated: bool | None = None) -> None:
        run.finished = CommandFinished(
            command_id=run.id,
            status=response.status,
            exit_code=response.exit_code,
            signal=response.signal,
            output_bytes=max(response.output_bytes, run.output.total_bytes),
            truncated=response.truncated if truncated is None else truncated,
            duration_ms=response.duration_ms,
            code=response.code,
            message=response.message,
        )
        run.result = response
        counts = self._shop.counts
        counts.commands[response.status] += 1
        if not run.ended.is_set():
            counts.commands_running -= 1
        run.output.complete()
        run.has_room.set()
        run.ended.set()

    def _part_from(self, run: Run) -> None:
        """Let whoever waits look for the hub that sees to it now."""
        self._shop.counts.commands_running -= 1
        run.output.complete()
        run.has_room.set()
        run.ended.set()

    def _name(self, run: Run) -> str:
        state = self._shop.fleet.get(run.server_id)
        return run.server_id if state is None else state.name


def give_credit(run: Run) -> None:
    """Let the agent send as much again as it has sent, unless that much waits for the disk."""
    if not run.owes_credit or run.session is None or run.output.bytes_in_memory > ROOM_BYTES:
        return
    # What is in memory only the agent shall still have, should the hub be killed.
    credit = CommandCredit(command_id=run.id, bytes=run.owed, through_seq=run.output.moved_seq)
    run.session.outbox.put(codec.encode(credit))
    run.owed = 0


def _may_return(run: Run) -> bool:
    return run.result is not None and (run.result.status, run.result.code) == (
        "lost",
        ErrorCode.AGENT_OFFLINE,
    )


def _lost(run: Run, code: ErrorCode, text: str, ran_ms: int) -> CommandResponse:
    return CommandResponse(
        command_id=run.id,
        status="lost",
        duration_ms=ran_ms,
        output_bytes=run.output.total_bytes,
        code=code,
        message=text,
    )
