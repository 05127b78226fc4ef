"""A hub double on a real socket, and a client of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from chatops_tui.client.connect import Hub, open_hub
from chatops_tui.client.session_memory import SessionMemory
from tests.integration.client.command_hub import CommandHub
from tests.integration.client.contract_hub import PASSWORD, HubDouble


@dataclass
class Served:
    """A hub double that can be stopped and started again at the same address."""

    double: HubDouble
    url: str = ""
    runner: web.AppRunner | None = None
    port: int = 0

    async def start(self) -> None:
        self.runner = web.AppRunner(self.double.app(), shutdown_timeout=1.0)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self.runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self.runner is not None:
            await self.double.close_sockets(1001)
            await self.runner.cleanup()
            self.runner = None


@pytest.fixture
def double() -> CommandHub:
    return CommandHub()


@pytest.fixture
async def served(double: CommandHub) -> AsyncIterator[Served]:
    served = Served(double)
    await served.start()
    yield served
    await served.stop()


@pytest.fixture
async def hub(served: Served) -> AsyncIterator[Hub]:
    """A client that is signed in, with a session of its own."""
    async with open_hub(served.url, SessionMemory()) as hub:
        await hub.session.login("ada", PASSWORD)
        yield hub
