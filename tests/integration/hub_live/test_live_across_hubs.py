"""Two hubs over one database: agents at one, clients at the other."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatops_server.broker.server_state import ServerState
from chatops_server.bus.in_process import Exchange, InProcessBus
from chatops_server.domain.inventory import Change
from chatops_server.services.fleet_loading import load_fleet
from chatops_server.services.hubs.live_view import LiveView
from chatops_server.services.hubs.node import Node
from chatops_server.services.hubs.stored_view import StoredView
from chatops_server.services.hubs.telling import Telling
from chatops_server.storage.base import Storage
from chatops_server.storage.sqlite.engine import open_sqlite
from chatops_wire.client import PullProgress
from chatops_wire.containers import Container
from chatops_wire.rest_alerts import AlertView
from tests.deadlines import eventually
from tests.integration.hub_live.conftest import LiveHub, add_users, assembled_hub, now_ms, served
from tests.live_peers import batch, metrics, sample

AGENT = {"hostname": "machine-1", "cpu_count": 8}


@dataclass
class Member:
    """What joins a hub to others."""

    node: Node
    telling: Telling
    stored: StoredView | None = None


@dataclass
class Two:
    """The hub that has the agents, the one that has the clients, and how another one comes in."""

    here: LiveHub
    there: LiveHub
    storage: Storage
    exchange: Exchange
    folder: Path
    members: tuple[Member, Member]
    """What joins them to each other."""

    async def add_server(self, name: str = "web-1", owner_id: str = "usr_owner") -> tuple[ServerState, str]:
        """Make a server that both hubs know; return it as the hub there has it, and a key."""
        made = await self.here.add_server(name, owner_id)
        key = await self.here.add_key(made)
        await load_fleet(self.there.live.fleet, self.storage)
        state = self.there.live.fleet.get(made.id)
        assert state is not None
        return state, key


def member(exchange: Exchange) -> Member:
    node = Node(InProcessBus(exchange), has_others=True)
    return Member(node, Telling(node))


@asynccontextmanager
async def joined(storage: Storage, folder: Path, own: Member) -> AsyncIterator[LiveHub]:
    """A hub that others hear, its fleet loaded."""
    hub = assembled_hub(storage, folder, own.telling)
    await load_fleet(hub.live.fleet, storage)
    view = LiveView(own.node, hub.live, own.telling, time.monotonic)
    own.stored = StoredView(view, hub.presence, storage, now_ms)
    telling = asyncio.create_task(view.run(), name="live-view")
    try:
        async with served(hub):
            yield hub
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        await own.node.bus.close()


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    exchange, storage = Exchange(), await open_sqlite(tmp_path / "hub.db")
    await add_users(storage)
    members = member(exchange), member(exchange)
    async with (
        joined(storage, tmp_path, members[0]) as here,
        joined(storage, tmp_path, members[1]) as there,
    ):
        yield Two(here, there, storage, exchange, tmp_path, members)
    await storage.close()


async def test_an_agent_is_online_at_every_hub_with_what_it_said(two: Two) -> None:
    state, key = await two.add_server()
    agent = await two.here.agent(key, epoch="e", agent=AGENT, capabilities=["logs"])
    await eventually(lambda: state.is_online, what="online at the other hub")
    assert state.host is not None
    assert (state.host.hostname, state.capabilities) == ("machine-1", ("logs",))
    await agent.close()
    await eventually(lambda: not state.is_online, what="offline there")


async def test_every_new_sample_is_told_once_and_in_order(two: Two) -> None:
    state, key = await two.add_server()
    watcher = await two.there.watching(state)
    agent = await two.here.agent(key, epoch="e")
    await eventually(lambda: state.is_online, what="online at the other hub")
    await agent.send(*(metrics(seq, cpu=float(seq)) for seq in range(1, 21)))
    assert [(await watcher.until("metrics"))["cpu"]["percent"] for _ in range(20)] == list(range(1, 21))


async def test_a_backlog_is_the_latest_sample_and_no_news(two: Two) -> None:
    state, key = await two.add_server()
    watcher = await two.there.watching(state)
    agent = await two.here.agent(key, epoch="e", next_seq=4)
    await eventually(lambda: state.is_online, what="online at the other hub")
    await agent.send(batch(1, 2, 3))
    await eventually(lambda: state.latest is not None and state.latest.mark.seq == 3, what="it is the latest")
    await agent.send(metrics(4))
    assert (await watcher.until("metrics"))["seq"] == 4


async def test_a_watched_agent_samples_every_second_whichever_hub_it_is_at(two: Two) -> None:
    state, key = await two.add_server()
    agent = await two.here.agent(key, epoch="e")
    watcher = await two.there.watching(state)
    assert (await agent.until("configure"))["interval_s"] == 1.0
    await eventually(lambda: state.interval_s == 1.0, what="shown at the other hub")
    await watcher.close()
    two.here.clock.ahead_s += 60

    async def is_given_back() -> bool:
        two.here.clock.ahead_s += 60
        return state.interval_s is None

    await eventually(is_given_back, what="its own interval again")


async def test_an_agent_that_comes_to_another_hub_finds_it_watched(two: Two) -> None:
    state, key = await two.add_server()
    await two.there.watching(state)
    await eventually(lambda: two.here.live.watching.interval_s(state.id), what="watched here too")
    agent = await two.here.connect("/agents/ws")
    await agent.send({"type": "auth", "api_key": key})
    assert (await agent.next())["interval_s"] == 1.0


async def test_a_fleet_is_told_at_every_hub(two: Two) -> None:
    state, key = await two.add_server()
    client = await two.there.client()
    await client.request(type="subscribe", topic="fleet")
    agent = await two.here.agent(key, epoch="e", agent=AGENT)
    await agent.send(metrics(1, cpu=77.0))
    while True:
        shown = (await client.until("fleet_update"))["servers"][0]
        if shown["latest"] is not None:
            break
    assert (shown["id"], shown["status"], shown["latest"]["cpu"]["percent"]) == (state.id, "online", 77.0)
    assert shown["host"]["hostname"] == "machine-1"


async def test_events_and_alerts_reach_clients_of_other_hubs_once(two: Two) -> None:
    state, _ = await two.add_server()
    client = await two.there.client()
    for topic in ("events", "alerts"):
        await client.request(type="subscribe", topic=topic)
    await _is_heard(two)
    await two.here.events.record("command", "first", server_id=state.id)
    two.here.live.topics.alert_changed(_alert(state))
    await two.here.events.record("command", "second", server_id=state.id)
    told = [await client.next() for _ in range(3)]
    assert [frame["type"] for frame in told] == ["event", "alert", "event"]
    assert [told[0]["event"]["message"], told[2]["event"]["message"]] == ["first", "second"]


async def test_nobody_is_told_of_what_they_may_not_see(two: Two) -> None:
    hidden, _ = await two.add_server("hidden", "usr_admin")
    shown, _ = await two.add_server("shown")
    guest = await two.there.client("owner")
    for topic in ("events", "alerts", "containers"):
        await guest.request(type="subscribe", topic=topic)
    await _is_heard(two)
    for state in (hidden, shown):
        await two.here.events.record("command", state.name, server_id=state.id)
        two.here.live.topics.alert_changed(_alert(state))
        two.here.live.topics.publish_containers(state.id, _progress(state))
    told = [await guest.next() for _ in range(3)]
    assert [frame["type"] for frame in told] == ["event", "alert", "docker_progress"]
    assert told[0]["event"]["server_id"] == told[1]["alert"]["server_id"] == shown.id
    assert told[2]["server_id"] == shown.id


async def test_containers_change_at_every_hub(two: Two) -> None:
    state, key = await two.add_server()
    client = await two.there.client()
    await client.request(type="subscribe", topic="containers")
    agent = await two.here.agent(key, epoch="e")
    web = {"id": "c" * 64, "name": "web", "state": "running"}
    await agent.send({**metrics(1), "containers": [web], "engine": {"state": "available"}})
    await eventually(lambda: list(two.there.live.containers.on(state)), what="listed at the other hub")
    await agent.send(
        {"type": "container_event", "action": "die", "container": {**web, "state": "exited"}},
    )
    assert (await client.until("container"))["action"] == "die"
    # What a user of the other hub has done there is known here.
    after = Container(id="c" * 64, name="web", state="running")
    two.there.live.containers.changed(state, Change("start", after))
    at_home = two.here.live.fleet.get(state.id)
    assert at_home is not None
    await eventually(
        lambda: [each.state for each in two.here.live.containers.on(at_home)] == ["running"],
        what="known here",
    )


async def test_a_hub_that_comes_later_is_told_what_stands(two: Two) -> None:
    state, key = await two.add_server()
    agent = await two.here.agent(key, epoch="e", agent=AGENT)
    await agent.send(metrics(1, cpu=42.0))
    async with joined(two.storage, two.folder, member(two.exchange)) as later:
        shown = later.live.fleet.get(state.id)
        assert shown is not None
        await eventually(lambda: shown.is_online and shown.latest is not None, what="it knows the agent")
        assert shown.latest is not None
        assert shown.latest.sample.cpu.percent == 42.0
        await agent.send(metrics(2, cpu=43.0))
        await eventually(
            lambda: shown.latest is not None and shown.latest.mark.seq == 2, what="it hears what is new"
        )


async def test_what_was_missed_is_asked_for(two: Two) -> None:
    """A batch that was lost on its way leaves no lasting gap."""
    state, key = await two.add_server()
    agent = await two.here.agent(key, epoch="e")
    await eventually(lambda: state.is_online, what="online at the other hub")
    at_home = two.here.live.fleet.get(state.id)
    assert at_home is not None
    # As if a batch was lost: it happened, and nobody was told.
    with two.members[0].telling.muted():
        two.here.live.fleet.configured(at_home, 3.0)
    two.members[0].telling.listened(has_listeners=False)
    two.members[0].telling.listened(has_listeners=True)
    await eventually(lambda: state.interval_s == 3.0, what="asked for and taken over")
    await agent.close()


async def test_an_agent_that_moves_is_shown_where_it_is(two: Two) -> None:
    state, key = await two.add_server()
    agent = await two.here.agent(key, epoch="e")
    await eventually(lambda: state.is_online, what="online at the other hub")
    moved = await two.there.agent(key, epoch="e")
    await agent.close()
    await moved.send(metrics(1, cpu=5.0))
    at_home = two.here.live.fleet.get(state.id)
    assert at_home is not None
    await eventually(lambda: at_home.is_online and at_home.latest is not None, what="seen from where it was")
    assert state.is_online


async def test_a_hub_that_stops_says_so(two: Two) -> None:
    state, key = await two.add_server()
    async with joined(two.storage, two.folder, member(two.exchange)) as third:
        agent = await third.agent(key, epoch="e")
        await eventually(lambda: state.is_online, what="online at the other hub")
        _, ended = await asyncio.gather(third.stop(), agent.ended())
        assert ended.code == 1001
    await eventually(lambda: not state.is_online, what="offline until it is elsewhere")


async def test_a_sample_is_stored_and_shown_whatever_is_heard(two: Two) -> None:
    """A live one, which has no number, is the latest at the other hub too."""
    state, key = await two.add_server()
    watcher = await two.there.watching(state)
    agent = await two.here.agent(key, epoch="e")
    await eventually(lambda: state.is_online, what="online at the other hub")
    await agent.send({"type": "live", **sample(cpu=9.0)})
    assert (await watcher.until("metrics"))["cpu"]["percent"] == 9.0
    assert state.latest is not None
    assert state.latest.mark.is_live


async def test_without_the_bus_samples_are_read_from_the_database(two: Two) -> None:
    state, key = await two.add_server()
    watcher = await two.there.watching(state)
    agent = await two.here.agent(key, epoch="e")
    await eventually(lambda: state.is_online, what="online at the other hub")
    await two.members[0].node.bus.close()
    await agent.send(metrics(1, cpu=31.0))
    await agent.until("ack")

    async def is_shown() -> bool:
        for each in two.members:
            assert each.stored is not None
            await each.stored.look()
        return state.latest is not None and state.latest.sample.cpu.percent == 31.0

    await eventually(is_shown, what="read there")
    assert (await watcher.until("metrics"))["seq"] == 1


async def _is_heard(two: Two) -> None:
    """Wait until the hubs know of each other: what happens before is in no page."""
    other, key = await two.add_server(f"probe-{time.monotonic_ns()}", "usr_admin")
    agent = await two.here.agent(key, epoch="e")
    await eventually(lambda: other.is_online, what="the hubs hear each other")
    await agent.close()
    await eventually(lambda: not other.is_online, what="and go on hearing")


def _alert(state: ServerState) -> AlertView:
    return AlertView(
        id=f"alert-{state.name}",
        server_id=state.id,
        threshold_id="t",
        metric="cpu.percent",
        severity="warning",
        status="firing",
        value=99.0,
        threshold_value=90.0,
        comparison="gt",
        message="cpu",
        started_at="2027-01-15T08:00:00.000Z",
        acknowledged_by=None,
        resolved_at=None,
    )


def _progress(state: ServerState) -> PullProgress:
    return PullProgress(server_id=state.id, command_id="p", image="web:1", text="pulling")
