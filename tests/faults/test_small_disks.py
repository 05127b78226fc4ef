"""A file system that fills up under a real hub, and under a real agent. Needs the right to mount a tmpfs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.deadlines import eventually
from tests.faults.assault import START_S
from tests.faults.disks import CannotMountError, fill, mounted
from tests.faults.pair import agent_at, hub_at, more_is_stored, stored


@asynccontextmanager
async def small_disk(folder: Path, megabytes: int) -> AsyncIterator[Path]:
    try:
        async with mounted(folder, megabytes) as disk:
            yield disk
    except CannotMountError as exc:
        pytest.skip(str(exc))


async def readiness(url: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/readyz") as answer:
        return answer.status, await answer.json()


async def test_a_full_disk_of_the_hub_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    async with small_disk(tmp_path / "disk", 80) as disk, hub_at(disk / "hub") as hub:
        [sim] = await hub.add_agents(1)
        async with agent_at(hub.url, sim.key, tmp_path / "agent") as agent:
            await more_is_stored(hub, 1)
            ballast = fill(disk)

            async def is_unready() -> Any:  # noqa: ANN401 - JSON
                code, body = await readiness(hub.url)
                return body if code == 503 else None

            body = await eventually(is_unready, deadline_s=START_S, what="readyz says no")
            assert body["status"] == "unavailable"
            assert body["checks"]["disk"] == "only 0 MiB free for the database"
            await agent.says("the hub asked to wait", START_S)
            before = stored(hub)[0]
            ballast.unlink()
            await more_is_stored(hub, before + 2)

            async def is_ready() -> bool:
                return (await readiness(hub.url))[0] == 200

            await eventually(is_ready, deadline_s=START_S)
        cursor, sequences, gaps = stored(hub)
        assert (sequences[:cursor], gaps) == (list(range(1, cursor + 1)), 0)


async def test_a_full_disk_of_the_agent_costs_no_sample_while_it_runs(tmp_path: Path) -> None:
    async with small_disk(tmp_path / "disk", 4) as disk, hub_at(tmp_path / "hub") as hub:
        [sim] = await hub.add_agents(1)
        async with agent_at(hub.url, sim.key, disk / "agent") as agent:
            await more_is_stored(hub, 1)
            ballast = fill(disk)
            await agent.says("samples cannot be saved and are kept in memory")
            await more_is_stored(hub, stored(hub)[0] + 1)
            ballast.unlink()
            await agent.says("samples are saved again")
            await more_is_stored(hub, stored(hub)[0])
        # Also not one whose sequence was used while nothing could be saved.
        async with agent_at(hub.url, sim.key, disk / "agent"):
            await more_is_stored(hub, stored(hub)[0] + 1)
        cursor, sequences, gaps = stored(hub)
        assert (sequences[:cursor], gaps) == (list(range(1, cursor + 1)), 0)
