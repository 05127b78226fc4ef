"""What the outboxes of agents and clients have in common: a writer that waits, and an end with a reason."""

import asyncio

from chatops_server.broker.closing import Closing
from chatops_server.broker.wakeup import Wakeup


class Outbox:
    """Wakes the writer of one connection, and tells it when and why that is to end."""

    def __init__(self) -> None:
        self._wake = Wakeup()
        self._closing: Closing | None = None
        self.ending = asyncio.Event()
        """Set once there is a `closing`: whoever waits for the peer need not any longer."""

    @property
    def closing(self) -> Closing | None:
        """Why the connection is to end; None while it is not."""
        return self._closing

    def close(self, closing: Closing) -> None:
        """End the connection; the first reason stays."""
        if self._closing is None:
            self._closing = closing
        self.ending.set()
        self._wake.set()

    async def wait(self) -> None:
        """Return when there is something to take, or the connection is to end. Cancelling is safe."""
        await self._wake.wait()
