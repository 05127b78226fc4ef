"""Subscriptions: who gets what, from when, and until when."""

import pytest

from chatops_server.broker.clients import ClientSession
from chatops_server.broker.closing import ACCESS_LOST
from chatops_server.broker.topics import MAX_SUBSCRIPTIONS
from chatops_server.domain.latest_order import Mark
from chatops_server.errors import (
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnknownTopicError,
)
from chatops_wire.agent import Live
from chatops_wire.client import ContainerMessage
from chatops_wire.containers import ContainerItem
from chatops_wire.rest import EventView
from chatops_wire.samples import Cpu, Memory
from tests.broker_builders import (
    ADMIN,
    NOW_MS,
    OWNER,
    STRANGER,
    TIMESTAMP,
    Intervals,
    client,
    fleet_of,
    principal,
    sample,
    state_of,
    taken,
    topics_of,
)


def event(server_id: str | None = "srv_1", user_id: str | None = None) -> EventView:
    return EventView(
        id="1", ts=TIMESTAMP, kind="connection", server_id=server_id, user_id=user_id, message="m", data={}
    )


def test_a_sample_reaches_its_watchers_with_the_servers_id() -> None:
    topics = topics_of(fleet_of(1, 2))
    watcher, other = client(), client()
    topics.subscribe(watcher, "metrics", "srv_1")
    topics.subscribe(other, "metrics", "srv_2")
    topics.publish_sample("srv_1", sample(4, cpu=99.0))
    [frame] = taken(watcher)
    assert (
        frame["type"],
        frame["server_id"],
        frame["seq"],
        frame["cpu"]["percent"],
    ) == ("metrics", "srv_1", 4, 99.0)
    assert taken(other) == []


def test_a_live_sample_is_told_as_metrics_without_a_sequence() -> None:
    topics, watcher = topics_of(fleet_of()), client()
    topics.subscribe(watcher, "metrics", "srv_1")
    live = Live(timestamp=TIMESTAMP, cpu=Cpu(percent=1), memory=Memory(total=1, used=1, percent=100))
    topics.publish_sample("srv_1", live)
    [frame] = taken(watcher)
    assert frame["type"] == "metrics"
    assert "seq" not in frame


def test_subscribing_twice_sends_each_sample_once() -> None:
    intervals = Intervals()
    topics, watcher = topics_of(fleet_of(), intervals), client()
    topics.subscribe(watcher, "metrics", "srv_1")
    topics.subscribe(watcher, "metrics", "srv_1")
    topics.publish_sample("srv_1", sample())
    assert len(taken(watcher)) == 1
    assert intervals.asked == [("srv_1", 1.0)]
    topics.unsubscribe(watcher, "metrics", "srv_1")
    topics.publish_sample("srv_1", sample(2))
    assert taken(watcher) == []


@pytest.mark.parametrize(
    ("topic", "server_id", "error"),
    [
        ("weather", None, UnknownTopicError),
        ("command", None, UnknownTopicError),
        ("metrics", None, InvalidRequestError),
        ("metrics", "srv_unknown", NotFoundError),
        ("events", "srv_unknown", NotFoundError),
        ("alerts", "srv_unknown", NotFoundError),
    ],
)
def test_what_cannot_be_subscribed_is_said(topic: str, server_id: str | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        topics_of(fleet_of()).subscribe(client(), topic, server_id)


def test_what_one_may_not_see_is_not_found() -> None:
    topics, stranger = topics_of(fleet_of()), client(STRANGER)
    with pytest.raises(NotFoundError):
        topics.subscribe(stranger, "metrics", "srv_1")
    assert stranger.subscriptions == set()


def test_unsubscribing_what_is_not_subscribed_is_no_error() -> None:
    topics = topics_of(fleet_of())
    topics.unsubscribe(client(), "metrics", "srv_1")
    topics.unsubscribe(client(), "fleet")
    with pytest.raises(UnknownTopicError):
        topics.unsubscribe(client(), "weather")


def test_subscriptions_of_one_client_are_bounded() -> None:
    nums = range(1, MAX_SUBSCRIPTIONS + 2)
    topics, watcher = topics_of(fleet_of(*nums)), client()
    for num in nums[:-1]:
        topics.subscribe(watcher, "metrics", f"srv_{num}")
    with pytest.raises(TooManyRequestsError):
        topics.subscribe(watcher, "metrics", f"srv_{nums[-1]}")
    topics.subscribe(watcher, "metrics", "srv_1")


def test_the_fleet_begins_whole_and_goes_on_with_changes() -> None:
    fleet = fleet_of(1, 2)
    topics = topics_of(fleet)
    follower = topics.session(OWNER)
    topics.subscribe(follower, "fleet")
    [first] = taken(follower)
    fleet.observed(state_of(fleet, "srv_2"), sample(), Mark("e", 1), NOW_MS)
    topics.publish_fleet(fleet.take_changes())
    [second] = taken(follower)
    assert [view["id"] for view in first["servers"]] == ["srv_1", "srv_2"]
    assert (second["type"], [view["id"] for view in second["servers"]]) == ("fleet_update", ["srv_2"])


def test_nobody_is_told_when_nothing_changed() -> None:
    fleet = fleet_of()
    topics, follower = topics_of(fleet), client()
    topics.subscribe(follower, "fleet")
    taken(follower)
    topics.publish_fleet(fleet.take_changes())
    assert taken(follower) == []


@pytest.mark.parametrize(
    ("who", "happened", "is_told"),
    [
        (OWNER, event("srv_1"), True),
        (STRANGER, event("srv_1"), False),
        (ADMIN, event("srv_gone"), True),
        (OWNER, event("srv_gone"), False),
        (OWNER, event(None, OWNER.user_id), True),
        (OWNER, event(None, STRANGER.user_id), False),
        (ADMIN, event(None, STRANGER.user_id), True),
    ],
)
def test_events_reach_those_who_may_see_them(who: object, happened: EventView, *, is_told: bool) -> None:
    topics = topics_of(fleet_of())
    listener = client(who)  # type: ignore[arg-type] # a Principal
    topics.subscribe(listener, "events")
    topics.event_recorded(happened)
    assert is_told == bool(taken(listener))


def test_events_can_be_narrowed_to_a_server_and_come_once() -> None:
    topics, listener = topics_of(fleet_of(1, 2)), client()
    topics.subscribe(listener, "events", "srv_1")
    topics.event_recorded(event("srv_2"))
    topics.event_recorded(event(None, OWNER.user_id))
    assert taken(listener) == []
    topics.subscribe(listener, "events", "srv_2")
    topics.event_recorded(event("srv_2"))
    assert len(taken(listener)) == 1
    topics.unsubscribe(listener, "events", "srv_1")
    topics.unsubscribe(listener, "events", "srv_2")
    topics.event_recorded(event("srv_2"))
    assert taken(listener) == []


def test_leaving_ends_everything_and_the_agents_slow_down() -> None:
    intervals = Intervals()
    fleet = fleet_of()
    topics, watcher = topics_of(fleet, intervals), client()
    for topic, server_id in (("fleet", None), ("metrics", "srv_1"), ("events", None), ("alerts", "srv_1")):
        topics.subscribe(watcher, topic, server_id)
    topics.leave(watcher)
    topics.publish_sample("srv_1", sample())
    topics.event_recorded(event())
    fleet.changed("srv_1", name="x", tags=())
    topics.publish_fleet(fleet.take_changes())
    assert (set(), []) == (watcher.subscriptions, taken(watcher))


def _guest_watching(topic: str) -> tuple[ClientSession, object, object]:
    fleet = fleet_of()
    topics, watcher = topics_of(fleet), client(principal("usr_guest"))
    fleet.set_grant("srv_1", "usr_guest", "viewer")
    topics.subscribe(watcher, topic, "srv_1")
    fleet.drop_grant("srv_1", "usr_guest")
    return watcher, fleet, topics


@pytest.mark.parametrize("topic", ["metrics", "events", "alerts"])
def test_a_lost_grant_ends_the_subscription_at_once(topic: str) -> None:
    watcher, *_ = _guest_watching(topic)
    assert watcher.subscriptions == set()
    assert taken(watcher) == [
        {"type": "subscription_ended", "topic": topic, "server_id": "srv_1", "code": "not_found"}
    ]


def test_a_deleted_server_ends_the_subscriptions_of_all() -> None:
    fleet = fleet_of()
    topics, owner, admin = topics_of(fleet), client(OWNER), client(ADMIN)
    for watcher in (owner, admin):
        topics.subscribe(watcher, "metrics", "srv_1")
    fleet.removed("srv_1")
    topics.publish_sample("srv_1", sample())
    assert [frame["type"] for frame in taken(owner)] == ["subscription_ended"]
    assert [frame["type"] for frame in taken(admin)] == ["subscription_ended"]


def test_a_connection_for_one_server_ends_with_the_access_to_it() -> None:
    fleet = fleet_of()
    topics, watcher = topics_of(fleet), client()
    watcher.only_server = "srv_1"
    topics.subscribe(watcher, "metrics", "srv_1")
    fleet.removed("srv_1")
    assert watcher.outbox.closing == ACCESS_LOST


def test_a_user_who_became_less_keeps_only_what_they_may_see() -> None:
    topics = topics_of(fleet_of())
    watcher = topics.session(ADMIN)
    for topic, server_id in (("metrics", "srv_1"), ("events", None), ("fleet", None)):
        topics.subscribe(watcher, topic, server_id)
    taken(watcher)
    watcher.principal = STRANGER
    topics.check_access(watcher)
    assert watcher.subscriptions == {("events", None), ("fleet", None)}
    assert taken(watcher)[-1] == {"type": "fleet", "servers": []}


def container(server_id: str = "srv_1") -> ContainerMessage:
    return ContainerMessage(
        action="die", container=ContainerItem(server_id=server_id, name="web", state="exited")
    )


def test_changes_of_containers_reach_those_who_may_see_the_server() -> None:
    topics = topics_of(fleet_of(1, 2))
    everywhere, there, elsewhere, stranger = client(), client(), client(), client(STRANGER)
    topics.subscribe(everywhere, "containers")
    topics.subscribe(there, "containers", "srv_1")
    topics.subscribe(elsewhere, "containers", "srv_2")
    topics.subscribe(stranger, "containers")
    topics.publish_containers("srv_1", container())
    told = [[frame["container"]["name"] for frame in taken(each)] for each in (everywhere, there)]
    assert told == [["web"], ["web"]]
    assert [taken(each) for each in (elsewhere, stranger)] == [[], []]


def test_whoever_loses_sight_of_a_server_hears_no_more_of_its_containers() -> None:
    fleet, guest = fleet_of(), client(principal("usr_guest"))
    topics = topics_of(fleet)
    fleet.set_grant("srv_1", "usr_guest", "viewer")
    topics.subscribe(guest, "containers", "srv_1")
    fleet.drop_grant("srv_1", "usr_guest")
    topics.publish_containers("srv_1", container())
    assert [(frame["type"], frame["topic"]) for frame in taken(guest)] == [
        ("subscription_ended", "containers")
    ]
