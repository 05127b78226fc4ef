"""A TCP connection that a test breaks: what was sent so far arrives, then both ends are reset."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

_RESET = struct.pack("ii", 1, 0)
_PIECE = 64 * 1024


class Breakable:
    """Passes connections on to a hub until they are broken; new ones are accepted all the time."""

    def __init__(self, url: str) -> None:
        self._target = _place(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""

    def lead_to(self, url: str) -> None:
        """Pass new connections on to this hub."""
        self._target = _place(url)

    def sever(self) -> None:
        """Reset every connection there is."""
        for writer in self._writers:
            raw = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on."""
        try:
            there, back = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        ends = {writer, back}
        self._writers |= ends
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.close()
                with suppress(OSError):
                    await end.wait_closed()


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


@asynccontextmanager
async def breakable(url: str) -> AsyncIterator[Breakable]:
    """Stand between a client and the hub at this address."""
    between = Breakable(url)
    server = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    between.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield between
    finally:
        server.close()
        between.sever()
        await server.wait_closed()
