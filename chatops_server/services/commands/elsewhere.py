"""Runs that other hubs see to, as this one asks for them."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from chatops_server.domain.output_chunks import Chunk
from chatops_server.storage.sql.commands import CommandRow


class NotOursError(Exception):
    """A hub was asked for a run it does not see to."""


class Elsewhere(Protocol):
    """Asks the hub whose the database says a run is (services.hubs.run_links.RunLinks)."""

    def followed(
        self, row: CommandRow, seq: int, *, waits: bool = True
    ) -> AsyncGenerator[Sequence[Chunk], None]:
        """Yield what comes after `seq` until the run ends; without `waits` what there is now.

        Raises:
            NotOursError: That hub knows no such run.
            HubUnreachableError: It does not answer, or not any more.
        """

    async def cancel(self, row: CommandRow, *, force: bool) -> None:
        """Have it ended and return a moment later; raises HubUnreachableError."""

    async def cancel_batch(self, node_id: str, batch_id: str, *, force: bool) -> None:
        """Have what of a batch has not ended be ended; raises HubUnreachableError."""
