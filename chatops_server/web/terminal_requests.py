"""What a client asks about terminals, answered."""

from typing import Final, assert_never

from msgspec import UnsetType

from chatops_server.broker.clients import ClientSession
from chatops_server.errors import ChatopsError, ForbiddenError, TooManyRequestsError
from chatops_server.services.errands import Errands
from chatops_server.services.terminals.terminals import TerminalRelay
from chatops_wire import codec
from chatops_wire.client import ClientError, Result
from chatops_wire.client_terminals import (
    AttachTerminal,
    CloseTerminal,
    DetachTerminal,
    ListTerminals,
    OpenTerminal,
    RequestId,
)
from chatops_wire.terminals import TerminalCredit, TerminalData, TerminalResize

# Each waits for an agent; keys go on meanwhile.
MAX_WAITING: Final = 16
_RETRY_AFTER_S: Final = 1

Asked = OpenTerminal | AttachTerminal | DetachTerminal | CloseTerminal | ListTerminals
Passed = TerminalData | TerminalResize | TerminalCredit


class TerminalRequests:
    """The requests of one client. For the event loop's thread only."""

    def __init__(self, relay: TerminalRelay, session: ClientSession, errands: Errands) -> None:
        self._relay = relay
        self._session = session
        self._errands = errands
        self._waiting = 0

    async def pass_on(self, message: Passed) -> None:
        """Pass keys, a size or credit on; waits only while an agent takes no keys."""
        match message:
            case TerminalData():
                await self._relay.typed(self._session, message)
            case TerminalResize():
                await self._relay.resized(self._session, message)
            case TerminalCredit():
                await self._relay.credited(self._session, message)
            case _:
                assert_never(message)

    def ask(self, request: Asked) -> None:
        """Carry out a request behind, and answer it.

        Raises:
            TooManyRequestsError: MAX_WAITING are not answered yet.
        """
        if self._waiting >= MAX_WAITING:
            raise TooManyRequestsError(f"{MAX_WAITING} requests wait already", _RETRY_AFTER_S)
        self._waiting += 1
        self._errands.start(self._answered(request), "terminal-request")

    def left(self, *, may_return: bool) -> None:
        """Part from what the client viewed: it is gone, perhaps only for a moment."""
        self._relay.left(self._session, may_return=may_return)

    async def _answered(self, request: Asked) -> None:
        try:
            result = await self._result(request)
        except ForbiddenError as exc:
            self._refuse(request.id, exc)
            kind = str(request.__struct_config__.tag)
            await self._relay.denied(self._session.principal, kind, getattr(request, "server_id", None))
        except ChatopsError as exc:
            self._refuse(request.id, exc)
        else:
            self._session.outbox.reply(codec.encode(result))
        finally:
            self._waiting -= 1

    async def _result(self, request: Asked) -> Result:
        match request:
            case OpenTerminal():
                return Result(id=request.id, terminal_id=await self._relay.open(self._session, request))
            case AttachTerminal():
                return Result(id=request.id, terminal_id=await self._relay.attach(self._session, request))
            case DetachTerminal():
                self._relay.detach(self._session, request)
                return Result(id=request.id)
            case CloseTerminal():
                await self._relay.close(self._session, request)
                return Result(id=request.id)
            case ListTerminals():
                return Result(id=request.id, terminals=await self._relay.listed(self._session, request))
            case _:
                assert_never(request)

    def _refuse(self, request_id: RequestId | UnsetType, error: ChatopsError) -> None:
        refusal = ClientError(id=request_id, code=error.code, message=error.detail)
        self._session.outbox.reply(codec.encode(refusal))
