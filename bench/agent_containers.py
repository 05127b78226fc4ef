"""What containers cost: the agent with 1, 10 and 30 idle ones beside one without Docker; and a log.

Two real agents sample the same machine at 5 s; one looks at an engine that is started here, the other is told
that there is none. The difference is the cost. Needs root, dockerd and a static busybox. Linux only.
"""

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import psutil
from aiohttp import WSMsgType, web

from bench.agent_cost import program, served
from bench.docker_engine import DockerEngine, obstacle
from bench.figures import Figure, Process, progress, publish
from chatops_wire.agent import Ack, Auth, AuthSuccess, Metrics
from chatops_wire.codec import encode, from_agent
from chatops_wire.streams import LogSource, StreamData, StreamOpen

COUNTS: Final = (1, 10, 30)
# The project's bars: of the agent above its cost without Docker, and of the engine above its own idling.
AGENT_BAR: Final = 0.5
TOGETHER_BAR: Final = 1.0
LINES_BAR: Final = 50_000.0
_LINES: Final = 300_000
_LINE: Final = "a line of a log that is about as long as the lines of logs are"
_SETTLE_S: Final = 12.0
_START_WITHIN_S: Final = 60.0
_WRITER: Final = "writer"


class Hub:
    """Accepts any agent and acknowledges; asks one that has the log to follow it."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self.agents = 0
        self.containers = 0
        self.lines = 0
        self.first = self.last = 0.0
        self.wants_log = False
        self._decoder = from_agent()

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one agent until it leaves."""
        ws = web.WebSocketResponse(heartbeat=10, max_msg_size=0)
        await ws.prepare(request)
        async for frame in ws:
            message = self._decoder.decode(frame.data)
            if isinstance(message, Auth):
                self.agents += 1
                await ws.send_frame(encode(AuthSuccess(server_id="bench", message="")), WSMsgType.TEXT)
                if self.wants_log:
                    source = LogSource(container=_WRITER, tail=0)
                    await ws.send_frame(encode(StreamOpen(stream_id="s", source=source)), WSMsgType.TEXT)
            elif isinstance(message, Metrics):
                self.containers = max(self.containers, len(message.containers or ()))
                await ws.send_frame(encode(Ack(seq=message.seq)), WSMsgType.TEXT)
            elif isinstance(message, StreamData):
                self.last = time.monotonic()
                self.first = self.first or self.last
                self.lines += len(message.lines)
        return ws


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.agent_containers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0, help="how long to measure each time (40)")
    seconds = parser.parse_args().seconds
    reason = obstacle()
    if reason:
        progress(reason)
        publish([])
        return 0
    with _engine() as engine:
        figures = [figure for count in COUNTS for figure in asyncio.run(_cost(engine, count, seconds))]
        publish([*figures, asyncio.run(_log(engine))])
    return 0


@contextlib.contextmanager
def _engine() -> Iterator[DockerEngine]:
    folder = Path(tempfile.mkdtemp(prefix="cte"))
    engine = DockerEngine(folder)
    try:
        engine.start()
        engine.import_image()
        yield engine
        engine.clear()
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _cost(engine: DockerEngine, count: int, seconds: float) -> list[Figure]:
    for number in range(count):
        if f"idle{number}" not in engine.docker("ps", "--all", "--format", "{{.Names}}").split():
            engine.run(f"idle{number}", "sleep", "86400")
    progress(f"{count} idle containers for {2 * seconds:g} s, half of it without an agent")
    await asyncio.sleep(_SETTLE_S)
    before = _engine_cpu_s(engine)
    await asyncio.sleep(seconds)
    idle = _engine_cpu_s(engine) - before
    hub = Hub()
    async with served(hub.handle) as url, _agents(url, engine) as (without, watching):
        await asyncio.sleep(_SETTLE_S)
        marks = without.cpu_s(), watching.cpu_s(), _engine_cpu_s(engine)
        await asyncio.sleep(seconds)
        after = without.cpu_s(), watching.cpu_s(), _engine_cpu_s(engine)
        memory = watching.resident_mb() - without.resident_mb()
        plain, ours, engines = (
            100 * (end - begin) / seconds for begin, end in zip(marks, after, strict=True)
        )
    if hub.containers != count:
        raise RuntimeError(f"{hub.containers} containers were told of, not {count}")
    extra, engine_extra = ours - plain, engines - 100 * idle / seconds
    return [
        Figure(name=f"agent, containers: {count}", value=extra, unit="% of a core", bar=AGENT_BAR),
        Figure(name="… with its engine", value=extra + engine_extra, unit="% of a core", bar=TOGETHER_BAR),
        Figure(name="… memory", value=memory, unit="MB"),
    ]


@contextlib.asynccontextmanager
async def _agents(url: str, engine: DockerEngine) -> AsyncIterator[tuple[Process, Process]]:
    async with contextlib.AsyncExitStack() as running:
        processes = []
        for host in ("none", engine.host):
            place = running.enter_context(tempfile.TemporaryDirectory())
            words = ("run", "--url", url, "--data-dir", place, "--docker-host", host, "--allow", "docker")
            processes.append(
                await running.enter_async_context(
                    program(sys.executable, "-m", "chatops_agent", *words, key="bench")
                )
            )
        yield processes[0], processes[1]


async def _log(engine: DockerEngine) -> Figure:
    """Follow a container that writes as fast as it can, through a real agent."""
    progress(f"a log of {_LINES:,} lines, followed as it is written")
    script = f"while [ ! -e /go ]; do sleep 0.1; done; yes '{_LINE}' | head -n {_LINES}; sleep 60"
    engine.run(_WRITER, "sh", "-c", script)
    hub = Hub()
    hub.wants_log = True
    async with served(hub.handle) as url, contextlib.AsyncExitStack() as running:
        place = running.enter_context(tempfile.TemporaryDirectory())
        words = ("run", "--url", url, "--data-dir", place, "--docker-host", engine.host, "--allow", "docker")
        await running.enter_async_context(program(sys.executable, "-m", "chatops_agent", *words, key="bench"))
        await asyncio.sleep(_SETTLE_S / 4)
        await asyncio.to_thread(engine.docker, "exec", _WRITER, "touch", "/go")
        async with asyncio.timeout(_START_WITHIN_S):
            while hub.lines < _LINES:  # noqa: ASYNC110 - a benchmark's own wait
                await asyncio.sleep(0.05)
    return Figure(
        name="log followed",
        value=hub.lines / (hub.last - hub.first),
        unit="lines/s",
        bar=LINES_BAR,
        bar_is="at least",
    )


def _engine_cpu_s(engine: DockerEngine) -> float:
    """Return the processor time of dockerd, containerd and all shims so far."""
    folder = str(engine.socket.parent)
    total = 0.0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() != "docker" and any(folder in word for word in process.cmdline()):
                times = process.cpu_times()
                total += times.user + times.system
    return total


if __name__ == "__main__":
    sys.exit(main())
