"""The bus over NATS while the server is not there, and beside strangers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import pytest

from chatops_server.bus.address import NatsAddress, parsed
from chatops_server.bus.base import BusAwayError, NoRespondersError
from chatops_server.bus.envelope import Envelope
from chatops_server.bus.nats import NatsBus
from tests.deadlines import DEADLINE_S, eventually
from tests.nats_server import own_nats

SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of the tests alone
Opened = Callable[[NatsAddress], NatsBus]


@pytest.fixture
async def opened() -> AsyncIterator[Opened]:
    """What opens a bus; all are closed in the end."""
    buses: list[NatsBus] = []

    def start(address: NatsAddress, secret: str = SECRET) -> NatsBus:
        bus = NatsBus(address, Envelope(secret), "test")
        bus.start()
        buses.append(bus)
        return bus

    yield start
    for bus in buses:
        await bus.close()


async def _echo(payload: bytes) -> bytes:
    return payload


async def test_it_starts_without_a_server_and_connects_when_there_is_one(opened: Opened) -> None:
    with own_nats() as server:
        await asyncio.to_thread(server.stop)
        one, other = opened(parsed(server.url)), opened(parsed(server.url))
        other.subscribe("hub.b.agent", _echo)
        await eventually(lambda: one.trouble not in ("", "not connected yet"), what="it says why")
        assert not one.is_connected
        assert not one.publish("live.one", b"x")
        with pytest.raises(BusAwayError):
            await one.request("hub.b.agent", b"x")
        await asyncio.to_thread(server.start)
        await eventually(lambda: one.is_connected and other.is_connected, what="both are connected")
        await _answered(one, "hub.b.agent")


async def test_it_comes_back_with_its_subscriptions(opened: Opened) -> None:
    with own_nats() as server:
        one, other = opened(parsed(server.url)), opened(parsed(server.url))
        other.subscribe("hub.b.agent", _echo)
        await eventually(lambda: one.is_connected and other.is_connected, what="both are connected")
        await _answered(one, "hub.b.agent")
        await asyncio.to_thread(server.stop)
        await eventually(lambda: not one.is_connected, what="it is away")
        assert one.trouble
        await asyncio.to_thread(server.start)
        await eventually(lambda: one.is_connected and other.is_connected, what="both are back")
        await _answered(one, "hub.b.agent")


async def test_who_waits_for_an_answer_learns_that_the_bus_went_away(opened: Opened) -> None:
    with own_nats() as server:
        one, other = opened(parsed(server.url)), opened(parsed(server.url))
        is_asked = asyncio.Event()

        async def slow(payload: bytes) -> bytes:
            if payload:
                is_asked.set()
                await asyncio.Event().wait()
            return payload

        other.subscribe("hub.b.agent", slow)
        await eventually(lambda: one.is_connected, what="connected")
        await _answered(one, "hub.b.agent")
        question = asyncio.create_task(one.request("hub.b.agent", b"wait"))
        await is_asked.wait()
        await asyncio.to_thread(server.stop)
        with pytest.raises(BusAwayError):
            async with asyncio.timeout(DEADLINE_S):
                await question


async def test_a_hub_of_another_secret_is_not_heard(
    opened: Callable[..., NatsBus], nats_address: NatsAddress, caplog: pytest.LogCaptureFixture
) -> None:
    one, stranger, friend = opened(nats_address), opened(nats_address, SECRET[::-1]), opened(nats_address)
    heard: list[bytes] = []

    async def take(payload: bytes) -> None:
        heard.append(payload)

    one.subscribe("live.*", take)
    await eventually(lambda: one.is_connected and friend.is_connected, what="both are connected")
    await eventually(lambda: stranger.is_connected, what="the stranger is connected")
    with caplog.at_level(logging.WARNING, "chatops_server.bus.nats"):
        await eventually(lambda: stranger.publish("live.x", b"forged") and caplog.records, what="it is told")
    await eventually(lambda: friend.publish("live.x", b"true") and heard, what="the friend is heard")
    assert set(heard) == {b"true"}


async def test_hubs_of_other_spaces_are_not_heard(opened: Opened, nats_url: str) -> None:
    one, other = opened(parsed(f"{nats_url}/test_one")), opened(parsed(f"{nats_url}/test_other"))
    other.subscribe("hub.b.agent", _echo)
    await eventually(lambda: one.is_connected and other.is_connected, what="both are connected")
    with pytest.raises(NoRespondersError):
        async with asyncio.timeout(DEADLINE_S):
            await one.request("hub.b.agent", b"")


async def _answered(bus: NatsBus, subject: str) -> None:
    async def is_answered() -> bool:
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await bus.request(subject, b"") == b""
        except (NoRespondersError, BusAwayError):
            return False

    await eventually(is_answered, what=f"{subject} answers")
