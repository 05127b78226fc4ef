"""A command on many servers: their output line by line as it comes, and at the end who answered what."""

import asyncio
from collections.abc import Sequence
from typing import Final

from chatops_tui.client.connect import Hub
from chatops_tui.client.errors import HubError
from chatops_tui.client.following import FollowEnded, Interrupted, Missed, run_events
from chatops_tui.commands.folding import Answer, summary
from chatops_tui.commands.interrupts import Interrupts
from chatops_tui.commands.one_server import described
from chatops_tui.commands.printer import Printer
from chatops_tui.exit_code import ExitCode
from chatops_tui.render.text import clean
from chatops_wire.commands import CommandFinished, CommandOutput
from chatops_wire.rest import ServerView
from chatops_wire.rest_commands import BatchCreate, BatchItem

# A hub lets one connection follow 200 (docs/protocol.md). In the order in which they begin, so that what is
# not followed yet has hardly begun; its output is told from the beginning all the same.
FOLLOWED_AT_ONCE: Final = 100
# Longer names push their own lines to the right, and nobody else's.
_NAME_WIDTH: Final = 24


async def run_on_many(hub: Hub, order: BatchCreate, servers: Sequence[ServerView], printer: Printer) -> int:
    """Run it, print what they print, and return 0 if all succeeded, else 1; LeftError as `Interrupts`."""
    names = {server.id: server.name for server in servers}
    running: dict[str, Answer] = {}
    interrupts = Interrupts(hub.rest, lambda: tuple(running))

    async def job() -> int:
        batch = await hub.rest.run_batch(order)
        answers = {item.command_id: Answer(names.get(item.server_id, item.server_id)) for item in batch.items}
        running.update(answers)
        if interrupts.is_cancelling:
            await interrupts.cancel(tuple(running), force=False)
        width = min(_NAME_WIDTH, max((len(clean(each.name)) for each in answers.values()), default=0))
        followers = [_Follower(hub, printer, item, answers[item.command_id], width) for item in batch.items]
        await _all_followed(followers, running)
        if not printer.as_json:
            await printer.note(summary(tuple(answers.values())))
        has_failed = any(answer.status != "succeeded" for answer in answers.values())
        return ExitCode.REFUSED if has_failed or not answers else ExitCode.DONE

    try:
        return await interrupts.around(job())
    except BrokenPipeError:
        await interrupts.cancel(tuple(running), force=False)
        raise


async def _all_followed(followers: "Sequence[_Follower]", running: dict[str, Answer]) -> None:
    gate = asyncio.Semaphore(FOLLOWED_AT_ONCE)

    async def one(follower: _Follower) -> None:
        async with gate:
            await follower.run(running)

    try:
        async with asyncio.TaskGroup() as tasks:
            for follower in followers:
                tasks.create_task(one(follower), name=f"follow-{follower.command_id}")
    except* OSError as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[OSError]) -> OSError:
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


class _Follower:
    """One server of a batch."""

    def __init__(self, hub: Hub, printer: Printer, item: BatchItem, answer: Answer, width: int) -> None:
        self.command_id = item.command_id
        self._hub = hub
        self._printer = printer
        self._answer = answer
        self._passage = None if printer.as_json else printer.among_others(answer.name, width)

    async def run(self, running: dict[str, Answer]) -> None:
        """Follow it to its end; then it no longer is among those that run."""
        async with run_events(self._hub.feed, self.command_id) as events:
            while self._answer.status == "running":
                match await events.get():
                    case CommandOutput() as output:
                        await self._printed(output)
                    case CommandFinished() as finished:
                        self._answer.ended(finished)
                    case FollowEnded() as ended:
                        self._answer.status, self._answer.reason = "lost", ended.message or ended.code
                    case Interrupted() | Missed():
                        pass
        del running[self.command_id]
        await self._told()

    async def _printed(self, output: CommandOutput) -> None:
        if self._passage is not None:
            self._answer.printed(output.stream, output.data)
            await self._passage.take(output.stream, output.data)

    async def _told(self) -> None:
        if self._passage is not None:
            await self._passage.finish()
        if self._passage is not None and self._answer.status in {"succeeded", "failed"}:
            return
        try:
            view = await self._hub.rest.command(self.command_id)
        except HubError as exc:
            self._answer.reason = str(exc)
            facts = {"command_id": self.command_id, "status": self._answer.status, "message": str(exc)}
            shown: dict[str, object] = {"server": self._answer.name, **facts}
        else:
            self._answer.reason = self._answer.reason or view.message or view.code or ""
            shown = described(self._answer.name, view)
        if self._printer.as_json:
            await self._printer.object(shown)
