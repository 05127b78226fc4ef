"""Runs written down: the row, the audit log and the timeline, together in one transaction each time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from chatops_server.broker.runs import Run
from chatops_server.services.access import Caller
from chatops_server.services.commands.output_store import Settled
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.storage.base import Script
from chatops_server.storage.sql.command_output import add_part, drop_part
from chatops_server.storage.sql.commands import (
    CommandEnd,
    CommandRow,
    NewCommand,
    add_command,
    begin_command,
    end_command,
)
from chatops_server.storage.sql.events import NewEvent
from chatops_wire.commands import CommandResponse
from chatops_wire.rest_commands import BatchCreate, CommandCreate, CommandOrder

KIND: Final = "command"
# The row has all of it; in the log it is to be read, and the hash tells whether two were the same.
_AUDITED_CHARS: Final = 4096
_SHOWN_CHARS: Final = 80


class Records:
    """Writes down what happens to commands; every method raises StorageError and then nothing is written."""

    def __init__(self, ledger: Ledger, now_ms: Callable[[], int], node_id: str | None = None) -> None:
        """Take this hub's id among several; None: it is alone."""
        self._node_id = node_id
        self._ledger = ledger
        self._now_ms = now_ms

    async def ordered(
        self, new: NewCommand, order: CommandOrder, server: tuple[str, str], caller: Caller
    ) -> int:
        """Store a command that is about to be sent and return its number; `server` is its id and name."""
        server_id, name = server
        text = shown(order)
        event = NewEvent(KIND, f"{text} on {name}", server_id, caller.user_id, {"command_id": new.id})
        deed = Deed("command.run", caller, new.id, server_id, "sent", _audited(order), event)
        return await self._ledger.commit(_added(replace(new, node_id=self._node_id), self._now_ms()), deed)

    async def batch_ordered(
        self, commands: Sequence[NewCommand], order: CommandOrder, server_ids: Sequence[str], caller: Caller
    ) -> list[int]:
        """Store a batch that is about to be begun and return its commands' numbers."""
        batch_id = commands[0].batch_id
        message = f"{shown(order)} on {len(commands)} servers"
        event = NewEvent(KIND, message, None, caller.user_id, {"batch_id": batch_id})
        data = {**_audited(order), "server_ids": list(server_ids)}
        deed = Deed("command.batch", caller, batch_id, None, "begun", data, event)
        return await self._ledger.commit(
            _all_added([replace(new, node_id=self._node_id) for new in commands], self._now_ms()), deed
        )

    async def begun(self, run: Run, order: CommandOrder) -> None:
        """Store that a command of a batch is about to be sent."""
        data = {**_audited(order), "batch_id": run.batch_id}
        deed = Deed(
            "command.run", Caller(None, run.address), run.id, run.server_id, "sent", data, None, run.user_id
        )
        await self._ledger.commit(begin_command(run.num, self._now_ms()), deed)

    async def finished(self, run: Run, response: CommandResponse, settled: Settled, name: str) -> None:
        """Store how a command ended, and the last of its output; `name` is the server's."""
        end = replace(_end(response, settled, self._now_ms(), run), node_id=self._node_id)
        data = {
            "command_id": run.id,
            "status": end.status,
            "exit_code": end.exit_code,
            "signal": end.signal,
            "code": end.code,
            "duration_ms": end.duration_ms,
            "output_bytes": end.output_bytes,
            "truncated": end.truncated,
        }
        event = NewEvent(
            KIND, f"{run.shown} on {name}: {in_words(response)}", run.server_id, run.user_id, data
        )
        data_too = {**data, "output_sha256": end.output_sha256}
        deed = Deed(
            "command.finished",
            Caller(None, run.address),
            run.id,
            run.server_id,
            end.status,
            data_too,
            event,
            run.user_id,
        )
        await self._ledger.commit(_ended(run.num, end, settled), deed)

    async def cancelled(self, row: CommandRow, caller: Caller, *, force: bool) -> None:
        """Write down that somebody asked for the end of a command."""
        await self._ledger.note(
            Deed("command.cancel", caller, row.id, row.server_id, "asked", {"force": force})
        )

    async def batch_cancelled(self, batch_id: str, caller: Caller, *, force: bool) -> None:
        """Write down that somebody asked for the end of all that a batch has not ended."""
        await self._ledger.note(
            Deed("command.batch_cancel", caller, batch_id, None, "asked", {"force": force})
        )


def shown(order: CommandOrder) -> str:
    """Return a command in one short line."""
    line = " ".join((order.command or " ".join(order.argv)).split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"


def in_words(response: CommandResponse) -> str:
    """Return how a command ended, for people."""
    if response.signal is not None and response.status == "failed":
        return f"ended by signal {response.signal}"
    if response.exit_code:
        return f"{response.status.replace('_', ' ')}, exit code {response.exit_code}"
    words = response.status.replace("_", " ")
    return f"{words}: {response.message[:200]}" if response.message else words


def _audited(order: CommandOrder) -> Mapping[str, Any]:
    text = order.command
    facts: dict[str, Any] = {"command": text[:_AUDITED_CHARS], "timeout_s": order.timeout_s}
    if len(text) > _AUDITED_CHARS:
        facts["command_sha256"] = sha256(text.encode()).hexdigest()
    if order.argv:
        facts["argv"] = [word[:_AUDITED_CHARS] for word in order.argv]
    if order.cwd is not None:
        facts["cwd"] = order.cwd
    if order.stdin is not None or order.stdin_data is not None:
        # Secrets are given this way: how much, never what.
        facts["stdin_bytes"] = len(order.stdin_data or (order.stdin or "").encode())
    if order.env:
        facts["env"] = sorted(order.env)
    if isinstance(order, CommandCreate) and order.signature is not None:
        facts["signer"] = order.signature.signer
    if isinstance(order, BatchCreate) and order.signatures:
        facts["signers"] = sorted({signature.signer for signature in order.signatures.values()})
    return facts


def _end(response: CommandResponse, settled: Settled, now_ms: int, run: Run) -> CommandEnd:
    return CommandEnd(
        status=response.status,
        finished_ms=now_ms,
        exit_code=response.exit_code,
        signal=response.signal,
        code=response.code,
        message=response.message,
        output_bytes=max(response.output_bytes, run.output.total_bytes),
        truncated=response.truncated or not settled.is_whole,
        duration_ms=response.duration_ms,
        preview=settled.preview,
        output_sha256=settled.sha256,
    )


def _added(new: NewCommand, now_ms: int) -> Script[int]:
    num = yield from add_command(new, now_ms)
    yield from begin_command(num, now_ms)
    return num


def _all_added(commands: Sequence[NewCommand], now_ms: int) -> Script[list[int]]:
    nums: list[int] = []
    for new in commands:
        num = yield from add_command(new, now_ms)
        nums.append(num)
    return nums


def _ended(num: int, end: CommandEnd, settled: Settled) -> Script[None]:
    if not (yield from end_command(num, end)):
        # Its server was deleted, and with it the command; or another hub has taken it over.
        return
    if settled.unwritten is not None:
        yield from add_part(num, *settled.unwritten)
    for part in settled.dropped_parts:
        yield from drop_part(num, part)
