"""Opens a session of ingest for each agent's connection, and knows whether storing works."""

import asyncio
import random
import secrets
from collections.abc import Callable
from typing import Final

from chatops_server.services.budget import Budget
from chatops_server.services.ingest_counts import IngestCounts
from chatops_server.services.ingest_session import Appends, IngestSession, Intake, Listener, Source
from chatops_wire.backoff import Backoff

# What all agents together may have between their sockets and the disk: about 10 MB of samples, and a fifth of
# a second of the writer's work. Live samples wait behind those of agents that come back with a backlog.
TOTAL_BACKLOG: Final = 1_000


class Ingest:
    """The way in for samples.

    At most TOTAL_BACKLOG of them are on their way at once; beyond that sessions wait, first come, first
    served: sockets are not read, agents get no acks and keep their samples. Nothing is dropped here.
    """

    def __init__(
        self,
        store: Appends,
        now_ms: Callable[[], int],
        *,
        retry_after_s: Callable[[Backoff], float] = lambda backoff: backoff.delay_s(random.random()),  # noqa: S311 - spreads retries, guards nothing
    ) -> None:
        """Prepare; `retry_after_s` says how long to wait after so many failures."""
        self._intake = Intake(store, Budget(TOTAL_BACKLOG), now_ms, retry_after_s)
        self._sessions: set[IngestSession] = set()

    @property
    def degraded(self) -> str | None:
        """Why samples cannot be stored at present; None while they can, or while nobody tries."""
        return next((session.failure for session in self._sessions if session.failure), None)

    @property
    def counts(self) -> IngestCounts:
        """What became of the samples so far."""
        return self._intake.counts

    @property
    def backlog(self) -> int:
        """How many samples are on their way to disk."""
        return self._intake.total.taken

    async def open(
        self,
        server_num: int,
        epoch: str,
        on_ack: Callable[[int], None],
        on_pause: Callable[[int, str], None] | None = None,
    ) -> IngestSession:
        """Begin the session of one connection; its owner closes it.

        Args:
            server_num: Whose samples.
            epoch: As the agent named it; empty: an epoch of this connection alone.
            on_ack: Told the newest sequence on disk, after each commit and in answer to what was refused.
            on_pause: Told for how many ms to send nothing, and why, when storing fails.

        Raises:
            StorageError: The cursor cannot be read.
        """
        last_seq = await self._intake.store.cursor(server_num, epoch) if epoch else 0
        source = Source(server_num, epoch or secrets.token_hex(16), last_seq)
        session = IngestSession(self._intake, source, Listener(on_ack, on_pause or _ignore))
        self._sessions.add(session)
        session.when_ended(self._sessions.discard)
        return session

    async def close(self) -> None:
        """Close the sessions that are still open, all at the same time."""
        await asyncio.gather(*(session.close() for session in list(self._sessions)))


def _ignore(_pause_ms: int, _reason: str) -> None:
    """Nobody wants to know."""
