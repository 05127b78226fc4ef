"""What a connection says first when both samples and what was asked of the machine wait to be sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from chatops_agent.config import endpoint
from chatops_agent.connection import Connection, Greeting, Hub
from chatops_agent.outbox import Outbox
from chatops_agent.spool import MemorySpool
from chatops_wire.agent import ActionRequest, AgentInfo, Metrics
from chatops_wire.codec import encode
from chatops_wire.commands import Command, CommandOutput
from chatops_wire.samples import Cpu, Memory, SampleParts
from tests.deadlines import eventually
from tests.integration.agent.hub_double import HubDouble, serving

SAMPLE = encode(
    SampleParts(
        timestamp="2026-01-31T12:00:00.000Z",
        cpu=Cpu(percent=1.0),
        memory=Memory(total=2, used=1, percent=50.0),
    )
)


class EndlessOrders:
    """Always has one more chunk of output to tell."""

    def __init__(self) -> None:
        self.told = 0
        self.requests: list[ActionRequest] = []
        self.disconnects = 0

    async def welcomed(self, server_id: str) -> None:
        pass

    def configure(self, interval_s: float | None) -> None:
        pass

    def narrow(self, allowed: tuple[str, ...] | None) -> None:
        pass

    def handle(self, request: ActionRequest) -> None:
        self.requests.append(request)

    def next_frame(self) -> bytes | None:
        self.told += 1
        return encode(CommandOutput(command_id="c", seq=self.told, stream="stdout", data=bytes(1000)))

    def disconnected(self) -> None:
        self.disconnects += 1


@pytest.fixture
async def hub() -> AsyncIterator[HubDouble]:
    async with serving(HubDouble()) as served:
        yield served


@pytest.fixture
async def orders() -> EndlessOrders:
    return EndlessOrders()


@pytest.fixture
async def outbox() -> Outbox:
    return Outbox(MemorySpool("e1"))


@pytest.fixture
async def connection(hub: HubDouble, orders: EndlessOrders, outbox: Outbox) -> AsyncIterator[Connection]:
    greeting = Greeting("k", AgentInfo(), ("metrics",))
    connection = Connection(Hub((endpoint(hub.url),)), greeting, outbox, orders, chance=lambda: 0.0)
    task = asyncio.create_task(connection.run(), name="agent-connection")
    yield connection
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_sample_goes_ahead_of_all_output(
    hub: HubDouble, connection: Connection, orders: EndlessOrders, outbox: Outbox
) -> None:
    call = await hub.called()
    await eventually(lambda: call.of(CommandOutput))
    for _ in range(5):
        told = orders.told
        outbox.add(SAMPLE)
        connection.notify()
        await eventually(lambda: outbox.next_seq - 1 in call.sequences)
        before = call.messages[: call.messages.index(call.of(Metrics)[-1])]
        # The one chunk that was on its way already.
        assert max(each.seq for each in before if isinstance(each, CommandOutput)) <= told + 1


async def test_requests_are_handed_on_and_the_end_is_told(
    hub: HubDouble, connection: Connection, orders: EndlessOrders
) -> None:
    call = await hub.called()
    order = Command(command_id="c", command="true")
    await call.say(order)
    await eventually(lambda: orders.requests == [order])
    assert orders.disconnects == 0
    await call.ws.close()
    await hub.called(2)
    assert orders.disconnects == 1
    connection.notify()
