"""Every bus, one after the other: as many members of one as a test wants."""

from collections.abc import AsyncIterator, Callable

import pytest

from chatops_server.bus.base import Bus
from chatops_server.bus.envelope import Envelope
from chatops_server.bus.in_process import Exchange, InProcessBus
from chatops_server.bus.nats import NatsBus
from tests.deadlines import eventually

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of the tests alone
NewBus = Callable[[], Bus]


@pytest.fixture(params=["in-process", "nats"])
async def new_bus(request: pytest.FixtureRequest) -> AsyncIterator[NewBus]:
    """What makes another member; all are closed in the end."""
    members: list[Bus] = []
    exchange = Exchange()
    address = request.getfixturevalue("nats_address") if request.param == "nats" else None

    def made() -> Bus:
        if address is None:
            bus: Bus = InProcessBus(exchange)
        else:
            bus = connecting = NatsBus(address, Envelope(SECRET), "test")
            connecting.start()
        members.append(bus)
        return bus

    yield made
    for member in members:
        await member.close()


@pytest.fixture
async def two(new_bus: NewBus) -> tuple[Bus, Bus]:
    """Two members that are connected."""
    pair = new_bus(), new_bus()
    for each in pair:
        await eventually(lambda each=each: each.is_connected, what="connected")  # type: ignore[misc]
    return pair
