"""A TCP link that can be slow, cut, or dead without either end being told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_PIECE = 16_384


@dataclass
class Link:
    """Carries connections to `port`; everything about it may change while it does."""

    port: int
    delay_s: float = 0.0
    """How long each piece is on its way."""
    bytes_per_s: float = 0.0
    """How much it carries each way; 0: as much as comes."""
    listening_on: int = 0
    connections: int = 0
    """How many were made so far."""
    _passes: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listening_on}"

    def freeze(self) -> None:
        """Carry nothing any more, and close nothing: what a router does that lost its power."""
        self._passes.clear()

    def thaw(self) -> None:
        """Carry on, with what was on its way."""
        self._passes.set()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._passes.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        await asyncio.gather(self._one_way(reader, back), self._one_way(there, writer))
        self._writers -= {writer, back}

    async def _one_way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(_PIECE):
                await self._passes.wait()
                # The property of the link itself, not a wait of the test.
                way_s = self.delay_s + (len(piece) / self.bytes_per_s if self.bytes_per_s else 0.0)
                if way_s:
                    await asyncio.sleep(way_s)
                writer.write(piece)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def linked(port: int) -> AsyncIterator[Link]:
    """Carry connections to that port of this machine from a free one."""
    link = Link(port)
    link.thaw()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(link.carry(reader, writer))
        tasks.add(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    link.listening_on = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        link.thaw()
        link.cut()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
