"""Agents that other hubs hold, reached over the bus as if they were connected here."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from typing import Final, get_args

import msgspec

from chatops_server.broker.closing import LOST
from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sessions import AgentSession
from chatops_server.bus.base import BusError, NoRespondersError
from chatops_server.services.agent_actions import AgentActions
from chatops_server.services.errands import Errands
from chatops_server.services.hubs.frames import (
    KEEP_ALIVE,
    Wanted,
    ask_subject,
    batches,
    down_subject,
    frames_of,
    named,
    packed,
    up_subject,
)
from chatops_server.services.hubs.heartbeat import Rhythm
from chatops_server.services.hubs.leases import Leases
from chatops_server.services.hubs.node import Node
from chatops_server.storage.sql.leases import Lease
from chatops_wire import codec
from chatops_wire.agent import ActionReport

log = logging.getLogger(__name__)

# More than a hub grants an agent that takes nothing (services.agent_post).
_TAKEN_WITHIN_S: Final = 8.0
# A holder that is gone answers nothing; one that has ended the conversation is known at once.
_KEEP_ALIVE_S: Final = 5.0
_COMMAND: Final = "command"
YES: Final = b"yes"
_REPORTS: Final = get_args(ActionReport)


class _NotThereError(Exception):
    """The hub that was asked does not hold the agent."""


@dataclass(slots=True, eq=False)
class _Remote:
    """A conversation with one agent of another hub."""

    session: AgentSession
    lease: Lease
    link: str = field(default_factory=lambda: token_hex(12))
    untold: list[bytes] = field(default_factory=list)
    """Frames that have certainly not arrived there."""
    unsubscribe: Callable[[], None] = lambda: None
    task: asyncio.Task[None] | None = None
    has_ended: bool = False


class Reach:
    """Sessions of agents elsewhere: each with a task that carries its frames there, in their order.

    Flow control stays what it is: an outbox (broker.agent_outbox) is emptied only as fast as the holder's
    takes it, and what an agent may send is said in frames. Whatever goes wrong between the hubs ends the
    session like a lost connection; what goes on there is attached to again. For the event loop's thread only.
    """

    def __init__(
        self, node: Node, leases: Leases, fleet: Fleet, actions: AgentActions, rhythm: Rhythm
    ) -> None:
        self._node = node
        self._leases = leases
        self._fleet = fleet
        self._actions = actions
        self._rhythm = rhythm
        self._errands = Errands()
        self._remotes: dict[str, _Remote] = {}
        self._decoder = codec.from_agent()
        leases.on_change(self._moved)

    def find(self, server_id: str) -> AgentSession | None:
        """Return the session of an agent that another hub holds; None: none does, or no way leads there."""
        lease, state = self._leases.holder(server_id), self._fleet.get(server_id)
        remote = self._remotes.get(server_id)
        if remote is not None and remote.lease == lease and remote.session.outbox.closing is None:
            return remote.session
        if remote is not None:
            self._end(remote)
        if lease is None or state is None or not self._node.bus.is_connected:
            return None
        session = AgentSession(state, "", 1, lambda: False, epoch=lease.epoch)
        remote = _Remote(session, lease)
        remote.task = self._errands.start(self._carry(remote), f"reach-{server_id}")
        if remote.task is None:
            return None
        self._remotes[server_id] = remote
        remote.unsubscribe = self._node.bus.subscribe(up_subject(remote.link), partial(self._heard, remote))
        self._actions.connected(session)
        return session

    async def run(self) -> None:
        """Look for agents that somebody waits for, until cancelled."""
        while True:
            await asyncio.sleep(self._rhythm.look_s)
            for server_id in self._actions.commands.waited_for():
                self.find(server_id)

    async def close(self) -> None:
        """End all conversations."""
        await self._errands.stop()
        for remote in tuple(self._remotes.values()):
            self._end(remote)

    async def flush(self) -> None:
        """Send what waits, before the hub ends."""
        for remote in tuple(self._remotes.values()):
            remote.session.outbox.close(LOST)
        await self._errands.finish()

    def _moved(self, server_id: str, _node_id: str | None) -> None:
        remote = self._remotes.get(server_id)
        if remote is not None and remote.lease != self._leases.holder(server_id):
            self._end(remote)
        if server_id in self._actions.commands.waited_for():
            self.find(server_id)

    async def _carry(self, remote: _Remote) -> None:
        try:
            await self._open(remote)
            await self._send(remote)
        except (BusError, TimeoutError, _NotThereError) as exc:
            extra = {"server_id": remote.session.state.id, "reason": str(exc) or type(exc).__name__}
            log.info("another hub's agent is not reached", extra=extra)
        finally:
            self._end(remote)

    async def _open(self, remote: _Remote) -> None:
        node_id, epoch = remote.lease
        wanted = Wanted(remote.link, self._node.id, remote.session.state.id, epoch)
        if await self._asked(ask_subject(node_id or ""), packed(wanted)) != YES:
            raise _NotThereError("it has left that hub")

    async def _send(self, remote: _Remote) -> None:
        outbox, subject = remote.session.outbox, down_subject(remote.link)
        is_last = False
        while not is_last:
            with suppress(TimeoutError):
                async with asyncio.timeout(_KEEP_ALIVE_S):
                    await outbox.wait()
            is_last = outbox.closing is not None
            remote.untold += outbox.take()
            if not remote.untold:
                await self._asked(subject, KEEP_ALIVE)
            for batch in [*batches(remote.untold)]:
                await self._tell(remote, subject, batch)

    async def _tell(self, remote: _Remote, subject: str, batch: list[bytes]) -> None:
        # From here on it may have arrived, unless the bus says that nobody was there.
        del remote.untold[: len(batch)]
        try:
            await self._asked(subject, packed(batch))
        except NoRespondersError:
            remote.untold[:0] = batch
            raise

    async def _asked(self, subject: str, payload: bytes) -> bytes:
        async with asyncio.timeout(_TAKEN_WITHIN_S):
            return await self._node.bus.request(subject, payload)

    async def _heard(self, remote: _Remote, payload: bytes) -> bytes:
        if not payload:
            # The holder's last word.
            self._end(remote)
            return YES
        for frame in frames_of(payload):
            message = self._decoder.decode(frame)
            if isinstance(message, _REPORTS) and not remote.has_ended:
                await self._actions.hear(remote.session, message)
        return YES

    def _end(self, remote: _Remote) -> None:
        if remote.has_ended:
            return
        remote.has_ended = True
        remote.unsubscribe()
        remote.session.outbox.close(LOST)
        server_id = remote.session.state.id
        if self._remotes.get(server_id) is remote:
            del self._remotes[server_id]
        for command_id in _commands([*remote.untold, *remote.session.outbox.take()]):
            self._actions.commands.undelivered(command_id)
        self._actions.disconnected(remote.session)
        if remote.task is not None and remote.task is not asyncio.current_task():
            remote.task.cancel()


def _commands(frames: list[bytes]) -> Iterator[str]:
    """Yield the ids of the commands among frames that did not arrive."""
    for frame in frames:
        with suppress(msgspec.MsgspecError):
            said = named(frame)
            if said.type == _COMMAND:
                yield said.command_id
