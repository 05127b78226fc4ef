"""Requests to engines: each goes to its server's agent and waits there for its one answer."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final

from chatops_server.broker.server_state import ServerState
from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.domain.narrowing import needs_of_engine
from chatops_server.errors import AgentOfflineError, AgentTimeoutError, ChatopsError, TooManyRequestsError
from chatops_server.services.agent_post import offered, reachable
from chatops_server.services.narrowing import require
from chatops_server.services.refusals import refusal
from chatops_wire import codec
from chatops_wire.codes import ErrorCode
from chatops_wire.containers import DockerCancel, DockerCode, DockerCommand, DockerProgress, DockerResponse
from chatops_wire.signing import Signature

# A team that looks at one machine at once, each at several containers.
MAX_ON_A_SERVER: Final = 64
_RETRY_AFTER_S: Final = 5
# What engines themselves say, for agents that give a reason and no code.
_MEANT: Final[Mapping[str, DockerCode]] = {
    "no such ": DockerCode.NOT_FOUND,
    "cannot connect to the docker daemon": DockerCode.DOCKER_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Order:
    """What an agent is asked for."""

    action: str
    place: str = ""
    """The container's id; or the image, volume or network."""
    params: Mapping[str, Any] = field(default_factory=dict)
    signature: Signature | None = None
    """The user's own, for machines that ask for one."""


@dataclass(slots=True, eq=False)
class Request:
    """One request under way."""

    id: str
    session: AgentSession
    progressed: Callable[[DockerProgress], None] | None = None
    answer: DockerResponse | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def ask(self, order: Order, within_s: float) -> Any:  # noqa: ANN401 - whatever JSON can hold
        """Send the order and return the data of its answer. Cancelling gives it up.

        Args:
            order: What is asked for.
            within_s: For the answer, or from one progress to the next.

        Raises:
            AgentOfflineError: The agent left; it may still do it.
            AgentTimeoutError: No answer in time, of the agent or of its engine; likewise.
            NotAllowedError: The server is narrowed to less at the hub; nothing was sent.
            ChatopsError: The agent or its engine refused.
        """
        reveals = bool(order.params.get("reveal"))
        require(self.session.state, *needs_of_engine(order.action, reveals=reveals))
        command = DockerCommand(
            command_id=self.id,
            action=order.action,
            container_id=order.place,
            params=dict(order.params),
            signature=order.signature,
        )
        await offered(self.session, command)
        answer = await self._answered(within_s)
        if not answer.success:
            raise _refused(answer)
        return answer.data

    async def _answered(self, within_s: float) -> DockerResponse:
        try:
            while self.answer is None:
                self.news.clear()
                async with asyncio.timeout(within_s):
                    await self.news.wait()
        except TimeoutError as exc:
            self.give_up()
            raise AgentTimeoutError(f"the server's agent did not answer within {within_s:g} s") from exc
        except asyncio.CancelledError:
            self.give_up()
            raise
        return self.answer

    def give_up(self) -> None:
        """Tell the agent that nobody waits any more."""
        self.session.outbox.put(codec.encode(DockerCancel(command_id=self.id)))


class EngineRelay:
    """All requests under way. For the event loop's thread only."""

    def __init__(self, sessions: AgentSessions) -> None:
        self._sessions = sessions
        self._requests: dict[str, Request] = {}

    @contextmanager
    def request(
        self, state: ServerState, progressed: Callable[[DockerProgress], None] | None = None
    ) -> Iterator[Request]:
        """Take a place for one request to a server's engine; it is heard until the end of the block.

        Raises:
            AgentOfflineError: The server's agent is not connected.
            TooManyRequestsError: MAX_ON_A_SERVER requests are under way there.
        """
        session = reachable(self._sessions, state.id)
        if sum(each.session.state.id == state.id for each in self._requests.values()) >= MAX_ON_A_SERVER:
            raise TooManyRequestsError(f"{MAX_ON_A_SERVER} requests are under way there", _RETRY_AFTER_S)
        request = Request(f"dkr_{token_hex(8)}", session, progressed)
        self._requests[request.id] = request
        try:
            yield request
        finally:
            del self._requests[request.id]

    def hear(self, session: AgentSession, message: DockerResponse | DockerProgress) -> None:
        """Take what an agent says of one of its requests; of others it is not heard."""
        request = self._requests.get(message.command_id)
        if request is None or request.session is not session or request.answer is not None:
            return
        if isinstance(message, DockerResponse):
            request.answer = message
        elif request.progressed is not None:
            request.progressed(message)
        request.news.set()

    def disconnected(self, session: AgentSession) -> None:
        """End the requests of an agent that is gone."""
        for request in self._requests.values():
            if request.session is session and request.answer is None:
                request.answer = DockerResponse(
                    command_id=request.id, success=False, code=ErrorCode.AGENT_OFFLINE
                )
                request.news.set()

    def connected(self, session: AgentSession) -> None:
        """End what an earlier connection of this agent was asked for."""
        for request in tuple(self._requests.values()):
            if request.session.state.id == session.state.id and request.session is not session:
                self.disconnected(request.session)


def _refused(answer: DockerResponse) -> ChatopsError:
    if answer.code == ErrorCode.AGENT_OFFLINE:
        return AgentOfflineError()
    code: str | None = answer.code
    if code is None:
        said = answer.message.casefold()
        code = next((meant for words, meant in _MEANT.items() if words in said), None)
    return refusal(code, answer.message)
