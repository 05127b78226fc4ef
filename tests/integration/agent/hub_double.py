"""A hub for agents to talk to: the protocol's other end, with every answer under the test's control."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from chatops_wire.agent import Ack, Auth, AuthSuccess, FromAgent, Gap, Metrics, MetricsBatch
from chatops_wire.codec import UnknownMessage, encode, from_agent
from chatops_wire.samples import Sample
from tests.deadlines import eventually


@dataclass
class Call:
    """One connection of an agent."""

    ws: web.WebSocketResponse
    messages: list[FromAgent] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)

    @property
    def auth(self) -> Auth:
        first = self.messages[0]
        assert isinstance(first, Auth)
        return first

    @property
    def numbered(self) -> list[Metrics | Sample]:
        """Every numbered sample in the order of its arrival."""
        found: list[Metrics | Sample] = []
        for message in self.messages:
            match message:
                case Metrics():
                    found.append(message)
                case MetricsBatch(samples=samples):
                    found.extend(samples)
                case _:
                    pass
        return found

    @property
    def sequences(self) -> list[int]:
        """Their sequences."""
        return [sample.seq for sample in self.numbered]

    @property
    def samples(self) -> list[Metrics]:
        return [message for message in self.messages if isinstance(message, Metrics)]

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    async def say(self, message: msgspec.Struct | str) -> None:
        """Send a message, or a text as it stands."""
        await self.ws.send_str(message if isinstance(message, str) else encode(message).decode())


class HubDouble:
    """Accepts any key and acknowledges at once, unless told otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self.stored = 0
        self.epoch = ""
        self.server_id = "s1"
        self.acknowledging = True
        self.interval_s: float | None = None
        self.on_auth: Callable[[Call], Any] | None = None
        """Awaited in place of the welcome."""
        self._decoder = from_agent()

    @property
    def call(self) -> Call:
        """The newest connection that sent its `auth`."""
        return self.calls[-1]

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(heartbeat=10, max_msg_size=1024 * 1024)
        await ws.prepare(request)
        call = Call(ws)
        async for frame in ws:
            assert frame.type is WSMsgType.TEXT
            message = self._decoder.decode(frame.data)
            assert not isinstance(message, UnknownMessage)
            call.frames.append(frame.data)
            call.messages.append(message)
            await self._answer(call, message)
        return ws

    async def _answer(self, call: Call, message: FromAgent) -> None:
        match message:
            case Auth():
                if message.epoch != self.epoch:
                    self.epoch, self.stored = message.epoch, 0
                self.calls.append(call)
                if self.on_auth is not None:
                    await self.on_auth(call)
                    return
                await call.say(
                    AuthSuccess(
                        server_id=self.server_id,
                        message="welcome",
                        interval_s=self.interval_s,
                        last_seq=self.stored,
                    )
                )
            case Metrics() | MetricsBatch() | Gap() if self.acknowledging:
                self._store(message)
                await call.say(Ack(seq=self.stored))
            case _:
                pass

    def _store(self, message: Metrics | MetricsBatch | Gap) -> None:
        match message:
            case Metrics(seq=seq):
                self.take(seq, seq)
            case MetricsBatch(samples=samples):
                for sample in samples:
                    self.take(sample.seq, sample.seq)
            case Gap():
                self.take(message.from_seq, message.to_seq)

    def take(self, first: int, last: int) -> None:
        """Move on as the contract says: never past a hole."""
        if first <= self.stored + 1 <= last:
            self.stored = last

    async def called(self, times: int = 1) -> Call:
        """Return the connection once that many agents' `auth` came."""
        await eventually(lambda: len(self.calls) >= times, what=f"{times} connections")
        return self.calls[times - 1]


@asynccontextmanager
async def serving(hub: HubDouble, port: int = 0) -> AsyncIterator[HubDouble]:
    """Serve the hub on a free port of this machine."""
    app = web.Application()
    app.router.add_get("/api/v1/agents/ws", hub.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield hub
    finally:
        for call in hub.calls:
            await call.ws.close()
        await runner.cleanup()
        await asyncio.sleep(0)
