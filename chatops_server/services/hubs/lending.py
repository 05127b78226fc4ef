"""Agents that are connected here, lent to other hubs over the bus."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.bus.base import BusError
from chatops_server.errors import StorageError
from chatops_server.services.agent_actions import AgentActions
from chatops_server.services.errands import Errands
from chatops_server.services.hubs.frames import (
    BATCH_BYTES,
    KEEP_ALIVE,
    ask_subject,
    down_subject,
    frames_of,
    named,
    packed,
    up_subject,
    wanted_of,
)
from chatops_server.services.hubs.node import Node
from chatops_server.services.hubs.reach import YES
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.commands import command
from chatops_wire import codec
from chatops_wire.agent import ActionReport
from chatops_wire.codes import ErrorCode
from chatops_wire.commands import CommandOutput, CommandResponse, CommandStarted
from chatops_wire.containers import DockerCancel, DockerProgress, DockerResponse
from chatops_wire.streams import StreamClose, StreamData
from chatops_wire.terminals import TerminalClose, TerminalData, TerminalDetach, TerminalOpened, Terminals

log = logging.getLogger(__name__)

NO: Final = b"no"
# A hub takes what an agent says at once, but for agents that know no credit.
_TAKEN_WITHIN_S: Final = 10.0
# Credit keeps an honest agent far below it. Beyond, that hub loses the agent, and attaches anew.
_MOST_WAITING_BYTES: Final = 8 * 1024 * 1024
# What begins a request, or goes on with it from another hub than before.
_BEGINS: Final = {
    "command": "command",
    "command_attach": "command",
    "docker_command": "docker",
    "stream_open": "stream",
    "terminal_open": "terminal",
    "terminal_list": "list",
}
# A command some hub sees to, or that may still come back; agents forget results after an hour by themselves.
_AWAITED: Final = frozenset({"running", "lost"})
# What ends one, said by the hub or by the agent.
_ENDS: Final = frozenset({"command_forget", "docker_response", "stream_close", "terminal_close", "terminals"})


@dataclass(slots=True, eq=False)
class _Link:
    """One hub's conversation with one agent."""

    name: str
    node_id: str
    session: AgentSession
    waiting: deque[bytes] = field(default_factory=deque)
    waiting_bytes: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    requests: dict[str, str] = field(default_factory=dict)
    """Of which kind a request is, by its id."""
    unsubscribe: Callable[[], None] = lambda: None
    has_ended: bool = False


class Lending:
    """Stands between agents' connections and AgentActions: passes on what other hubs asked for.

    Which hub that was says the id of the request. What is asked for here is heard here, and that comes first:
    an id is on both sides only for as long as it moves. For the event loop's thread only.
    """

    def __init__(
        self, node: Node, sessions: AgentSessions, actions: AgentActions, storage: Storage, detached_s: float
    ) -> None:
        """Detach terminals of a hub that is gone for `detached_s`."""
        self._node = node
        self._sessions = sessions
        self._actions = actions
        self._storage = storage
        self._detached_s = detached_s
        self._errands = Errands()
        self._links: dict[AgentSession, list[_Link]] = {}
        node.bus.subscribe(ask_subject(node.id), self._asked)

    def connected(self, session: AgentSession) -> None:
        """Note that an agent is there."""
        self._actions.connected(session)

    def disconnected(self, session: AgentSession) -> None:
        """Note that an agent is gone, here and at the hubs it was lent to."""
        for link in tuple(self._links.get(session, ())):
            self._end(link)
        self._actions.disconnected(session)

    async def hear(self, session: AgentSession, message: ActionReport) -> None:
        """Take what an agent says, or pass it on to the hub that asked."""
        request = _request_of(message)
        link = self._link_of(session, request)
        if link is None:
            if isinstance(message, CommandResponse) and self._actions.commands.own(request) is None:
                # Before an agent is told to forget a result, it is looked whose it is.
                self._errands.start(self._forgotten(session, message), f"result-{request}")
                return
            await self._actions.hear(session, message)
        elif self._is_ours(session, request):
            self._moved_here(link, request)
            await self._actions.hear(session, message)
        else:
            self._pass_on(link, request, message)

    def nodes_are(self, nodes: frozenset[str]) -> None:
        """End the conversations of hubs that are gone."""
        for links in tuple(self._links.values()):
            for link in tuple(links):
                if link.node_id not in nodes:
                    self._end(link)

    async def close(self) -> None:
        """End all conversations."""
        for links in tuple(self._links.values()):
            for link in tuple(links):
                self._end(link)
        await self._errands.stop()

    async def _asked(self, payload: bytes) -> bytes:
        wanted = wanted_of(payload)
        session = self._sessions.get(wanted.server_id)
        if session is None or session.epoch != wanted.epoch or session.outbox.closing is not None:
            return NO
        link = _Link(wanted.link, wanted.node_id, session)
        if self._errands.start(self._carry(link), f"lend-{wanted.server_id}") is None:
            return NO
        self._links.setdefault(session, []).append(link)
        link.unsubscribe = self._node.bus.subscribe(down_subject(link.name), partial(self._told, link))
        return YES

    async def _told(self, link: _Link, payload: bytes) -> bytes:
        for frame in frames_of(payload):
            self._note(link, frame)
            # Not put: however much another hub sends, it costs no agent its connection.
            await link.session.outbox.offer(frame)
        return YES

    def _note(self, link: _Link, frame: bytes) -> None:
        """Remember who asked."""
        said = named(frame)
        kind = _BEGINS.get(said.type)
        if kind is not None:
            self._take_from_others(link, said.request, kind)
            link.requests[said.request] = kind
        elif said.type in _ENDS:
            link.requests.pop(said.request, None)

    def _take_from_others(self, link: _Link, request: str, kind: str) -> None:
        told = TerminalClose(terminal_id=request, reason="attached elsewhere", code=ErrorCode.REPLACED)
        for other in self._links.get(link.session, ()):
            if other is not link and other.requests.pop(request, None) == "terminal":
                self._queue(other, codec.encode(told))
        if kind == "terminal" and self._is_ours(link.session, request):
            self._actions.terminals.hear(link.session, told)

    def _moved_here(self, link: _Link, request: str) -> None:
        if link.requests.pop(request, None) == "terminal":
            told = TerminalClose(terminal_id=request, reason="attached elsewhere", code=ErrorCode.REPLACED)
            self._queue(link, codec.encode(told))

    def _pass_on(self, link: _Link, request: str, message: ActionReport) -> None:
        self._queue(link, codec.encode(message))
        if message.__struct_config__.tag in _ENDS:
            link.requests.pop(request, None)

    def _link_of(self, session: AgentSession, request: str) -> _Link | None:
        links = self._links.get(session)
        if not links or not request:
            return None
        return next((link for link in links if request in link.requests), None)

    def _is_ours(self, session: AgentSession, request: str) -> bool:
        is_run = self._actions.commands.own(request) is not None
        return is_run or self._actions.terminals.relays(session, request)

    async def _forgotten(self, session: AgentSession, response: CommandResponse) -> None:
        try:
            row = await self._storage.read(command(response.command_id))
        except StorageError:
            # The agent keeps it, and whoever waits for it attaches.
            return
        # Also of a hub that is gone: one of the others takes it up within seconds.
        if row is None or row.status not in _AWAITED:
            await self._actions.hear(session, response)

    def _queue(self, link: _Link, frame: bytes) -> None:
        if link.waiting_bytes > _MOST_WAITING_BYTES:
            log.warning("a hub does not take what an agent says", extra={"node": link.node_id})
            self._end(link)
            return
        link.waiting.append(frame)
        link.waiting_bytes += len(frame)
        link.news.set()

    async def _carry(self, link: _Link) -> None:
        try:
            while not (link.has_ended and not link.waiting):
                await link.news.wait()
                link.news.clear()
                while link.waiting:
                    await self._sent(link, packed(_next_batch(link)))
            # The last word: whoever still waits there need not.
            await self._sent(link, KEEP_ALIVE)
        except (BusError, TimeoutError) as exc:
            extra = {"node": link.node_id, "reason": str(exc) or type(exc).__name__}
            log.info("a hub that asked for an agent is not reached", extra=extra)
        finally:
            link.waiting.clear()
            self._end(link)

    async def _sent(self, link: _Link, payload: bytes) -> None:
        async with asyncio.timeout(_TAKEN_WITHIN_S):
            await self._node.bus.request(up_subject(link.name), payload)

    def _end(self, link: _Link) -> None:
        if link.has_ended:
            return
        link.has_ended = True
        link.unsubscribe()
        link.news.set()
        links = self._links.get(link.session, [])
        if link in links:
            links.remove(link)
        if not links:
            self._links.pop(link.session, None)
        for request, kind in link.requests.items():
            self._leave(link.session, request, kind)

    def _leave(self, session: AgentSession, request: str, kind: str) -> None:
        """Tell an agent that nobody waits any more; commands go on, and are attached to again."""
        left = _LEFT.get(kind)
        if kind == "terminal":
            detach = TerminalDetach(terminal_id=request, within_s=self._detached_s)
            session.outbox.put(codec.encode(detach))
        elif left is not None:
            session.outbox.put(codec.encode(left(request)))


def _next_batch(link: _Link) -> list[bytes]:
    batch = [link.waiting.popleft()]
    size = len(batch[0])
    while link.waiting and size + len(link.waiting[0]) <= BATCH_BYTES:
        batch.append(link.waiting.popleft())
        size += len(batch[-1])
    link.waiting_bytes -= size
    return batch


def _request_of(message: ActionReport) -> str:
    match message:
        case CommandStarted() | CommandOutput() | CommandResponse() | DockerResponse() | DockerProgress():
            return message.command_id
        case TerminalOpened() | TerminalData() | TerminalClose():
            return message.terminal_id
        case StreamData() | StreamClose():
            return message.stream_id
        case Terminals():
            return message.request_id
        case _:
            return ""


_LEFT: Final[dict[str, Callable[[str], StreamClose | DockerCancel]]] = {
    "stream": lambda request: StreamClose(stream_id=request),
    "docker": lambda request: DockerCancel(command_id=request),
}
