"""Fills a hub with simulated machines, to look at the UI with more than one's own.

`CHATOPS_PASSWORD=... python -m bench.fleet --url URL --servers 12` adds what is missing, sends the hour that
led up to now, then a sample each 5 s and machine (each second while somebody watches one), until interrupted.
"""

import argparse
import asyncio
import os
import secrets
import time
from typing import Any, Final

import aiohttp
import msgspec

from bench.figures import progress
from bench.machines import Machine, fleet
from chatops_wire.agent import MAX_BATCH, Auth, AuthSuccess, Configure, Metrics, MetricsBatch
from chatops_wire.codec import encode, to_agent
from chatops_wire.samples import Sample

INTERVAL_S: Final = 5.0
_HISTORY_S: Final = 3600
_TIMEOUT_S: Final = 30.0


class SimulatedAgent:
    """Speaks for one machine."""

    def __init__(
        self, machine: Machine, ws: aiohttp.ClientWebSocketResponse, interval_s: float = INTERVAL_S
    ) -> None:
        """Take an open connection."""
        self._machine = machine
        self._ws = ws
        self._own_s = self._interval_s = interval_s
        self._decoder = to_agent()
        self._changed = asyncio.Event()

    async def run(self, key: str) -> None:
        """Send the past hour, then live samples, until cancelled or closed."""
        auth = Auth(
            api_key=key, epoch=secrets.token_hex(8), agent=self._machine.info, capabilities=("metrics",)
        )
        await self._send(auth)
        async with asyncio.timeout(_TIMEOUT_S):
            if not isinstance(answer := self._decoder.decode((await self._ws.receive()).data), AuthSuccess):
                raise ConnectionError(f"{self._machine.name} was not taken in: {answer}")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="listen")
            tasks.create_task(self._speak(), name="speak")

    async def _listen(self) -> None:
        async for frame in self._ws:
            message = self._decoder.decode(frame.data)
            if isinstance(message, Configure):
                self._interval_s = message.interval_s or self._own_s
                self._changed.set()
        raise ConnectionError(f"{self._machine.name}: the hub ended the connection, {self._ws.close_code}")

    async def _speak(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        past = range(now_ms - _HISTORY_S * 1000, now_ms, int(INTERVAL_S * 1000))
        samples = [self._machine.sample(seq, at_ms) for seq, at_ms in enumerate(past, 1)]
        for first in range(0, len(samples), MAX_BATCH):
            await self._send(MetricsBatch(samples=tuple(samples[first : first + MAX_BATCH])))
        seq = len(samples)
        while True:
            seq += 1
            await self._send(_live(self._machine.sample(seq, time.time_ns() // 1_000_000)))
            self._changed.clear()
            try:
                async with asyncio.timeout(self._interval_s):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _send(self, message: msgspec.Struct) -> None:
        await self._ws.send_frame(encode(message), aiohttp.WSMsgType.TEXT)


def _live(sample: Sample) -> Metrics:
    return Metrics(**msgspec.structs.asdict(sample))


async def _machine_of(http: aiohttp.ClientSession, token: str, machine: Machine) -> str:
    """Add the machine's server if need be and return a new key."""
    async with http.get("/api/v1/servers?limit=1000", headers=_bearer(token)) as response:
        known = {server["name"]: server["id"] for server in (await response.json())["items"]}
    server_id = known.get(machine.name)
    if server_id is None:
        body = {"name": machine.name, "tags": list(machine.kind.tags)}
        server_id = (await _post(http, "/servers", body, token))["id"]
    return str((await _post(http, "/api-keys", {"server_id": server_id, "name": "simulated"}, token))["key"])


async def _post(
    http: aiohttp.ClientSession, path: str, body: dict[str, Any], token: str = ""
) -> dict[str, Any]:
    async with http.post(f"/api/v1{path}", json=body, headers=_bearer(token)) as response:
        response.raise_for_status()
        answer: dict[str, Any] = await response.json()
        return answer


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


async def _run(
    url: str, username: str, password: str, machines: tuple[Machine, ...], interval_s: float
) -> None:
    async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as http:
        login = await _post(http, "/auth/login", {"username": username, "password": password})
        async with asyncio.TaskGroup() as tasks:
            for machine in machines:
                key = await _machine_of(http, login["access_token"], machine)
                ws = await http.ws_connect("/api/v1/agents/ws", compress=0)
                tasks.create_task(SimulatedAgent(machine, ws, interval_s).run(key), name=machine.name)
            progress(f"{len(machines)} machines are online; ctrl+c ends them")


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8765")
    parser.add_argument("--username", default="admin")
    parser.add_argument("--servers", type=int, default=12, metavar="N")
    parser.add_argument("--interval", type=float, default=INTERVAL_S, metavar="S", help="between samples")
    options = parser.parse_args()
    password = os.environ.get("CHATOPS_PASSWORD", "")
    try:
        machines = fleet(options.servers)
        asyncio.run(_run(options.url, options.username, password, machines, options.interval))
    except KeyboardInterrupt:
        progress("ended")


if __name__ == "__main__":
    main()
