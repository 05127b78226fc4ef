"""What the hub asks of agents beyond samples, put together; and where an agent's answers go."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from chatops_server.broker.sessions import AgentSession
from chatops_server.services.commands.commands import Commands
from chatops_server.services.commands.keeper import Patience
from chatops_server.services.commands.retention import drop_commands
from chatops_server.services.containers import assembly
from chatops_server.services.containers.assembly import ContainerServices
from chatops_server.services.errands import Errands
from chatops_server.services.keeping import KeepingTerms
from chatops_server.services.ledger import Ledger
from chatops_server.services.live import Live
from chatops_server.services.log_streams import LogStreams
from chatops_server.services.terminals.logbook import Logbook
from chatops_server.services.terminals.recordings import Recordings
from chatops_server.services.terminals.terminals import Surroundings, TerminalRelay
from chatops_server.storage.base import Storage
from chatops_server.storage.spool import Spool
from chatops_wire.agent import ActionReport
from chatops_wire.commands import CommandOutput, CommandResponse, CommandStarted
from chatops_wire.containers import ContainerEvent, DockerProgress, DockerResponse
from chatops_wire.streams import StreamClose, StreamData
from chatops_wire.terminals import TerminalClose, TerminalData, TerminalOpened, Terminals


@dataclass(frozen=True, slots=True)
class AgentActions:
    """Commands, terminals, log streams and containers, as agents' connections see them."""

    commands: Commands
    terminals: TerminalRelay
    log_streams: LogStreams
    containers: ContainerServices
    logbook: Logbook
    spool: Spool
    errands: Errands

    async def load(self) -> None:
        """Go on where an earlier hub stopped; before any agent connects.

        Raises:
            StorageError, OSError: The database or the data directory does not do it.
        """
        await self.spool.open()
        await self.logbook.load()
        await self.commands.load()

    async def flush(self) -> None:
        """Write down what is in memory, after all connections have ended."""
        await self.commands.flush()
        await self.errands.finish()

    async def close(self) -> None:
        """End all tasks."""
        await self.errands.stop()
        await self.commands.close()

    def connected(self, session: AgentSession) -> None:
        """Note that an agent is there; after its `auth_success` is queued."""
        self.terminals.connected(session)
        self.log_streams.connected(session)
        self.containers.connected(session)
        self.commands.connected(session)

    def disconnected(self, session: AgentSession) -> None:
        """Note that an agent is gone."""
        self.terminals.disconnected(session)
        self.log_streams.disconnected(session)
        self.containers.disconnected(session)
        self.commands.disconnected(session)

    async def hear(self, session: AgentSession, message: ActionReport) -> None:
        """Take what an agent says; waits only for an agent that sends without credit."""
        match message:
            case CommandStarted() | CommandOutput() | CommandResponse():
                await self.commands.hear(session, message)
            case TerminalOpened() | TerminalData() | TerminalClose() | Terminals():
                self.terminals.hear(session, message)
            case StreamData() | StreamClose():
                self.log_streams.hear(session, message)
            case DockerResponse() | DockerProgress() | ContainerEvent():
                self.containers.hear(session, message)
            case _:
                assert_never(message)


@dataclass(frozen=True, slots=True)
class Kept:
    """Where things are kept."""

    folder: Path
    """The data directory."""
    records_terminals: bool = False
    patience: Patience = field(default_factory=Patience)
    """With agents that run commands."""
    node_id: str | None = None
    """This hub among several; None: it is alone."""


def put_together(
    storage: Storage, ledger: Ledger, live: Live, kept: Kept, now_ms: Callable[[], int]
) -> AgentActions:
    """Return everything that is asked of agents; nothing of it runs yet."""
    errands, spool = Errands(), Spool(kept.folder / "spool")
    recordings = Recordings(kept.folder / "recordings", errands, time.time)
    logbook = Logbook(storage, ledger, recordings, now_ms, kept.node_id)
    around = Surroundings(
        live.fleet,
        live.sessions,
        logbook,
        errands,
        recordings if kept.records_terminals else None,
        kept.patience.viewer_s,
        live.actions,
    )
    parts = live.fleet, live.sessions, spool, live.actions, kept.node_id
    return AgentActions(
        commands=Commands(storage, ledger, parts, now_ms, kept.patience),
        terminals=TerminalRelay(around),
        log_streams=LogStreams(live.fleet, live.sessions, errands, live.actions, ledger),
        containers=assembly.put_together(live, ledger, errands),
        logbook=logbook,
        spool=spool,
        errands=errands,
    )


async def drop_old(storage: Storage, actions: AgentActions, keeping: KeepingTerms, now_ms: int) -> None:
    """Drop commands, output and recordings that are over.

    Raises:
        StorageError: The database does not answer.
    """
    terms = keeping.terms
    since_ms = terms.commands_since(now_ms)
    await drop_commands(storage, since_ms, terms.output_bytes)
    await actions.logbook.drop_before(since_ms)
