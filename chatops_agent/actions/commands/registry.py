"""Takes the hub's orders to run commands: which are run, refused, or known from before."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from chatops_agent.actions.commands.output import TailRoom
from chatops_agent.actions.commands.run import Run
from chatops_agent.actions.commands.seen import Entry, Seen, SeenFile
from chatops_agent.actions.workshop import Workshop
from chatops_agent.command_rules import CommandRule, NotListedError, listed
from chatops_agent.episodes import Episode
from chatops_agent.lanes import LaneBusyError
from chatops_wire.codes import Refusal
from chatops_wire.commands import (
    LONGEST_TIMEOUT_S,
    Command,
    CommandAttach,
    CommandCancel,
    CommandCredit,
    CommandForget,
    CommandResponse,
    FinalStatus,
)
from chatops_wire.times import format_ms, parse_ms

log = logging.getLogger(__name__)

MOST_RUNNING: Final = 32
# A result the hub has not confirmed: it comes back within the hour, or its command is lost to it.
KEEP_S: Final = 3600.0
_MOST_TOLD: Final = 256
_TOLD_BYTES: Final = 8 * 1024 * 1024
_MOST_UNTOLD: Final = 64
# A disk that does not answer does not keep a command from running.
_NOTE_WITHIN_S: Final = 1.0
_READ_WITHIN_S: Final = 3.0
# A hub says less than this before it hears anything.
_MOST_EARLY: Final = 1024
_MOST_VARIABLES: Final = 256
_MAX_SHOWN: Final = 200

CommandMessage = Command | CommandCredit | CommandCancel | CommandAttach | CommandForget


@dataclass(frozen=True, slots=True)
class Clocks:
    """How late it is."""

    now_ms: Callable[[], int]
    """Unix milliseconds."""
    now: Callable[[], float]
    """Monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which commands this machine allows."""

    at_all: bool
    rules: tuple[CommandRule, ...] | None = None
    """The only ones, run without a shell; None: any."""


class Commands:
    """All runs of this agent.

    At most 32 run at once, and 64 have not told everything yet; the next order is refused. A run stays until
    the hub's `command_forget` or the first message an hour after its end. Of those that have told everything
    256, with 8 MiB of output, are kept in case it did not arrive; more, and the oldest is dropped.
    """

    def __init__(self, shop: Workshop, clocks: Clocks, allowed: Allowed, folder: Path | None) -> None:
        """Begin with nothing; with a folder `open` comes next.

        Args:
            shop: Starts processes.
            clocks: How late it is.
            allowed: What this machine allows.
            folder: Where ids are kept for the next agent; None: nowhere.
        """
        self._shop = shop
        self._allowed = allowed
        self._now_ms, self._now = clocks.now_ms, clocks.now
        self._room = TailRoom()
        self._runs: dict[str, Run] = {}
        # When each run ended, oldest first.
        self._finished: OrderedDict[str, float] = OrderedDict()
        self._seen = Seen(clocks.now_ms, clocks.now)
        self._file = None if folder is None or not allowed.at_all else SeenFile(folder)
        self._noting = asyncio.Lock()
        self._notes = Episode(
            log, "ids of commands are not written down", "ids of commands are written again"
        )
        # What comes while the ids of an earlier agent are read waits for them.
        self._early: deque[CommandMessage] | None = None if self._file is None else deque(maxlen=_MOST_EARLY)

    async def open(self) -> None:
        """Take over the ids that an earlier agent has seen, and do what has been asked for meanwhile."""
        if self._file is None:
            return
        try:
            async with asyncio.timeout(_READ_WITHIN_S):
                self._seen.take_over(await self._shop.lanes.run(self._file.load))
        except (OSError, TimeoutError, LaneBusyError) as exc:
            self._notes.fail(_reason(exc))
        early, self._early = self._early, None
        for message in early or ():
            self.handle(message)

    def handle(self, message: CommandMessage) -> None:
        """Do what the hub asks for, or begin to."""
        if self._early is not None:
            self._early.append(message)
            return
        self._drop_old()
        if isinstance(message, Command):
            self._order(message)
            return
        run = self._runs.get(message.command_id)
        if run is not None:
            self._tell(run, message)
        elif isinstance(message, CommandAttach):
            self._answer(message.command_id, Refusal.NOT_FOUND, "no such command here (any more)")

    @property
    def owe_result(self) -> bool:
        """Whether the connection has not been given the end of a command yet."""
        return any(run.owes_result for run in self._runs.values())

    def disconnected(self) -> None:
        """Go on without a connection; each run waits to be attached again."""
        for run in self._runs.values():
            run.detach()

    def close(self) -> None:
        """Forget everything; no task of a run may be left."""
        for run in self._runs.values():
            run.drop()
        self._runs.clear()
        self._finished.clear()

    def _tell(self, run: Run, message: CommandCredit | CommandCancel | CommandAttach | CommandForget) -> None:
        match message:
            case CommandCredit():
                run.grant(message.bytes, message.through_seq)
            case CommandCancel():
                run.cancel(force=message.force)
            case CommandAttach():
                run.attach(message.after_seq)
            case CommandForget():
                self._forget(message.command_id)

    def _order(self, order: Command) -> None:
        refusal = self._refusal(order)
        if refusal is not None:
            self._answer(order.command_id, *refusal)
            return
        try:
            order = self._as_listed(order)
        except NotListedError as exc:
            self._answer(order.command_id, Refusal.NOT_ALLOWED, str(exc))
            return
        entry = self._seen.add(order.command_id)
        run = Run(order, self._shop, self._room)
        self._runs[order.command_id] = run
        # On the machine too, so that no hub can hide what it had run here.
        log.info("command", extra={"command_id": order.command_id, "command": _shown(order)})
        self._shop.begin(self._conduct(run, entry), f"command-{order.command_id}")

    async def _conduct(self, run: Run, entry: Entry) -> None:
        try:
            # Before it starts: an agent that ends now shall not run it again.
            await self._note(entry)
            await run.conduct()
        finally:
            if self._runs.get(run.order.command_id) is run:
                self._finished[run.order.command_id] = self._now()
                self._drop_old()

    async def _note(self, entry: Entry) -> None:
        if self._file is None:
            return
        try:
            async with asyncio.timeout(_NOTE_WITHIN_S), self._noting:
                await self._shop.lanes.run(self._writing(self._file, entry))
        except (OSError, TimeoutError, LaneBusyError) as exc:
            self._notes.fail(_reason(exc))
        else:
            self._notes.recover()

    def _writing(self, file: SeenFile, entry: Entry) -> Callable[[], None]:
        return partial(file.replace, self._seen.entries()) if file.is_full else partial(file.add, entry)

    def _refusal(self, order: Command) -> tuple[Refusal, str] | None:
        if not self._allowed.at_all:
            return Refusal.NOT_ALLOWED, "this machine allows no commands (--allow)"
        if order.command_id in self._seen or order.command_id in self._runs:
            return Refusal.DUPLICATE, "this id has been used within a day"
        wrong = _wrong(order)
        if wrong:
            return Refusal.INVALID_REQUEST, wrong
        if order.not_after is not None and self._now_ms() > parse_ms(order.not_after):
            return Refusal.EXPIRED, f"this machine's clock, {format_ms(self._now_ms())}, is past not_after"
        return self._lack_of_room()

    def _as_listed(self, order: Command) -> Command:
        """Return the order as it is run: where there is a list, never by a shell."""
        rules = self._allowed.rules
        return order if rules is None else replace(order, argv=listed(order, rules), command="")

    def _lack_of_room(self) -> tuple[Refusal, str] | None:
        if len(self._runs) - len(self._finished) >= MOST_RUNNING:
            return Refusal.BUSY, f"{MOST_RUNNING} commands run here already"
        if len(self._runs) - len(self._told()) >= _MOST_UNTOLD:
            return Refusal.BUSY, f"the output of {_MOST_UNTOLD} commands waits to be sent"
        return None

    def _told(self) -> list[Run]:
        """Return the runs of which all has been sent, the one that ended first first."""
        return [run for each in self._finished if (run := self._runs[each]).is_answered]

    def _answer(self, command_id: str, code: Refusal, message: str) -> None:
        status: FinalStatus = "lost" if code is Refusal.NOT_FOUND else "refused"
        self._shop.rota.answer(
            CommandResponse(command_id=command_id, status=status, code=code.value, message=message)
        )

    def _forget(self, command_id: str) -> None:
        # Not while it runs: a hub that does not want it any more cancels it.
        if self._finished.pop(command_id, None) is not None:
            self._runs.pop(command_id).drop()

    def _drop_old(self) -> None:
        now = self._now()
        self._seen.drop_old()
        while self._finished and now - next(iter(self._finished.values())) > KEEP_S:
            self._forget(next(iter(self._finished)))
        told = self._told()
        held = sum(run.held_bytes for run in told)
        for place, run in enumerate(told):
            if len(told) - place <= _MOST_TOLD and held <= _TOLD_BYTES:
                return
            held -= run.held_bytes
            self._forget(run.order.command_id)


def _reason(exc: Exception) -> str:
    return str(exc.strerror) if isinstance(exc, OSError) and exc.strerror else "the disk does not answer"


def _shown(order: Command) -> str:
    return (" ".join(order.argv) or order.command)[:_MAX_SHOWN]


def _wrong(order: Command) -> str:
    """Return what keeps this order from being run, in words; empty if nothing does."""
    if not order.argv and not order.command.strip():
        return "the command is empty"
    if not 0 < order.timeout_s <= LONGEST_TIMEOUT_S:
        return f"timeout_s must be above 0 and at most {LONGEST_TIMEOUT_S:g}"
    texts = (order.command, order.cwd or "", *order.argv, *order.env, *order.env.values())
    if any("\0" in text for text in texts):
        return "no part of a command may hold a NUL character"
    if len(order.env) > _MOST_VARIABLES or any(not name or "=" in name for name in order.env):
        return f"env takes at most {_MOST_VARIABLES} names, not empty and without ="
    return _wrong_time(order.not_after)


def _wrong_time(not_after: str | None) -> str:
    try:
        if not_after is not None:
            parse_ms(not_after)
    except (ValueError, OverflowError):
        return "not_after is no RFC 3339 time"
    return ""
