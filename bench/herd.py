"""Agents by the thousand in one process, which call again by the agent's own rule when the hub is gone.

`python -m bench.herd URL INTERVAL RAMP < keys` prints a line of JSON a second (Second) until SIGTERM. Agents
come from a few hundred loopback addresses, as a fleet comes from many, spread over RAMP seconds.
"""

import asyncio
import contextlib
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec
import uvloop

from bench.samples import framed, frames
from chatops_wire.agent import Ack, AgentInfo, Auth, AuthSuccess
from chatops_wire.backoff import Backoff
from chatops_wire.codec import encode, to_agent

Pair = tuple[bytes, bytes]

_AGENTS_AN_ADDRESS: Final = 40
_TIMEOUT_S: Final = 10.0
_KINDS: Final = 64
_DECODER: Final = to_agent()

# RFC 6455.
_HANDSHAKE: Final = (
    b"GET /api/v1/agents/ws HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
_TEXT: Final = 1
_CLOSE: Final = 8
_PING: Final = 9
_PONG: Final = 10
_NO_MASK: Final = bytes(4)
_SMALL_HEAD: Final = 2
_LONG: Final = 126


@dataclass(frozen=True, slots=True)
class Call:
    """Whom an agent calls, from where and how often it speaks."""

    host: str
    port: int
    address: str
    interval_s: float
    ramp_s: float


class Second(msgspec.Struct, frozen=True):
    """What happened in one second."""

    connected: int
    sent: int
    acknowledged: int
    refused: int
    """Calls that were not taken in."""
    waits_ms: dict[int, int]
    """How many acknowledgements took so many milliseconds."""


class Herd:
    """What the agents count together."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.connected = 0
        self.sent = 0
        self.refused = 0
        self.waits_ms: Counter[int] = Counter()

    def second(self) -> Second:
        """Return what came since the last call."""
        waits, self.waits_ms = self.waits_ms, Counter()
        sent, refused = self.sent, self.refused
        self.sent = self.refused = 0
        return Second(self.connected, sent, waits.total(), refused, dict(waits))


class Agent(asyncio.Protocol):
    """One agent: a sample each interval while it is connected, the rest is lost on purpose.

    It speaks WebSocket by itself, with a mask of zeros: as many agents as this in one process, all calling
    at the same moment, would with a library be slower than the hub they are to measure.
    """

    def __init__(self, key: str, pairs: Sequence[Pair], herd: Herd, chance: random.Random) -> None:
        """Prepare."""
        self._key = key
        self._pairs = pairs
        self._herd = herd
        self._chance = chance
        self._seq = 0
        self._sent_at: dict[int, float] = {}
        self._transport: asyncio.WriteTransport | None = None
        self._ended = asyncio.Event()
        self._buffer = b""
        self._is_upgraded = False
        self._is_in = False
        self._timer: asyncio.TimerHandle | None = None
        self._interval_s = 0.0

    async def run(self, call: Call) -> None:
        """Keep connected until cancelled."""
        await asyncio.sleep(self._chance.random() * call.ramp_s)
        backoff = Backoff()
        self._interval_s = call.interval_s
        while True:
            began = time.monotonic()
            was_taken_in = await self._call(call)
            lasted_s = time.monotonic() - began
            backoff = backoff.ended(lasted_s) if was_taken_in else backoff.failed()
            await asyncio.sleep(backoff.delay_s(self._chance.random()))

    async def _call(self, call: Call) -> bool:
        loop = asyncio.get_running_loop()
        self._ended.clear()
        self._buffer, self._is_upgraded, self._is_in = b"", False, False
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await loop.create_connection(lambda: self, call.host, call.port, local_addr=(call.address, 0))
        except (OSError, TimeoutError):
            self._herd.refused += 1
            return False
        self._timer = loop.call_later(_TIMEOUT_S, self._give_up)
        try:
            await self._ended.wait()
        finally:
            self._timer.cancel()
            self._give_up()
        self._herd.connected -= self._is_in
        self._herd.refused += not self._is_in
        return self._is_in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        # uvloop's are registered nowhere, but are what asyncio promises for a TCP connection.
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(_HANDSHAKE)

    def connection_lost(self, _error: Exception | None) -> None:
        """Take note."""
        self._ended.set()

    def data_received(self, chunk: bytes) -> None:
        """Take what the hub sends."""
        self._buffer += chunk
        if not self._is_upgraded:
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._give_up()
                return
            self._is_upgraded, self._buffer = True, rest
            auth = Auth(api_key=self._key, epoch="herd", next_seq=self._seq + 1, agent=AgentInfo(version="1"))
            self._send(_TEXT, encode(auth))
        while (frame := self._next_frame()) is not None:
            self._hear(*frame)

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Return kind and content of the next frame; the hub masks and splits none."""
        buffer = self._buffer
        if len(buffer) < _SMALL_HEAD:
            return None
        length, begin = buffer[1] & 0x7F, _SMALL_HEAD
        if length == _LONG:
            length, begin = int.from_bytes(buffer[2:4], "big"), 4
        if len(buffer) < begin + length:
            return None
        self._buffer = buffer[begin + length :]
        return buffer[0] & 0x0F, buffer[begin : begin + length]

    def _hear(self, kind: int, content: bytes) -> None:
        if kind == _PING:
            self._send(_PONG, content)
        elif kind == _CLOSE:
            self._give_up()
        elif kind == _TEXT:
            message = _DECODER.decode(content)
            if isinstance(message, Ack):
                self._acknowledged(message.seq)
            elif isinstance(message, AuthSuccess):
                self._begin(message)

    def _begin(self, welcome: AuthSuccess) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._is_in = True
        self._herd.connected += 1
        self._seq = welcome.last_seq
        self._sent_at.clear()
        loop = asyncio.get_running_loop()
        self._plan(loop, loop.time() + self._chance.random() * self._interval_s)

    def _plan(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._timer = loop.call_at(due, self._sample, loop, due)

    def _sample(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._seq += 1
        halves = self._pairs[self._seq % len(self._pairs)]
        self._sent_at[self._seq] = time.monotonic()
        self._herd.sent += 1
        self._send(_TEXT, framed(halves, self._seq, time.time_ns() // 1_000_000))
        self._plan(loop, due + self._interval_s)

    def _acknowledged(self, through: int) -> None:
        now = time.monotonic()
        for seq in [seq for seq in self._sent_at if seq <= through]:
            self._herd.waits_ms[round((now - self._sent_at.pop(seq)) * 1000)] += 1

    def _send(self, kind: int, content: bytes) -> None:
        if self._transport is None:
            return
        size = len(content)
        head = (
            bytes((0x80 | kind, 0x80 | size))
            if size < _LONG
            else b"%c\xfe%b"
            % (
                0x80 | kind,
                size.to_bytes(2, "big"),
            )
        )
        self._transport.write(head + _NO_MASK + content)

    def _give_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None


async def _main(url: str, interval_s: float, ramp_s: float, keys: Sequence[str]) -> None:
    herd, now_ms = Herd(), time.time_ns() // 1_000_000
    kinds = [frames(seed, now_ms) for seed in range(_KINDS)]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    where = urlsplit(url)
    tasks = []
    for number, key in enumerate(keys):
        agent = Agent(key, kinds[number % _KINDS], herd, random.Random(number))  # noqa: S311 - phases
        call = Call(where.hostname or "", where.port or 0, _address(number), interval_s, ramp_s)
        tasks.append(asyncio.create_task(agent.run(call), name=f"agent-{number}"))
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await stop.wait()
        sys.stdout.write(msgspec.json.encode(herd.second()).decode() + "\n")
        sys.stdout.flush()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _address(number: int) -> str:
    at = number // _AGENTS_AN_ADDRESS
    return f"127.0.{1 + at // 250}.{1 + at % 250}"


if __name__ == "__main__":
    hub, interval, ramp = sys.argv[1:]
    uvloop.run(_main(hub, float(interval), float(ramp), sys.stdin.read().split()))
