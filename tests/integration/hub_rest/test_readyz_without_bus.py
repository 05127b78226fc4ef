"""/readyz of a hub that was told of a bus: whether other hubs are heard."""

import asyncio
from pathlib import Path

from chatops_server.bus.address import parsed
from tests.deadlines import eventually
from tests.integration.hub_rest.conftest import Asker, opened
from tests.nats_server import own_nats


async def _said(asker: Asker) -> tuple[int, str, str]:
    response = await asker.http.get("/readyz")
    body = await response.json()
    return response.status, body["status"], body["checks"].get("bus", "")


async def test_a_hub_is_degraded_while_its_bus_is_away_and_no_longer(tmp_path: Path) -> None:
    with own_nats() as server:
        async with opened(tmp_path, bus=parsed(server.url)) as asker:

            async def is_well() -> bool:
                return await _said(asker) == (200, "ok", "ok")

            async def is_degraded() -> bool:
                status, word, why = await _said(asker)
                return (status, word) == (200, "degraded") and why.startswith("the live view is of this hub")

            await eventually(is_well, what="the bus is there")
            await asyncio.to_thread(server.stop)
            await eventually(is_degraded, what="degraded")
            await asyncio.to_thread(server.start)
            await eventually(is_well, what="the bus is back")


async def test_a_hub_starts_and_serves_without_its_bus(tmp_path: Path) -> None:
    with own_nats() as server:
        await asyncio.to_thread(server.stop)
        async with opened(tmp_path, bus=parsed(server.url)) as asker:
            assert (await _said(asker))[:2] == (200, "degraded")
            assert await asker.server("web-01")


async def test_a_hub_alone_knows_of_no_bus(asker: Asker) -> None:
    assert await _said(asker) == (200, "ok", "")
