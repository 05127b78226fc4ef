"""Agents and clients of the contract, by hand: they send what a test says and show what comes."""

import asyncio
import socket
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import msgspec
from aiohttp import WSMsgType

from tests.deadlines import DEADLINE_S

TIMESTAMP = "2027-01-15T08:00:00.000Z"


def sample(seq: int | None = None, *, cpu: float = 10.0, timestamp: str = TIMESTAMP) -> dict[str, Any]:
    """Return a sample without `type`; a live one has no `seq`."""
    body: dict[str, Any] = {
        "timestamp": timestamp,
        "cpu": {"percent": cpu},
        "memory": {"total": 8, "used": 2, "percent": 25.0},
    }
    return body if seq is None else {"seq": seq, **body}


def metrics(seq: int, *, cpu: float = 10.0, timestamp: str = TIMESTAMP) -> dict[str, Any]:
    return {"type": "metrics", **sample(seq, cpu=cpu, timestamp=timestamp)}


def batch(*seqs: int) -> dict[str, Any]:
    return {"type": "metrics_batch", "samples": [sample(seq) for seq in seqs]}


@dataclass
class Ended:
    """How the hub ended a connection."""

    code: int | None
    frames: list[dict[str, Any]] = field(default_factory=list)

    @property
    def error(self) -> str | None:
        """The code of the last `error` frame before the end."""
        errors = [frame["code"] for frame in self.frames if frame["type"] == "error"]
        return str(errors[-1]) if errors else None


class Peer:
    """One end of a WebSocket; every wait has a deadline."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws

    async def send(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self.ws.send_str(msgspec.json.encode(message).decode())

    async def next(self) -> dict[str, Any]:
        """Return the next frame."""
        async with asyncio.timeout(DEADLINE_S):
            message = await self.ws.receive()
        assert message.type is WSMsgType.TEXT, (message, self.ws.close_code)
        frame: dict[str, Any] = msgspec.json.decode(message.data)
        return frame

    async def until(self, kind: str) -> dict[str, Any]:
        """Return the next frame of this type; others before it are passed over."""
        while True:
            frame = await self.next()
            if frame["type"] == kind:
                return frame

    async def ended(self) -> Ended:
        """Wait for the hub to end the connection."""
        frames: list[dict[str, Any]] = []
        while True:
            async with asyncio.timeout(DEADLINE_S):
                message = await self.ws.receive()
            if message.type is not WSMsgType.TEXT:
                return Ended(self.ws.close_code, frames)
            frames.append(msgspec.json.decode(message.data))

    async def request(self, **message: object) -> dict[str, Any]:
        """Send a request with an id and return its answer; what comes in between is passed over."""
        await self.send({"id": "asked", **message})
        while True:
            frame = await self.next()
            if frame.get("id") == "asked":
                return frame

    async def vanish(self) -> None:
        """Drop the connection without a close frame."""
        transport = self.ws.get_extra_info("socket")
        transport.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        await self.ws.close()
