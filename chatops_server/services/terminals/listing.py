"""Asks agents which terminals there are."""

import asyncio
from secrets import token_hex
from typing import Final

from chatops_server.broker.sessions import AgentSession
from chatops_server.errors import AgentTimeoutError
from chatops_wire import codec
from chatops_wire.terminals import TerminalList, Terminals

_ANSWER_WITHIN_S: Final = 5.0


class Listing:
    """Questions that wait for their answers. For the event loop's thread only."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[Terminals]] = {}

    async def ask(self, session: AgentSession) -> Terminals:
        """Return what an agent answers.

        Raises:
            AgentTimeoutError: It does not.
        """
        request_id = token_hex(8)
        answer: asyncio.Future[Terminals] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        try:
            session.outbox.put(codec.encode(TerminalList(request_id=request_id)))
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                return await answer
        except TimeoutError as exc:
            raise AgentTimeoutError("the server's agent did not list its terminals") from exc
        finally:
            del self._waiting[request_id]

    def hear(self, answer: Terminals) -> None:
        """Take an answer; one that nobody waits for is ignored."""
        waiting = self._waiting.get(answer.request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
