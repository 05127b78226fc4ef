"""Two hundred agents come back with an hour's backlog, while as many others go on as ever.

The backlog is of full disks, memory and processors: had it been judged, every one of its servers would have
an alert. It must have none.
"""

import asyncio
import contextlib
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec
import uvloop

from bench.figures import Figure, progress, publish
from bench.large_hub import LargeHub, made
from bench.many_agents import Herded, ack_part
from bench.programs import get
from bench.samples import metrics
from chatops_wire.agent import MAX_BATCH, Ack, Auth, MetricsBatch
from chatops_wire.codec import encode, to_agent
from chatops_wire.samples import Sample
from chatops_wire.times import format_ms

AGENTS: Final = 200
SAMPLES: Final = 720
INTERVAL_MS: Final = 5_000
RATE_BAR: Final = 5_000.0
ACK_BAR: Final = 250.0
# What a real agent has under way.
_WINDOW: Final = 600
_LOGINS_AT_ONCE: Final = 32
_GIVE_UP_S: Final = 300.0


def main() -> int:
    """Measure and publish."""
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder, contextlib.ExitStack() as stack:
        hub = made(Path(folder) / "hub", 2 * AGENTS)
        url, _ = stack.enter_context(hub.running())
        live = LargeHub(hub.data_dir, hub.password, hub.port, hub.server_ids[AGENTS:], hub.keys[AGENTS:])
        herd = Herded(live, url, ramp_s=5.0)
        stack.callback(herd.end)
        herd.until(lambda second: second.connected == AGENTS)
        herd.during(10)
        before = herd.during(10)
        progress(f"{AGENTS} agents with {SAMPLES} samples each")
        took_s = uvloop.run(backlogs(url, hub.keys[:AGENTS]))
        meanwhile = herd.since()
        alerts: dict[str, Any] = msgspec.json.decode(get(url, "/alerts?limit=1000", hub.token(url)))
        publish(
            [
                Figure(
                    name="backlog stored",
                    value=AGENTS * SAMPLES / took_s,
                    unit="samples/s",
                    bar=RATE_BAR,
                    bar_is="at least",
                ),
                Figure(name="live ack before, 99 %", value=ack_part(before, 0.99), unit="ms"),
                Figure(
                    name="live ack meanwhile, 99 %", value=ack_part(meanwhile, 0.99), unit="ms", bar=ACK_BAR
                ),
                Figure(
                    name="alerts of the backlog",
                    value=len([each for each in alerts["items"] if each["metric"] != "server.up"]),
                    unit="",
                    bar=0,
                ),
            ]
        )
    return 0


async def backlogs(url: str, keys: Sequence[str]) -> float:
    """Return how many seconds it took from the first call to the last acknowledgement."""
    batches = _batches(time.time_ns() // 1_000_000 - SAMPLES * INTERVAL_MS)
    logins = asyncio.Semaphore(_LOGINS_AT_ONCE)
    began = time.monotonic()
    connector = aiohttp.TCPConnector(limit=0)
    async with asyncio.timeout(_GIVE_UP_S), aiohttp.ClientSession(connector=connector) as http:
        await asyncio.gather(*[_backlog(http, url, key, batches, logins) for key in keys])
    return time.monotonic() - began


async def _backlog(
    http: aiohttp.ClientSession, url: str, key: str, batches: Sequence[bytes], logins: asyncio.Semaphore
) -> None:
    decoder, acknowledged = to_agent(), 0
    async with logins:
        ws = await http.ws_connect(f"{url}/api/v1/agents/ws", compress=0)
        auth = Auth(api_key=key, epoch="outage", next_seq=SAMPLES + 1)
        await ws.send_frame(encode(auth), aiohttp.WSMsgType.TEXT)
        await ws.receive()
    async with ws:
        for number, batch in enumerate(batches, 1):
            while number * MAX_BATCH - acknowledged > _WINDOW:
                acknowledged = await _next_ack(ws, decoder, acknowledged)
            await ws.send_frame(batch, aiohttp.WSMsgType.TEXT)
        while acknowledged < SAMPLES:
            acknowledged = await _next_ack(ws, decoder, acknowledged)


async def _next_ack(ws: "aiohttp.ClientWebSocketResponse[Any]", decoder: Any, before: int) -> int:  # noqa: ANN401 - of frames
    message = decoder.decode((await ws.receive()).data)
    return max(before, message.seq) if isinstance(message, Ack) else before


def _batches(start_ms: int) -> list[bytes]:
    chance = random.Random(1)  # noqa: S311 - values of a benchmark
    samples = [_full(chance, seq, start_ms + seq * INTERVAL_MS) for seq in range(1, SAMPLES + 1)]
    return [
        encode(MetricsBatch(samples=tuple(samples[first : first + MAX_BATCH])))
        for first in range(0, SAMPLES, MAX_BATCH)
    ]


def _full(chance: random.Random, seq: int, at_ms: int) -> Sample:
    live = metrics(chance, at_ms)
    fields = msgspec.structs.asdict(live) | {
        "seq": seq,
        "timestamp": format_ms(at_ms),
        "cpu": msgspec.structs.replace(live.cpu, percent=100.0, load=(99.0, 99.0, 99.0)),
        "memory": msgspec.structs.replace(live.memory, percent=99.0),
        "disks": tuple(msgspec.structs.replace(disk, percent=99.9) for disk in live.disks),
    }
    return Sample(**fields)


if __name__ == "__main__":
    sys.exit(main())
