"""A client of hubs that share a database: what it does where one of them is gone."""

from collections.abc import AsyncIterator

import pytest

from chatops_tui.client.connect import open_hub
from chatops_tui.client.errors import HubUnreachableError
from chatops_tui.client.session_memory import SessionMemory
from tests.integration.client.command_hub import CommandHub
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import PASSWORD


@pytest.fixture
async def pair(double: CommandHub) -> AsyncIterator[tuple[Served, Served]]:
    """Two addresses of the same hub."""
    one, other = Served(double), Served(double)
    await one.start()
    await other.start()
    yield one, other
    await one.stop()
    await other.stop()


async def test_the_next_address_is_called_where_one_is_gone(pair: tuple[Served, Served]) -> None:
    one, other = pair
    async with open_hub(f"{one.url},{other.url}", SessionMemory()) as hub:
        await hub.session.login("ada", PASSWORD)
        for gone, back in ((one, other), (other, one)):
            await gone.stop()
            assert (await hub.rest.me()).username == "ada"
            await gone.start()
            await back.stop()
            assert (await hub.rest.me()).username == "ada"
            await back.start()


async def test_where_all_are_gone_it_says_so(pair: tuple[Served, Served]) -> None:
    one, other = pair
    async with open_hub(f"{one.url},{other.url}", SessionMemory()) as hub:
        await hub.session.login("ada", PASSWORD)
        await one.stop()
        await other.stop()
        with pytest.raises(HubUnreachableError):
            await hub.rest.me()
