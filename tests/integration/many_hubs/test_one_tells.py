"""What is to be told once is told by one hub, and by another when that is gone."""

from contextlib import AsyncExitStack

from tests.integration.hub_alerts.conftest import Machine, Receiver, machine_of, receiving
from tests.integration.hub_rest.conftest import Asker
from tests.integration.many_hubs.conftest import OpenHub, Pair


async def add_channel(asker: Asker, receiver: Receiver) -> None:
    made = await asker.post("/notifications/channels", {"name": "ops", "url": receiver.url})
    assert made.status == 201, made


async def is_told(machine: Machine, receiver: Receiver) -> None:
    """Let an alert begin and end, and wait until both are told."""
    await machine.threshold()
    for value, event in ((95, "firing"), (10, "resolved")):
        before = len(receiver.heard)
        await machine.feed(value)
        assert (await receiver.until(before + 1))[before]["event"] == event


async def test_alerts_of_both_hubs_are_told_once_each(pair: Pair) -> None:
    async with receiving() as receiver:
        await add_channel(pair.one, receiver)
        for number in range(2):
            for hub in (pair.one, pair.other):
                await is_told(await machine_of(hub, f"web-{number}-{id(hub)}"), receiver)
        # Whatever came twice came before what was told after it.
        assert len({each["id"] for each in receiver.heard}) == len(receiver.heard) == 8


async def test_another_hub_goes_on_telling_when_the_one_that_told_is_gone(open_one: OpenHub) -> None:
    async with receiving() as receiver, AsyncExitStack() as first:
        one = await first.enter_async_context(open_one("one"))
        async with open_one("other") as other:
            await add_channel(one, receiver)
            machine = await machine_of(other)
            await is_told(machine, receiver)
            await first.aclose()
            await is_told(await machine_of(other, "web-2"), receiver)
            assert receiver.events() == ["firing", "resolved"] * 2
