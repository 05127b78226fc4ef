"""A fleet in one process: agents that send at their interval, or as fast as they are acknowledged.

`python -m bench.load URL HUB_PID SECONDS INTERVAL WINDOW < keys` prints one JSON line. A process of its own,
so that its CPU is not the hub's; it warms up for a fifth of the time, and only what follows is counted.
"""

import asyncio
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Final, Literal

import aiohttp
import msgspec
import uvloop

from bench.figures import Process
from bench.samples import framed, frames
from chatops_wire.agent import Ack, Auth, AuthSuccess
from chatops_wire.codec import encode, to_agent

Socket = aiohttp.ClientWebSocketResponse[Literal[False]]

# A hub admits 64 sockets from one address that have not logged in yet.
_LOGINS_AT_ONCE: Final = 32
_LOGIN_TIMEOUT_S: Final = 30.0
_WARM_UP_PART: Final = 0.2
# An agent that sends and hears nothing for this long has lost its hub.
_SILENCE_S: Final = 30.0


class Answer(msgspec.Struct, frozen=True):
    """What the load generator found, for the process that started it."""

    seconds: float
    acknowledged: int
    hub_cpu_s: float
    hub_resident_mb: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Task:
    """What to load, for how long and how hard."""

    url: str
    hub: Process
    seconds: float
    interval_s: float
    """Seconds between an agent's samples; 0 sends as fast as the window lets it."""
    window: int
    """Samples an agent may have under way; a hub that falls behind slows its agents down, as it should."""
    keys: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What the agents count together. `counting` is off while they warm up."""

    counting: bool = False
    waits_s: list[float] = field(default_factory=list)


class SimulatedAgent:
    """One agent."""

    def __init__(self, ws: Socket, seed: int, task: Task) -> None:
        """Take an open connection."""
        self._ws = ws
        self._chance = random.Random(seed)  # noqa: S311 - a phase, no secret
        self._frames = frames(seed, time.time_ns() // 1_000_000)
        self._task = task
        self._decoder = to_agent()
        self._sent_at: dict[int, float] = {}
        self._seq = 0
        self._acked = 0
        self._room = asyncio.Event()

    async def log_in(self, key: str) -> None:
        """Say who it is and wait until it is taken in."""
        await self._ws.send_frame(encode(Auth(api_key=key, epoch="bench")), aiohttp.WSMsgType.TEXT)
        async with asyncio.timeout(_LOGIN_TIMEOUT_S):
            answer = self._decoder.decode((await self._ws.receive()).data)
        if not isinstance(answer, AuthSuccess):
            raise ConnectionError(f"not taken in: {answer}")
        self._seq = self._acked = answer.last_seq

    async def send(self) -> None:
        """Send samples until cancelled, from a moment of its own within the first interval."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._chance.random() * self._task.interval_s
        while True:
            if self._task.interval_s:
                await asyncio.sleep(due - loop.time())
                due += self._task.interval_s
            while self._seq - self._acked >= self._task.window:
                self._room.clear()
                await self._room.wait()
            self._seq += 1
            frame = framed(
                self._frames[self._seq % len(self._frames)], self._seq, time.time_ns() // 1_000_000
            )
            self._sent_at[self._seq] = time.monotonic()
            await self._ws.send_frame(frame, aiohttp.WSMsgType.TEXT)

    async def count(self, tally: Tally) -> None:
        """Count acknowledgements until cancelled."""
        while True:
            async with asyncio.timeout(_SILENCE_S):
                frame = await self._ws.receive()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionError(f"the hub ended the connection: {frame.data} {frame.extra}")
            message = self._decoder.decode(frame.data)
            if isinstance(message, Ack) and message.seq > self._acked:
                self._heard(message.seq, tally)

    def _heard(self, seq: int, tally: Tally) -> None:
        now = time.monotonic()
        waits = [now - self._sent_at.pop(each) for each in range(self._acked + 1, seq + 1)]
        if tally.counting:
            tally.waits_s += waits
        self._acked = seq
        self._room.set()


async def _main(task: Task) -> Answer:
    tally = Tally()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        agents = await _connect_all(http, task)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(agent.count(tally), name="count") for agent in agents]
            running += [tasks.create_task(agent.send(), name="send") for agent in agents]
            await asyncio.sleep(task.seconds * _WARM_UP_PART)
            cpu_before, began = task.hub.cpu_s(), time.monotonic()
            tally.counting = True
            await asyncio.sleep(task.seconds * (1 - _WARM_UP_PART))
            tally.counting = False
            cpu_after, ended = task.hub.cpu_s(), time.monotonic()
            for each in running:
                each.cancel()
    waits = sorted(tally.waits_s) or [0.0]
    return Answer(
        seconds=ended - began,
        acknowledged=len(tally.waits_s),
        hub_cpu_s=cpu_after - cpu_before,
        hub_resident_mb=task.hub.resident_mb(),
        p50_ms=waits[len(waits) // 2] * 1000,
        p99_ms=waits[len(waits) * 99 // 100] * 1000,
    )


async def _connect_all(http: aiohttp.ClientSession, task: Task) -> list[SimulatedAgent]:
    agents: list[SimulatedAgent] = []
    for first in range(0, len(task.keys), _LOGINS_AT_ONCE):
        some = enumerate(task.keys[first : first + _LOGINS_AT_ONCE], first)
        agents += await asyncio.gather(*[_connect(http, task, key, seed) for seed, key in some])
    return agents


async def _connect(http: aiohttp.ClientSession, task: Task, key: str, seed: int) -> SimulatedAgent:
    ws = await http.ws_connect(f"{task.url}/api/v1/agents/ws", compress=0, max_msg_size=0, decode_text=False)
    agent = SimulatedAgent(ws, seed, task)
    await agent.log_in(key)
    return agent


if __name__ == "__main__":
    url, hub_pid, seconds, interval, window = sys.argv[1:]
    keys = tuple(sys.stdin.read().split())
    task = Task(url, Process(int(hub_pid)), float(seconds), float(interval), int(window), keys)
    answer = uvloop.run(_main(task))
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
