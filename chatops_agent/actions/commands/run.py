"""One command, from its order to the hub's word that its result is stored: what is told, and when."""

import asyncio
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chatops_agent.actions.commands.execution import Ending, Execution
from chatops_agent.actions.commands.output import Output, TailRoom
from chatops_agent.actions.gathering import Gathering
from chatops_agent.actions.processes.spawning import NotStartedError
from chatops_agent.actions.workshop import Workshop
from chatops_wire.commands import Command, CommandOutput, CommandResponse, CommandStarted, FinalStatus

_UNKILLABLE: Final = "killed, but it is still there: it waits for a device or a dead mount"
_STOPPED: Final = "the agent was stopped"
_DEFECT: Final = "an error of the agent's own; its log tells"


class Run:
    """Has an order carried out, and tells of it while it is attached to a connection.

    It tells the start, the output, and the result once all output has been sent; where the connection or
    the hub's credit does not take more, the command itself has to wait as it writes.
    """

    def __init__(self, order: Command, shop: Workshop, room: TailRoom) -> None:
        self.order = order
        self._shop = shop
        self._output = Output(order.max_output, order.window, room)
        self._execution = Execution(order, shop, self._output, self._tell)
        self._gathering = Gathering(self._ready)
        self._pid: int | None = None
        self._attached = True
        self._announced = False
        self._response: CommandResponse | None = None
        self.is_answered = False
        """All there is has been sent on this connection."""

    @property
    def is_over(self) -> bool:
        """It has a result."""
        return self._response is not None

    @property
    def owes_result(self) -> bool:
        """It has a result that was not sent on the connection it is attached to."""
        return self.is_over and self._attached and not self.is_answered

    @property
    def held_bytes(self) -> int:
        """Bytes of its output in memory."""
        return self._output.held_bytes

    async def conduct(self) -> None:
        """Carry the order out; cancelled, end it within 4 s."""
        began, pack = _now(), None
        response = CommandResponse(
            command_id=self.order.command_id, status="cancelled", code=None, message=_STOPPED
        )
        try:
            pack = await self._execution.start()
            self._pid = pack.leader.pid
            self._ready()
            response = _told(response, await self._execution.see_through(pack))
        except NotStartedError as exc:
            response = _not_started(response, exc)
        except Exception:
            response = replace(response, status="failed", message=_DEFECT)
            raise
        finally:
            self._output.finish()
            self._response = replace(
                response,
                duration_ms=round((_now() - began) * 1000),
                truncated=self._output.lost_bytes > 0,
                output_bytes=self._output.total_bytes,
            )
            self._ready()
            if pack is not None:
                await pack.disband()

    def cancel(self, *, force: bool) -> None:
        """End it; `force`: without a grace. Once more, or too late, changes nothing."""
        self._execution.cancel(force=force)

    def grant(self, size: int, through_seq: int) -> None:
        """The hub takes so many bytes more, and needs nothing up to this sequence again."""
        self._output.grant(size, through_seq)
        self._ready()

    def attach(self, after_seq: int) -> None:
        """Tell on this connection what lies beyond this sequence."""
        self._output.attach(after_seq)
        self._attached = True
        self._announced = self.is_answered = False
        self._ready()

    def detach(self) -> None:
        """The connection is gone; keep what there is to tell."""
        self._attached = False

    def drop(self) -> None:
        """Tell nothing any more."""
        self._attached = False
        self._shop.rota.withdraw(self)
        self._output.drop()
        self._gathering.stop()

    def next_message(self) -> Struct | None:
        """Return what is to be told next and count it as told."""
        if not self._attached:
            return None
        if self._pid is not None and not self._announced and not self.is_over:
            self._announced = True
            return CommandStarted(command_id=self.order.command_id, pid=self._pid)
        if not self.is_over and self._gathering.holds(self._output.sendable):
            return None
        chunk = self._output.next_chunk()
        if chunk is not None:
            self._gathering.sent()
            self._execution.read_on()
            return CommandOutput(
                command_id=self.order.command_id, seq=chunk.seq, stream=chunk.stream, data=chunk.data
            )
        if self.is_answered or not self._output.is_sent:
            return None
        self.is_answered = True
        return self._response

    def _tell(self) -> None:
        sendable = self._output.sendable
        if sendable and self._attached and not self._gathering.holds(sendable):
            self._ready()

    def _ready(self) -> None:
        self._shop.rota.ready(self)


def _told(response: CommandResponse, ending: Ending) -> CommandResponse:
    end = ending.exit
    code, number = (None, None) if end is None else (end.code, end.signal)
    status: FinalStatus = ending.interruption or ("succeeded" if code == 0 else "failed")
    message = _UNKILLABLE if end is None else ""
    return replace(response, status=status, exit_code=code, signal=number, message=message)


def _not_started(response: CommandResponse, exc: NotStartedError) -> CommandResponse:
    status: FinalStatus = "refused" if exc.code else "failed" if exc.exit_code else "cancelled"
    code = None if exc.code is None else exc.code.value
    return replace(response, status=status, exit_code=exc.exit_code, code=code, message=exc.message)


def _now() -> float:
    return asyncio.get_running_loop().time()
