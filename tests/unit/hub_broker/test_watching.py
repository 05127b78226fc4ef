"""An agent samples every second from the first watcher until some seconds after the last."""

from chatops_server.broker.watching import LINGER_S, WATCHED_INTERVAL_S, Watching
from tests.broker_builders import Intervals


def _watching() -> tuple[Intervals, Watching]:
    intervals = Intervals()
    return intervals, Watching(intervals.configure, intervals.now)


def test_the_first_watcher_makes_the_agent_fast_and_the_second_changes_nothing() -> None:
    intervals, watching = _watching()
    assert watching.interval_s("srv_1") is None
    watching.watch("srv_1")
    watching.watch("srv_1")
    assert intervals.asked == [("srv_1", WATCHED_INTERVAL_S)]
    assert watching.interval_s("srv_1") == WATCHED_INTERVAL_S


def test_the_interval_is_given_back_some_seconds_after_the_last_watcher() -> None:
    intervals, watching = _watching()
    watching.watch("srv_1")
    watching.unwatch("srv_1")
    intervals.clock += LINGER_S - 0.1
    watching.sweep()
    assert intervals.asked == [("srv_1", WATCHED_INTERVAL_S)]
    intervals.clock += 0.1
    watching.sweep()
    watching.sweep()
    assert intervals.asked == [("srv_1", WATCHED_INTERVAL_S), ("srv_1", None)]
    assert watching.interval_s("srv_1") is None


def test_who_comes_back_in_time_finds_the_agent_still_fast() -> None:
    intervals, watching = _watching()
    watching.watch("srv_1")
    watching.unwatch("srv_1")
    assert watching.interval_s("srv_1") == WATCHED_INTERVAL_S
    watching.watch("srv_1")
    intervals.clock += 10 * LINGER_S
    watching.sweep()
    assert intervals.asked == [("srv_1", WATCHED_INTERVAL_S)]


def test_each_server_counts_for_itself() -> None:
    intervals, watching = _watching()
    watching.watch("srv_1")
    watching.watch("srv_2")
    watching.unwatch("srv_1")
    intervals.clock += LINGER_S
    watching.sweep()
    assert intervals.asked == [("srv_1", 1.0), ("srv_2", 1.0), ("srv_1", None)]
