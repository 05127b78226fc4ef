"""Events in, rows and curves out."""

import msgspec
import pytest
from msgspec.structs import replace

from chatops_tui.store.history_state import HistoryPhase
from chatops_tui.store.memory import TIMELINE_LENGTH
from chatops_tui.store.models import (
    Health,
    HistoryAnswered,
    HistoryAsked,
    HistoryFailed,
    Link,
    LinkChanged,
    LinkPhase,
    SignedIn,
    TimelineAnswered,
)
from chatops_tui.store.ranges import FIVE_MINUTES, ONE_DAY, ONE_HOUR
from chatops_tui.store.store import FLEET, LINK, USER, Store, server_topic
from chatops_tui.store.track import Curve
from chatops_wire.client import EventMessage, Fleet, FleetUpdate
from chatops_wire.rest import EventView, History, MetricsView, Series, UserView
from chatops_wire.samples import Cpu, Disk, Memory, Network
from chatops_wire.times import format_ms
from tests.unit.tui_store.conftest import MakeSample, MakeView

NOW = 1_700_000_000_000
LIVE = Link(LinkPhase.LIVE, NOW)


def event(event_id: str, server_id: str | None = "a") -> EventView:
    return EventView(id=event_id, ts="", kind="k", server_id=server_id, user_id=None, message="", data={})


@pytest.fixture
def store(make_view: MakeView) -> Store:
    made = Store()
    made.apply(Fleet(servers=(make_view("a", NOW), make_view("b", None, status="never"))), NOW)
    made.take_dirty()
    return made


def test_before_the_first_fleet_nothing_is_known() -> None:
    store = Store()
    assert not store.is_loaded
    assert store.rows() == []
    assert store.server("a") is None
    assert store.take_dirty() == frozenset()


def test_a_fleet_frame_makes_rows_and_marks_them(make_view: MakeView) -> None:
    store = Store()
    store.apply(Fleet(servers=(make_view("a", NOW), make_view("b", None, status="never"))), NOW)
    assert store.is_loaded
    assert [row.id for row in store.rows()] == ["a", "b"]
    assert store.is_urgent
    assert store.take_dirty() >= {FLEET, server_topic("a"), server_topic("b")}
    assert store.take_dirty() == frozenset()
    assert not store.is_urgent
    first, second = store.rows()
    assert first.vitals is not None
    assert (first.vitals.cpu, first.vitals.rx, first.vitals.read, first.vitals.net) == (
        10.0,
        100.0,
        5.0,
        150.0,
    )
    assert first.last_seen_ms == first.sampled_ms == NOW
    assert (first.name, first.tags, first.status) == ("srv-a", (), "online")
    assert second.vitals is None
    assert second.health is Health.NEVER


def test_vitals_of_a_bare_sample(store: Store, make_sample: MakeSample) -> None:
    store.apply(make_sample("a", NOW + 1000, cpu=20), NOW + 1000)
    row = store.rows()[0]
    assert row.vitals is not None
    assert (row.vitals.cpu, row.vitals.disk, row.vitals.net, row.vitals.load) == (20, None, None, None)


def test_several_disks_and_networks(make_view: MakeView) -> None:
    disks = (
        Disk(mount="/", total=1, used=1, percent=50, read_bps=1, write_bps=None),
        Disk(mount="/b", total=1, used=1, percent=91, read_bps=2, write_bps=4),
    )
    networks = (Network(interface="a", rx_bps=1, tx_bps=2), Network(interface="b"))
    store = Store()
    store.apply(Fleet(servers=(make_view("a", NOW, disks=disks, networks=networks),)), NOW)
    vitals = store.rows()[0].vitals
    assert vitals is not None
    assert (vitals.disk, vitals.read, vitals.write, vitals.rx, vitals.tx) == (91, 3, 4, 1, 2)
    assert store.rows()[0].health is Health.CRITICAL


@pytest.mark.parametrize(
    ("given", "health"),
    [
        ({}, Health.OK),
        ({"cpu": 70}, Health.WARNING),
        ({"memory": 90.0}, Health.CRITICAL),
        ({"disks": ()}, Health.OK),
        ({"cpu": 99, "status": "offline"}, Health.OFFLINE),
    ],
)
def test_health(make_view: MakeView, given: dict[str, object], health: Health) -> None:
    store = Store()
    store.apply(Fleet(servers=(make_view("a", NOW, **given),)), NOW)
    assert store.rows()[0].health is health


def test_online_without_a_sample_is_no_worry(make_view: MakeView) -> None:
    store = Store()
    store.apply(Fleet(servers=(make_view("a", None),)), NOW)
    assert store.rows()[0].health is Health.OK


def test_an_update_changes_adds_and_removes(store: Store, make_view: MakeView) -> None:
    changed = make_view("a", NOW + 5000, cpu=80)
    store.apply(FleetUpdate(servers=(changed, make_view("c", NOW)), removed=("b", "unknown")), NOW + 5000)
    assert [row.id for row in store.rows()] == ["a", "c"]
    assert store.rows()[0].health is Health.WARNING
    assert store.take_dirty() >= {FLEET, server_topic("a"), server_topic("b"), server_topic("c")}


def test_a_second_fleet_frame_keeps_the_series_and_drops_the_rest(store: Store, make_view: MakeView) -> None:
    store.apply(Fleet(servers=(make_view("a", NOW + 5000),)), NOW + 5000)
    assert [row.id for row in store.rows()] == ["a"]
    memory = store.server("a")
    assert memory is not None
    assert len(memory.curve("cpu.percent", FIVE_MINUTES, NOW + 5000).times_ms) == 2
    assert server_topic("b") in store.take_dirty()


def test_the_same_sample_by_two_ways_counts_once(
    store: Store, make_view: MakeView, make_sample: MakeSample
) -> None:
    store.apply(make_sample("a", NOW + 1000, cpu=30), NOW + 1000)
    store.apply(make_sample("a", NOW + 2000, cpu=50), NOW + 2000)
    store.apply(FleetUpdate(servers=(make_view("a", NOW + 1000, cpu=30),)), NOW + 2100)
    store.apply(make_sample("a", NOW + 2000, cpu=50), NOW + 2200)
    memory = store.server("a")
    assert memory is not None
    assert memory.row.vitals is not None
    assert memory.row.vitals.cpu == 50
    assert memory.curve("cpu.percent", FIVE_MINUTES, NOW + 2200).values == (10.0, 30.0, 50.0)
    assert memory.sample is not None


def test_going_offline_keeps_the_last_numbers_and_what_the_hub_saw_last(
    store: Store, make_view: MakeView
) -> None:
    gone = make_view("a", NOW - 60_000, status="offline")
    store.apply(FleetUpdate(servers=(gone,)), NOW + 60_000)
    row = store.rows()[0]
    assert row.health is Health.OFFLINE
    assert row.last_seen_ms == NOW - 60_000
    assert row.vitals is not None
    never = make_view("a", None, status="offline")
    store.apply(FleetUpdate(servers=(never,)), NOW + 61_000)
    assert store.rows()[0].vitals is not None
    assert store.rows()[0].last_seen_ms is None


def whole(ts_ms: int, cpu: float) -> MetricsView:
    memory = Memory(total=1, used=1, percent=1.0)
    return MetricsView(server_id="a", seq=1, timestamp=format_ms(ts_ms), cpu=Cpu(percent=cpu), memory=memory)


def test_a_sample_that_was_asked_for_says_nothing_of_the_clock(store: Store) -> None:
    store.apply(whole(NOW + 1000, 70), NOW + 400_000)
    memory = store.server("a")
    assert memory is not None
    assert memory.row.vitals is not None
    assert memory.row.vitals.cpu == 70
    assert memory.row.last_seen_ms == NOW
    assert memory.clock_ahead_ms == 0


def test_a_sample_that_was_asked_for_and_is_older_than_what_is_known_is_ignored(store: Store) -> None:
    store.apply(whole(NOW - 1, 70), NOW)
    memory = store.server("a")
    assert memory is not None
    assert memory.sample is None


def test_samples_and_events_of_unknown_servers_are_ignored(store: Store, make_sample: MakeSample) -> None:
    store.apply(make_sample("zzz", NOW), NOW)
    store.apply(EventMessage(event=event("1", "zzz")), NOW)
    store.apply(EventMessage(event=event("2", None)), NOW)
    store.apply(HistoryAsked("zzz", ONE_HOUR), NOW)
    assert store.take_dirty() == frozenset()


def test_a_sample_whose_time_is_none_is_an_error(store: Store, make_sample: MakeSample) -> None:
    sample = make_sample("a", NOW)
    with pytest.raises(ValueError, match="isoformat"):
        store.apply(type(sample)(server_id="a", timestamp="x", cpu=sample.cpu, memory=sample.memory), NOW)


def history(metric: str = "cpu.percent", step_s: float = 300.0) -> History:
    points = tuple((NOW - 600_000 + n * 300_000, float(n), 0.0, 9.0) for n in range(2))
    series = (
        Series(metric=metric, unit="percent", points=points),
        Series(metric="load.1", unit="load", points=points),
    )
    return History(server_id="a", start="", end="", step_s=step_s, tier="raw", series=series)


def test_history_goes_from_absent_through_loading_to_loaded_and_live_samples_join_it(
    store: Store, make_sample: MakeSample
) -> None:
    memory = store.server("a")
    assert memory is not None
    assert memory.history(ONE_DAY).phase is HistoryPhase.ABSENT
    assert memory.curve("cpu.percent", ONE_DAY, NOW) == Curve()
    store.apply(HistoryAsked("a", ONE_DAY), NOW)
    assert memory.history(ONE_DAY).phase is HistoryPhase.LOADING
    store.apply(make_sample("a", NOW + 1000, cpu=30), NOW + 1000)
    store.apply(HistoryAnswered(ONE_DAY, history()), NOW + 1500)
    assert memory.history(ONE_DAY).phase is HistoryPhase.LOADED
    curve = memory.curve("cpu.percent", ONE_DAY, NOW + 2000)
    assert curve.values[0] == 0.0
    assert curve.highs[0] == 9.0
    assert len(curve.times_ms) == 3
    assert server_topic("a") in store.take_dirty()


def test_history_that_fails_says_why(store: Store) -> None:
    store.apply(HistoryFailed("a", ONE_HOUR, "no route"), NOW)
    memory = store.server("a")
    assert memory is not None
    assert memory.history(ONE_HOUR).phase is HistoryPhase.FAILED
    assert memory.history(ONE_HOUR).reason == "no route"


def test_the_finest_range_keeps_single_seconds_after_a_coarser_answer(
    store: Store, make_sample: MakeSample
) -> None:
    store.apply(HistoryAnswered(FIVE_MINUTES, history(step_s=5.0)), NOW)
    for second in (1, 2, 3):
        store.apply(make_sample("a", NOW + second * 1000), NOW + second * 1000)
    memory = store.server("a")
    assert memory is not None
    times = memory.curve("cpu.percent", FIVE_MINUTES, NOW + 3000).times_ms
    assert times[-3:] == (NOW + 1000, NOW + 2000, NOW + 3000)


def test_a_new_connection_asks_for_history_again(store: Store) -> None:
    store.apply(LinkChanged(LIVE), NOW)
    store.apply(HistoryAnswered(ONE_HOUR, history(step_s=10)), NOW)
    memory = store.server("a")
    assert memory is not None
    store.apply(LinkChanged(Link(LinkPhase.LIVE, NOW + 9, rtt_ms=3.0)), NOW)
    assert memory.history(ONE_HOUR).phase is HistoryPhase.LOADED
    assert store.link == replace(LIVE, rtt_ms=3.0)
    store.apply(LinkChanged(Link(LinkPhase.RECONNECTING, NOW + 10)), NOW)
    assert memory.history(ONE_HOUR).phase is HistoryPhase.LOADED
    store.take_dirty()
    store.apply(LinkChanged(Link(LinkPhase.LIVE, NOW + 20)), NOW)
    assert memory.history(ONE_HOUR).phase is HistoryPhase.ABSENT
    assert store.take_dirty() >= {LINK, server_topic("a")}


def test_history_is_forgotten_again_once_the_backlog_of_an_agent_that_is_back_has_come(
    store: Store, make_view: MakeView
) -> None:
    memory = store.server("a")
    assert memory is not None
    for back_ms, event_of_it in (
        (NOW, LinkChanged(LIVE)),
        (NOW + 60_000, FleetUpdate(servers=(make_view("a", NOW),))),
    ):
        store.apply(event_of_it, back_ms)
        for after_ms, is_forgotten in (
            (0, False),
            (5_000, True),
            (6_000, False),
            (20_000, True),
            (40_000, False),
        ):
            store.apply(HistoryAnswered(ONE_HOUR, history(step_s=10)), back_ms + after_ms)
            memory.refill(back_ms + after_ms)
            assert (memory.history(ONE_HOUR).phase is HistoryPhase.ABSENT) == is_forgotten
            assert memory.curve("cpu.percent", ONE_HOUR, NOW).times_ms
        store.apply(FleetUpdate(servers=(make_view("a", NOW, status="offline"),)), back_ms + 50_000)


def test_history_is_asked_for_again_for_as_long_as_a_backlog_drains(
    store: Store, make_sample: MakeSample
) -> None:
    memory = store.server("a")
    assert memory is not None
    asked = []
    for second in range(0, 100, 2):
        now_ms = NOW + second * 1000
        # A `live` sample has no place in the order yet; from the minute on all is stored again.
        sample = msgspec.structs.replace(make_sample("a", now_ms), seq=None if second < 60 else second)
        store.apply(sample, now_ms)
        memory.refill(now_ms)
        if memory.history(ONE_HOUR).phase is HistoryPhase.ABSENT:
            asked.append(second)
            store.apply(HistoryAnswered(ONE_HOUR, history(step_s=10)), now_ms)
    assert asked == [0, 10, 22, 34, 46, 58, 66, 80]


def test_a_round_trip_alone_is_no_news(store: Store) -> None:
    store.apply(LinkChanged(LIVE), NOW)
    assert store.is_urgent
    store.take_dirty()
    store.apply(LinkChanged(replace(LIVE, rtt_ms=5.0)), NOW)
    assert store.take_dirty() == frozenset()
    assert store.link.rtt_ms == 5.0


def test_the_timeline_is_newest_first_bounded_and_without_doubles(store: Store) -> None:
    store.apply(TimelineAnswered("a", tuple(event(str(n)) for n in range(150))), NOW)
    memory = store.server("a")
    assert memory is not None
    assert len(memory.timeline) == TIMELINE_LENGTH
    store.apply(EventMessage(event=event("new")), NOW)
    store.apply(EventMessage(event=event("new")), NOW)
    assert [entry.id for entry in memory.timeline][:2] == ["new", "0"]


def test_who_is_signed_in_and_forgetting_it(store: Store) -> None:
    user = UserView(id="u", username="ann", role="admin")
    store.apply(SignedIn(user, "http://hub"), NOW)
    assert (store.user, store.hub) == (user, "http://hub")
    assert store.take_dirty() == {USER}
    store.reset()
    assert store.user is None
    assert not store.is_loaded
    assert store.rows() == []
    assert store.take_dirty() == {FLEET, USER}


def test_the_sparkline_is_filled_by_the_hub_and_goes_on_live(
    make_view: MakeView, make_sample: MakeSample
) -> None:
    start = NOW - NOW % 10_000
    store = Store()
    store.apply(Fleet(servers=(make_view("a", start, cpu=50, cpu_recent=(10, 20, 30)),)), start)
    memory = store.server("a")
    assert memory is not None
    assert memory.spark(4, start) == [None, 10.0, 20.0, 30.0]
    store.apply(make_sample("a", start + 10_000, cpu=40), start + 10_000)
    assert memory.spark(4, start + 10_000) == [10.0, 20.0, 30.0, 40.0]
    assert memory.spark(4, start + 20_000) == [10.0, 20.0, 30.0, 40.0]
    assert memory.spark(4, start + 30_000) == [20.0, 30.0, 40.0, None]


def test_a_sparkline_without_a_sample_ends_now(make_view: MakeView) -> None:
    start = NOW - NOW % 10_000
    store = Store()
    store.apply(Fleet(servers=(make_view("a", None, cpu_recent=(10, 20)),)), start)
    memory = store.server("a")
    assert memory is not None
    assert memory.spark(2, start) == [10.0, 20.0]


@pytest.mark.parametrize(
    ("ahead_ms", "expected_ms"), [(0, 0), (-10_000, 0), (120_000, 120_000), (-90_000, -90_000)]
)
def test_charts_end_at_the_agents_own_now(
    store: Store, make_sample: MakeSample, ahead_ms: int, expected_ms: int
) -> None:
    store.apply(make_sample("a", NOW + 5000 + ahead_ms), NOW + 5000)
    memory = store.server("a")
    assert memory is not None
    assert memory.now_ms(NOW + 5000) == NOW + 5000 + expected_ms
