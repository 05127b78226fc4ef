"""What the agent costs its machine: CPU and memory at 5 s among 200 processes, beside node-exporter.

A real `chatops-agent run` against a hub that only acknowledges; prometheus-node-exporter, where it is
installed, is scraped as often in the same run. Linux only (/proc).
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
from aiohttp import WSMsgType, web

from bench.figures import Figure, Process, progress, publish
from chatops_wire.agent import Ack, Auth, AuthSuccess, Metrics
from chatops_wire.codec import encode, from_agent

PROCESSES: Final = 200
INTERVAL_S: Final = 5.0
# The project's bars for the agent (docs/performance.md), without Docker.
CPU_BAR: Final = 0.8
MEMORY_BAR: Final = 45.0
EXPORTER: Final = "prometheus-node-exporter"
_START_WITHIN_S: Final = 20.0
_STOP_WITHIN_S: Final = 5.0
# Start-up is over, and what runs only once is done.
_SETTLED_AFTER: Final = 2


class AcknowledgingHub:
    """Accepts any key and acknowledges every sample at once."""

    def __init__(self) -> None:
        """Start with no sample seen."""
        self.samples = 0
        self.bytes = 0
        self._decoder = from_agent()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one agent until it leaves."""
        ws = web.WebSocketResponse(heartbeat=10)
        await ws.prepare(request)
        async for frame in ws:
            message = self._decoder.decode(frame.data)
            if isinstance(message, Auth):
                await ws.send_frame(encode(AuthSuccess(server_id="bench", message="")), WSMsgType.TEXT)
            if isinstance(message, Metrics):
                self.samples += 1
                self.bytes += len(frame.data)
                await ws.send_frame(encode(Ack(seq=message.seq)), WSMsgType.TEXT)
        return ws

    async def seen(self, samples: int) -> None:
        """Return once so many samples came."""
        async with asyncio.timeout(_START_WITHIN_S + samples * INTERVAL_S):
            while self.samples < samples:  # noqa: ASYNC110 - a benchmark's own wait
                await asyncio.sleep(0.1)


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.agent_cost", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure (60)")
    seconds = parser.parse_args().seconds
    publish(asyncio.run(_measure(seconds)))
    return 0


async def _measure(seconds: float) -> list[Figure]:
    async with contextlib.AsyncExitStack() as running:
        await running.enter_async_context(_sleepers(PROCESSES))
        hub = AcknowledgingHub()
        url = await running.enter_async_context(served(hub.handle))
        place = ("--data-dir", running.enter_context(TemporaryDirectory()))
        agent = await running.enter_async_context(
            program(sys.executable, "-m", "chatops_agent", "run", "--url", url, *place, key="bench")
        )
        exporter = await running.enter_async_context(_scraped_exporter())
        await hub.seen(_SETTLED_AFTER)
        progress(f"agent among {PROCESSES} processes for {seconds:g} s")
        agent_before, exporter_before = agent.cpu_s(), exporter.cpu_s() if exporter else 0.0
        samples_before, bytes_before = hub.samples, hub.bytes
        await asyncio.sleep(seconds)
        samples = max(1, hub.samples - samples_before)
        agent_cpu = 100.0 * (agent.cpu_s() - agent_before) / seconds
        figures = [
            Figure(name="agent CPU", value=agent_cpu, unit="% of a core", bar=CPU_BAR),
            Figure(name="agent memory", value=agent.resident_mb(), unit="MB", bar=MEMORY_BAR),
            Figure(name="agent CPU a sample", value=agent_cpu * seconds * 10 / samples, unit="ms", bar=30.0),
            Figure(name="bytes a sample", value=(hub.bytes - bytes_before) / samples, unit="B"),
        ]
        if exporter is None:
            progress(f"{EXPORTER} is not installed: no comparison")
            return figures
        exporter_cpu = 100.0 * (exporter.cpu_s() - exporter_before) / seconds
        return [*figures, *_comparison(figures, exporter_cpu, exporter.resident_mb())]


def _comparison(figures: list[Figure], cpu: float, memory: float) -> list[Figure]:
    agent_cpu, agent_memory = figures[0].value, figures[1].value
    return [
        Figure(name="node-exporter CPU", value=cpu, unit="% of a core"),
        Figure(name="node-exporter memory", value=memory, unit="MB"),
        Figure(name="CPU beside node-exporter", value=agent_cpu / max(cpu, 0.01), unit="times"),
        Figure(name="memory beside node-exporter", value=agent_memory / memory, unit="times"),
    ]


@contextlib.asynccontextmanager
async def _sleepers(count: int) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as running:
        for _ in range(count):
            await running.enter_async_context(program("sleep", "3600"))
        yield


@contextlib.asynccontextmanager
async def served(handle: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """Serve agents like this, and yield the hub's address."""
    app = web.Application()
    app.router.add_get("/api/v1/agents/ws", handle)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _scraped_exporter() -> AsyncIterator[Process | None]:
    """Run node-exporter and scrape it as often as the agent samples; None where it is not installed."""
    if shutil.which(EXPORTER) is None:
        yield None
        return
    address = f"127.0.0.1:{_free_port()}"
    async with (
        program(EXPORTER, f"--web.listen-address={address}", "--log.level=error") as exporter,
        asyncio.TaskGroup() as tasks,
    ):
        scraper = tasks.create_task(_scrape(f"http://{address}/metrics"), name="scraper")
        yield exporter
        scraper.cancel()


async def _scrape(url: str) -> None:
    async with aiohttp.ClientSession() as http:
        while True:
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with asyncio.timeout(INTERVAL_S), http.get(url) as response:
                    await response.read()
            await asyncio.sleep(INTERVAL_S)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.asynccontextmanager
async def program(*command: str, key: str = "") -> AsyncIterator[Process]:
    """Run a program, an agent with this key, and end it at the end."""
    environ = os.environ | {"CHATOPS_API_KEY": key} if key else None
    process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield Process(process.pid)
    finally:
        process.terminate()
        async with asyncio.timeout(_STOP_WITHIN_S):
            await process.wait()


if __name__ == "__main__":
    sys.exit(main())
