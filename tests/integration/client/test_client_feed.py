"""The feed: what a listener is told, in order, through refusals, restarts and silence."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest
from aiohttp import web

from chatops_tui.client.connect import Hub, open_hub
from chatops_tui.client.conversation import FeedEvent, InterestRefused
from chatops_tui.client.feed import Feed
from chatops_tui.client.interests import EVENTS, FLEET, metrics
from chatops_tui.client.link import LinkState
from chatops_tui.client.session_memory import SessionMemory
from chatops_tui.client.wire import Limits
from chatops_wire.client import Authenticated, EventMessage, Fleet, Lagged, MetricsEvent
from tests.deadlines import eventually
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import PASSWORD, HubDouble, sample

E = TypeVar("E")


class Listener:
    """Runs a feed and keeps what it delivers."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.events: list[FeedEvent] = []

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def links(self) -> list[LinkState]:
        return self.of(LinkState)

    @property
    def kinds(self) -> list[str]:
        """The states of the link, each run of equal ones once."""
        kinds = [state.kind for state in self.links]
        return [kind for place, kind in enumerate(kinds) if place == 0 or kinds[place - 1] != kind]

    async def until(self, condition: Callable[[], object]) -> None:
        await eventually(condition, what=f"delivered: {self.events}")

    async def live(self, times: int = 1) -> None:
        await self.until(lambda: self.kinds.count("live") >= times)


@pytest.fixture
async def listener(hub: Hub) -> AsyncIterator[Listener]:
    listener = Listener(hub.feed)
    running = asyncio.create_task(hub.feed.run(listener.events.append), name="feed-under-test")
    yield listener
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_it_signs_in_before_anything_else(listener: Listener, double: HubDouble) -> None:
    listener.feed.set_interests({FLEET})
    await listener.until(lambda: listener.of(Fleet))

    assert double.frames[0]["type"] == "auth"
    assert [type(event) for event in listener.events[:3]] == [LinkState, Authenticated, LinkState]
    assert listener.kinds == ["connecting", "live"]
    assert listener.of(Authenticated)[0].user.username == "ada"
    assert len(listener.of(Fleet)[0].servers) == 5


async def test_a_redirect_is_not_followed_with_the_token(double: HubDouble, listener: Listener) -> None:
    elsewhere = Served(HubDouble())
    await elsewhere.start()

    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPFound(f"{elsewhere.url}/api/v1/ws")

    await listener.live()
    double.override = redirect
    await double.close_sockets(1001)
    await listener.until(lambda: "it points to" in listener.links[-1].reason)
    await elsewhere.stop()
    assert elsewhere.double.seen == []


async def test_only_what_changes_is_asked_for(listener: Listener, double: HubDouble) -> None:
    listener.feed.set_interests({FLEET, metrics("a")})
    await listener.until(lambda: len(double.said("subscribe")) == 2)
    listener.feed.set_interests({FLEET, metrics("a")})
    listener.feed.set_interests({FLEET, metrics("b")})
    await listener.until(lambda: len(double.said("subscribe")) == 3)

    asked = [(frame["topic"], frame.get("server_id")) for frame in double.said("subscribe")]
    assert asked == [("fleet", None), ("metrics", "a"), ("metrics", "b")]
    assert [frame["server_id"] for frame in double.said("unsubscribe")] == ["a"]


async def test_samples_events_and_lag_are_delivered(listener: Listener, double: HubDouble) -> None:
    listener.feed.set_interests({EVENTS, metrics("a")})
    await listener.live()
    entry = {"id": "e", "ts": "2026-01-31T12:00:00.000Z", "kind": "agent", "server_id": "a", "user_id": None}
    await double.tell({"type": "metrics", "server_id": "a", "seq": 3, **sample()})
    await double.tell({"type": "event", "event": entry | {"message": "connected", "data": {}}})
    await double.tell({"type": "lagged", "dropped": 4})
    await listener.until(lambda: listener.of(Lagged))

    assert [(event.server_id, event.seq) for event in listener.of(MetricsEvent)] == [("a", 3)]
    assert [event.event.message for event in listener.of(EventMessage)] == ["connected"]


async def test_what_a_newer_hub_says_is_ignored(listener: Listener, double: HubDouble) -> None:
    await listener.live()
    await double.tell({"type": "weather", "sun": True})
    await double.tell({"type": "lagged", "dropped": 1, "since": "today"})
    await listener.until(lambda: listener.of(Lagged))

    assert listener.kinds == ["connecting", "live"]


async def test_a_refused_topic_is_told(listener: Listener, double: HubDouble) -> None:
    double.refuse_topics = {"metrics"}
    listener.feed.set_interests({metrics("gone")})
    await listener.until(lambda: listener.of(InterestRefused))

    refused = listener.of(InterestRefused)
    assert refused == [InterestRefused(metrics("gone"), "not_found", "no such server")]


async def test_the_round_trip_is_measured(listener: Listener) -> None:
    await listener.until(lambda: any(state.rtt_ms for state in listener.links))

    assert listener.links[-1].kind == "live"


async def test_it_comes_back_after_a_restart_of_the_hub(listener: Listener, served: Served) -> None:
    """Every interest is asked for again, and the fleet comes whole."""
    listener.feed.set_interests({FLEET})
    await listener.until(lambda: listener.of(Fleet))
    await served.stop()
    await listener.until(lambda: "nothing listens there" in listener.links[-1].reason)
    down = [state for state in listener.links if state.kind == "reconnecting"]
    await served.start()
    listener.feed.reconnect_now()
    await listener.until(lambda: len(listener.of(Fleet)) == 2)

    assert down[0].reason == "the hub is stopping"
    assert [state.attempt for state in down] == list(range(1, len(down) + 1))
    assert all(state.retry_at_s for state in down)
    assert served.double.logins == 1


async def test_an_expired_token_is_replaced_without_a_wait(listener: Listener, double: HubDouble) -> None:
    await listener.live()
    double.access.clear()
    await double.close_sockets(4401)
    await listener.live(2)

    assert listener.kinds == ["connecting", "live", "connecting", "live"]
    assert double.refreshes == 1


async def test_a_session_that_ended_asks_to_sign_in(listener: Listener, double: HubDouble, hub: Hub) -> None:
    """It then waits, however long, until somebody has signed in."""
    await listener.live()
    double.access.clear()
    double.refresh.clear()
    await double.close_sockets(4401)
    await listener.until(lambda: listener.links[-1].kind == "sign_in")
    assert listener.links[-1] == LinkState("sign_in", reason="the session has ended, sign in again")

    await hub.session.login("ada", PASSWORD)
    listener.feed.reconnect_now()
    await listener.live(2)


async def test_a_token_that_is_never_accepted_asks_to_sign_in(listener: Listener, double: HubDouble) -> None:
    """One renewal is tried, not a renewal for ever."""
    await listener.live()
    double.accept_tokens = False
    await double.close_sockets(4401)
    await listener.until(lambda: listener.links[-1].kind == "sign_in")

    assert listener.links[-1].reason == "the token has expired"
    assert double.refreshes == 1


async def test_a_new_token_is_sent_before_the_old_one_ends(served: Served) -> None:
    """The connection outlives its first token."""
    served.double.expires_in = 1
    async with open_hub(served.url, SessionMemory()) as hub:
        await hub.session.login("ada", PASSWORD)
        listener = Listener(hub.feed)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(hub.feed.run(listener.events.append))
            await listener.until(lambda: len(listener.of(Authenticated)) == 2)
            running.cancel()

    tokens = [frame["token"] for frame in served.double.said("auth")]
    assert len(set(tokens)) == 2
    assert listener.kinds == ["connecting", "live"]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"type": "fleet", "servers": [{"id": 5}]}, "the hub sends what this version does not understand"),
        (
            {"type": "error", "code": "unsupported_protocol", "message": "update your client"},
            "update your client",
        ),
    ],
)
async def test_a_hub_of_another_kind_asks_for_an_update(
    listener: Listener, double: HubDouble, frame: dict[str, object], reason: str
) -> None:
    await listener.live()
    await double.tell(frame)
    await double.close_sockets(1000)
    await listener.until(lambda: listener.links[-1].kind == "update_needed")

    assert listener.links[-1].reason == reason


async def test_a_silent_hub_is_left(served: Served) -> None:
    """TCP alone would take minutes to notice."""
    served.double.answer_pings = False
    async with open_hub(served.url, SessionMemory(), Limits(silent_after_s=0.1)) as hub:
        await hub.session.login("ada", PASSWORD)
        listener = Listener(hub.feed)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(hub.feed.run(listener.events.append))
            await listener.until(lambda: "reconnecting" in listener.kinds)
            running.cancel()

    assert "live" in listener.kinds
    assert listener.links[-1].reason.startswith("the hub has been silent")


async def test_it_waits_for_the_hub_it_starts_before(hub: Hub, served: Served) -> None:
    await served.stop()
    listener = Listener(hub.feed)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(hub.feed.run(listener.events.append))
        await listener.until(lambda: "reconnecting" in listener.kinds)
        await served.start()
        await listener.live()
        running.cancel()

    assert listener.kinds[:3] == ["connecting", "reconnecting", "connecting"]


async def test_a_listener_that_fails_ends_the_feed(hub: Hub) -> None:
    """A mistake of the store is nobody's reconnect."""

    def broken(_event: FeedEvent) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await hub.feed.run(broken)
