"""The live view with another hub that is played by hand: versions, silence, forgeries."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
import pytest

from chatops_server.broker.watching import LINGER_S
from chatops_server.bus.base import NoRespondersError
from chatops_server.bus.in_process import Exchange, InProcessBus
from chatops_server.services.hubs.live_news import Batch, Left, Page, Wanted, encoded, raw
from chatops_server.services.hubs.live_view import BEAT_S, SILENT_AFTER_S, LiveView
from chatops_server.services.hubs.node import Node
from chatops_server.services.hubs.telling import MAX_WAITING, Telling
from chatops_server.services.live import Live, put_together
from chatops_server.storage.sql.servers import ServerRow
from tests.deadlines import eventually

CAME = {"type": "came", "server_id": "srv_1", "at_ms": 1, "host": {"hostname": "m"}, "capabilities": []}


@dataclass
class Clock:
    """Monotonic seconds that stand still."""

    now_s: float = 0.0

    def now(self) -> float:
        return self.now_s


@dataclass
class Played:
    """A hub, and the bus of the other one."""

    live: Live
    view: LiveView
    telling: Telling
    other: InProcessBus
    clock: Clock
    asked: int = 0

    def says(self, number: int, *news: object, **more: object) -> None:
        """Have the other hub send a batch."""
        told = tuple(msgspec.Raw(msgspec.json.encode(each)) for each in news)
        self.other.publish(
            "live.b", msgspec.json.encode({"node": "b", "number": number, "news": told, **more})
        )

    def is_online(self) -> bool:
        state = self.live.fleet.get("srv_1")
        return state is not None and state.is_online


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    exchange = Exchange()
    node, other = Node(InProcessBus(exchange), has_others=True), InProcessBus(exchange)
    telling, clock = Telling(node), Clock()
    live = put_together(lambda _num: (), clock.now, telling)
    live.fleet.added(ServerRow(1, "srv_1", "web-1", (), "usr_1", 1))
    view = LiveView(node, live, telling, clock.now)
    played = Played(live, view, telling, other, clock)

    async def page(_payload: bytes) -> bytes:
        played.asked += 1
        return encoded(Page())

    other.subscribe("hub.b.live", page)
    task = asyncio.create_task(view.run(), name="live-view")

    async def is_heard() -> bool:
        try:
            return bool(await other.request(f"hub.{node.id}.live", encoded(Wanted())))
        except NoRespondersError:
            return False

    await eventually(is_heard, what="it listens")
    played.says(1)
    await eventually(lambda: played.asked == 1, what="it asks what stands there")
    yield played
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await node.bus.close()
    await other.close()


async def test_news_of_a_later_version_are_left_out_and_the_others_taken(played: Played) -> None:
    played.says(2, {"type": "of a later version", "x": 1}, {"type": "left"}, CAME)
    await eventually(played.is_online, what="what is known is taken")


async def test_what_cannot_be_read_costs_nothing_else(played: Played) -> None:
    for payload in (b"", b"{", b'{"node":1}', b"\xff" * 100):
        played.other.publish("live.b", payload)
    played.says(2, CAME)
    await eventually(played.is_online, what="the next batch is taken")


async def test_what_stands_is_asked_for_once_and_again_after_a_gap(played: Played) -> None:
    played.says(2)
    played.says(4, CAME)
    await eventually(played.is_online, what="all are taken")
    assert played.asked == 2


async def test_a_hub_that_falls_silent_watches_nothing_and_makes_the_view_partial(played: Played) -> None:
    played.says(2, CAME, watched=["srv_1"])
    await eventually(lambda: played.live.watching.interval_s("srv_1"), what="watched for the other hub")
    assert not played.view.is_partial
    played.clock.now_s += SILENT_AFTER_S + 1
    await eventually(lambda: played.view.is_partial, what="it is silent")
    played.clock.now_s += LINGER_S
    played.live.watching.sweep()
    assert played.live.watching.interval_s("srv_1") is None
    # Where its agents are the leases say, which outlive a bus.
    assert played.is_online()
    played.says(9)
    await eventually(lambda: not played.view.is_partial, what="it is heard again")


async def test_a_hub_that_stops_is_no_gap(played: Played) -> None:
    played.says(2, CAME)
    played.other.publish(
        "live.b",
        encoded(Batch(node="b", number=3, news=(raw(Left(server_id="srv_1")),), is_last=True)),
    )
    await eventually(lambda: not played.is_online(), what="its agents left")
    assert not played.view.is_partial


async def test_that_an_agent_left_is_told_by_its_own_hub_alone(played: Played) -> None:
    heard: list[Batch] = []

    async def take(payload: bytes) -> None:
        heard.append(msgspec.json.decode(payload, type=Batch))

    played.other.subscribe("live.*", take)
    played.says(2, CAME)
    await eventually(played.is_online, what="it is at the other hub")
    state = played.live.fleet.get("srv_1")
    assert state is not None
    # Because its lease has ended, say.
    played.live.fleet.disconnected(state)
    played.live.fleet.configured(state, 2.0)
    await eventually(lambda: any(batch.news for batch in heard), what="something is told")
    told = [bytes(news) for batch in heard for news in batch.news]
    assert [b"configured" in news for news in told] == [True]


async def test_what_nobody_hears_is_not_collected_and_too_much_is_asked_for_instead(played: Played) -> None:
    heard: list[Batch] = []

    async def take(payload: bytes) -> None:
        heard.append(msgspec.json.decode(payload, type=Batch))

    played.other.subscribe("live.*", take)
    played.clock.now_s += BEAT_S
    await eventually(lambda: heard, what="a beat")
    state = played.live.fleet.get("srv_1")
    assert state is not None
    before = heard[-1].number
    for _ in range(MAX_WAITING + 1):
        played.live.fleet.configured(state, 1.0)
    await eventually(lambda: any(batch.news for batch in heard), what="what is left is told")
    told = next(batch for batch in heard if batch.news)
    assert len(told.news) == 1
    assert told.number > before + 1
