"""What judging a sample by twenty thresholds costs the hub: the real engine, in memory, no sockets.

Idle: no value is near a limit, as on nearly every machine at nearly every moment. Busy: five of the
twenty are firing, whose newest values are kept with their alerts.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from bench.figures import Figure, progress, publish
from bench.samples import VARIANTS, metrics
from chatops_server.app import open_hub
from chatops_server.assembly import Setup
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.permissions import Principal
from chatops_server.services.access import Caller
from chatops_server.services.alerting.alerting import Alerting
from chatops_server.storage.sql.servers import ServerRow
from chatops_wire.agent import Metrics
from chatops_wire.rest_alerts import ThresholdCreate

ROUNDS: Final = 20_000
_REPEATS: Final = 5
_BAR_US: Final = 20.0
_WATCHED: Final = (
    "cpu.percent",
    "cpu.iowait",
    "cpu.steal",
    "load.1",
    "load.5",
    "memory.percent",
    "memory.used",
    "swap.percent",
    "disk.percent",
    "disk.percent:/",
    "disk.percent:/var",
    "disk.used",
    "disk.read_bps",
    "net.rx_bps",
    "net.tx_bps:eth0",
    "temperature.celsius",
    "process.count",
    "load.per_core",
    "uptime.s",
    "cpu.user",
)
# Above all that the samples hold, and below it.
_NEVER: Final = 1e18
_ALWAYS: Final = -1.0
_FIRING: Final = 5
_ADMIN: Final = Principal("usr_bench", "bench", "admin", 2**62, 1)
_CALLER: Final = Caller(_ADMIN, None)


def main() -> None:
    """Measure, and publish the figures."""
    publish(asyncio.run(_measured()))


async def _measured() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(Path(folder) / "hub.db", Path(folder), "a password of ten", password_cost=4)
        async with open_hub(setup) as running:
            await running.first_admin()
            state = running.live.fleet.added(_server("usr_bench"))
            alerting = running.hub.alerting
            progress("alerts: nothing fires")
            idle_us = await _cost_us(alerting, state, firing=0)
            progress(f"alerts: {_FIRING} of {len(_WATCHED)} fire")
            busy_us = await _cost_us(alerting, state, firing=_FIRING)
    return [
        Figure(name="judging a sample, 20 thresholds, idle", value=idle_us, unit="µs CPU", bar=_BAR_US),
        Figure(name="judging a sample, 20 thresholds, 5 firing", value=busy_us, unit="µs CPU", bar=_BAR_US),
    ]


async def _cost_us(alerting: Alerting, state: ServerState, *, firing: int) -> float:
    for known in alerting.thresholds.listed(_ADMIN, None):
        await alerting.thresholds.remove(known.id, _ADMIN, _CALLER)
    for at, metric in enumerate(_WATCHED):
        value = _ALWAYS if at < firing else _NEVER
        wanted = ThresholdCreate(metric=metric, comparison="gt", value=value, severity="warning")
        await alerting.thresholds.create(replace(wanted, server_id=state.id), _ADMIN, _CALLER)
    chance = random.Random(7)  # noqa: S311 - values of a benchmark
    now_ms = time.time_ns() // 1_000_000
    samples = [metrics(chance, now_ms) for _ in range(VARIANTS)]
    return min(_round_us(alerting, state, samples) for _ in range(_REPEATS))


def _round_us(alerting: Alerting, state: ServerState, samples: Sequence[Metrics]) -> float:
    began_s = time.process_time()
    for at in range(ROUNDS):
        alerting.judge(state, samples[at % VARIANTS])
    return (time.process_time() - began_s) / ROUNDS * 1e6


def _server(owner_id: str) -> ServerRow:
    return ServerRow(num=1, id="srv_bench", name="bench", tags=(), owner_id=owner_id, created_ms=0)


if __name__ == "__main__":
    main()
