"""Sends commands to agents and hears what they say of them."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from secrets import token_hex
from typing import Final, assert_never

from msgspec import structs

from chatops_server.broker.runs import Run
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.domain.narrowing import leaves
from chatops_server.domain.output_chunks import Chunk
from chatops_server.errors import AgentOfflineError, TooManyRequestsError
from chatops_server.services.commands.keeper import ROOM_BYTES, Keeper, Workshop, give_credit
from chatops_server.services.errands import Errands
from chatops_server.services.narrowing import narrowed_words
from chatops_wire import codec
from chatops_wire.codes import ErrorCode
from chatops_wire.commands import (
    WINDOW_BYTES,
    Command,
    CommandAttach,
    CommandCancel,
    CommandForget,
    CommandOutput,
    CommandResponse,
    CommandStarted,
)
from chatops_wire.rest_commands import BatchCreate, CommandCreate, CommandOrder
from chatops_wire.signing import Signature
from chatops_wire.times import LAST_MS, format_ms

# What agents take at once (chatops_agent), so that a busy machine is told here already.
MAX_RUNS_A_SERVER: Final = 32
MAX_CODE_CHARS: Final = 64
# What an agent says of an end is for a line or two.
MAX_MESSAGE_CHARS: Final = 1000
# Each may hold 2 MiB of output in memory, and at least 16 MiB in files.
MAX_RUNS: Final = 256
# Beyond what the keeper lets an agent send that knows credit: one that does not is made to wait.
_MOST_IN_MEMORY: Final = 2 * ROOM_BYTES
# An agent's samples wait behind its output meanwhile.
_ROOM_WITHIN_S: Final = 5.0
_RETRY_AFTER_S: Final = 1

# The hub has noticed sooner that a connection is gone (two pings, 10 s apart); a machine that slept finds
# what was sent to it in its socket, hours later.
_BEGIN_WITHIN_MS: Final = 30_000

FromAgent = CommandStarted | CommandOutput | CommandResponse


@dataclass(frozen=True, slots=True)
class Clocks:
    """How late it is."""

    loop: Callable[[], float]
    """The loop's own, in seconds."""
    now_ms: Callable[[], int]
    """Unix milliseconds."""


class Dispatch:
    """Between runs and the connections of agents. For the event loop's thread only."""

    def __init__(self, shop: Workshop, sessions: AgentSessions, errands: Errands, clocks: Clocks) -> None:
        self._runs = shop.runs
        self._fleet = shop.fleet
        self._patience = shop.patience
        self._sessions = sessions
        self._errands = errands
        self._now, self._now_ms = clocks.loop, clocks.now_ms
        self._keeper = Keeper(shop, clocks.loop)
        self._counts = shop.counts

    def check(self, server_id: str) -> None:
        """Let one more command for a server pass.

        Raises:
            AgentOfflineError: Its agent is not connected.
            TooManyRequestsError: As many run there, or in all, as may.
        """
        if self._session(server_id) is None:
            raise AgentOfflineError
        under_way = [run for run in self._runs if run.sent_at is not None and not run.ended.is_set()]
        if sum(run.server_id == server_id for run in under_way) >= MAX_RUNS_A_SERVER:
            raise TooManyRequestsError(f"{MAX_RUNS_A_SERVER} commands run there already", _RETRY_AFTER_S)
        if len(under_way) >= MAX_RUNS:
            raise TooManyRequestsError(f"{MAX_RUNS} commands run already", _RETRY_AFTER_S)

    def send(self, run: Run, order: CommandOrder) -> None:
        """Send a command whose row is written; from now on the run ends by itself."""
        session = self._session(run.server_id)
        self._runs.add(run)
        run.sent_at = self._now()
        state = self._fleet.get(run.server_id)
        if run.response is None and state is not None and not leaves(state.narrowing, "commands"):
            run.respond(
                CommandResponse(
                    command_id=run.id,
                    status="refused",
                    code=ErrorCode.NOT_ALLOWED,
                    message=narrowed_words(state),
                )
            )
        if run.response is None and session is None:
            self.refuse_offline(run)
        elif run.response is None and session is not None:
            run.session = session
            run.gives_up_at = run.sent_at + run.timeout_s + self._patience.answer_s
            session.outbox.put(codec.encode(_command(run, order, self._not_after(session))))
        self.keep(run)

    def refuse_offline(self, run: Run) -> None:
        """End a run that was not begun: its agent is not there."""
        text = "the server's agent is not connected"
        run.respond(
            CommandResponse(command_id=run.id, status="refused", code=ErrorCode.AGENT_OFFLINE, message=text)
        )

    def keep(self, run: Run) -> None:
        """Begin to see a run to its end."""
        self._counts.commands_running += 1
        self._errands.start(self._kept(run), f"run-{run.id}")

    def cancel(self, run: Run, *, force: bool) -> None:
        """Ask for the end of a run: one that waits its turn ends, else its agent is told, now or later."""
        if run.response is not None:
            return
        was_asked = run.is_cancelled and (run.is_forced or not force)
        run.is_cancelled, run.is_forced = True, run.is_forced or force
        if run.sent_at is None:
            text = "cancelled before it was begun"
            run.respond(CommandResponse(command_id=run.id, status="cancelled", message=text))
            run.sent_at = self._now()
            self.keep(run)
        elif not was_asked:
            self._tell_cancel(run)

    def connected(self, session: AgentSession) -> None:
        """Pick up the runs of a server whose agent is there again."""
        for run in self._runs.on(session.state.id):
            self._attach(run, session)

    def pick_up(self, run: Run) -> None:
        """Go on with a run whose agent may be there already."""
        session = self._session(run.server_id)
        if session is not None and run.session is not session:
            self._attach(run, session)

    def disown(self, run: Run) -> None:
        """Leave a run to another hub, which has it already."""
        run.is_disowned = True
        run.wake.set()
        if run.sent_at is None:
            # It has no keeper yet.
            self._runs.remove(run)
            run.output.complete()
            run.ended.set()

    def disconnected(self, session: AgentSession) -> None:
        """Wait a while for the agent to come back to its runs."""
        for run in self._runs.on(session.state.id):
            if run.session is session:
                run.session = None
                run.gives_up_at = self._now() + self._patience.absence_s
                run.wake.set()

    def end_deleted(self, server_id: str) -> None:
        """End the runs of a server that is gone; those of one that only somebody lost sight of go on."""
        if self._fleet.get(server_id) is not None:
            return
        for run in self._runs.on(server_id):
            text = "the server was deleted"
            run.respond(
                CommandResponse(command_id=run.id, status="lost", code=ErrorCode.NOT_FOUND, message=text)
            )
            if run.sent_at is None:
                run.sent_at = self._now()
                self.keep(run)

    async def hear(self, session: AgentSession, message: FromAgent) -> None:
        """Take what an agent says of one of its runs; of others it is not heard.

        Waits only while an agent that sends without credit has sent more than may be held.
        """
        run = self._runs.get(message.command_id)
        if run is None or run.server_id != session.state.id:
            if isinstance(message, CommandResponse) and run is None:
                session.outbox.put(codec.encode(CommandForget(command_id=message.command_id)))
            return
        match message:
            case CommandStarted():
                pass
            case CommandOutput():
                await self._hear_output(run, message)
            case CommandResponse():
                run.respond(_within_bounds(self._timed(run, message)))
            case _:
                assert_never(message)

    def _attach(self, run: Run, session: AgentSession) -> None:
        if run.sent_at is None or run.response is not None or run.is_disowned:
            return
        run.session, run.owed = session, 0
        deadline = run.sent_at + run.timeout_s + self._patience.answer_s
        run.gives_up_at = max(deadline, self._now() + self._patience.answer_s)
        session.outbox.put(codec.encode(CommandAttach(command_id=run.id, after_seq=run.output.last_seq)))
        if run.is_cancelled:
            self._tell_cancel(run)
        run.wake.set()

    def _timed(self, run: Run, response: CommandResponse) -> CommandResponse:
        """Return it with the time we know of, where the agent has forgotten the run."""
        if response.status != "lost" or response.duration_ms or run.sent_at is None:
            return response
        return structs.replace(response, duration_ms=round(1000 * (self._now() - run.sent_at)))

    async def _hear_output(self, run: Run, message: CommandOutput) -> None:
        if run.response is not None:
            return
        run.owed += len(message.data)
        self._counts.output_bytes += len(message.data)
        run.output.append(Chunk(message.seq, message.stream, message.data))
        give_credit(run)
        if run.owes_credit or run.output.bytes_in_memory >= ROOM_BYTES // 4:
            run.wake.set()
        if run.output.bytes_in_memory > _MOST_IN_MEMORY:
            run.has_room.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_ROOM_WITHIN_S):
                    await run.has_room.wait()

    def _tell_cancel(self, run: Run) -> None:
        # While the agent is away it is told on its return.
        if run.session is not None:
            run.session.outbox.put(codec.encode(CommandCancel(command_id=run.id, force=run.is_forced)))

    def _not_after(self, session: AgentSession) -> str | None:
        """Return until when, by its own clock, an agent may begin a command; None: that is not known."""
        # Of an agent of another hub, that hub has told.
        ahead_ms = session.state.clock_ahead_ms if session.clock.ahead_ms is None else session.clock.ahead_ms
        if ahead_ms is None:
            return None
        at_ms = self._now_ms() + ahead_ms + _BEGIN_WITHIN_MS
        # Whatever an agent takes for its time, ours is written in four digits of years.
        return format_ms(min(max(0, at_ms), LAST_MS))

    async def _kept(self, run: Run) -> None:
        try:
            await self._keeper.keep(run)
        finally:
            # After a defect too nobody shall wait for ever.
            run.output.complete()
            if not run.ended.is_set():
                self._counts.commands_running -= 1
                run.ended.set()

    def _session(self, server_id: str) -> AgentSession | None:
        return self._sessions.reachable(server_id)


def new_command_id() -> str:
    """Return an id nobody can guess: whoever knows it and may see its server may follow it."""
    return f"cmd_{token_hex(8)}"


def _within_bounds(response: CommandResponse) -> CommandResponse:
    """Return what an agent said with its numbers as databases take them, and its words short."""
    return structs.replace(
        response,
        exit_code=None if response.exit_code is None else _within_64_bits(response.exit_code),
        signal=None if response.signal is None else _within_64_bits(response.signal),
        duration_ms=max(0, _within_64_bits(response.duration_ms)),
        output_bytes=max(0, _within_64_bits(response.output_bytes)),
        code=None if response.code is None else response.code[:MAX_CODE_CHARS],
        message=response.message[:MAX_MESSAGE_CHARS],
    )


def _within_64_bits(number: int) -> int:
    return max(-(2**63), min(number, 2**63 - 1))


def _command(run: Run, order: CommandOrder, not_after: str | None) -> Command:
    return Command(
        command_id=run.id,
        command=order.command,
        argv=order.argv,
        timeout_s=order.timeout_s,
        stdin=order.stdin or "",
        stdin_data=order.stdin_data or b"",
        cwd=order.cwd,
        env=order.env,
        max_output=order.max_output,
        window=WINDOW_BYTES,
        not_after=not_after,
        signature=_signature(order, run.server_id),
    )


def _signature(order: CommandOrder, server_id: str) -> Signature | None:
    match order:
        case CommandCreate():
            return order.signature
        case BatchCreate():
            return order.signatures.get(server_id)
        case _:
            return None
