"""The last hour of every server in memory: answers only what it knows to be complete."""

import pytest

from chatops_server.domain.columns import host_row
from chatops_server.domain.ring import WINDOW_MS, Ring
from chatops_server.storage.base import Bucket, HistoryQuery
from chatops_server.storage.recent import RecentSamples, StoredSample, load_beside
from tests.hub_rows import HOUR_MS, NOON_MS, sample


def stored(ts_ms: int, cpu: float = 10.0, server_num: int = 1) -> StoredSample:
    return server_num, ts_ms, host_row(sample(1, ts_ms, cpu=cpu))


def query(start_ms: int, *metrics: str, end_ms: int = NOON_MS + 1) -> HistoryQuery:
    return HistoryQuery(1, metrics or ("cpu.percent",), start_ms, end_ms, 100)


def loaded(*samples: StoredSample) -> RecentSamples:
    """Return one that knows the hour before noon, in which these samples came."""
    recent = RecentSamples()
    recent.loaded(NOON_MS - WINDOW_MS)
    recent.add(samples, NOON_MS)
    return recent


def times(recent: RecentSamples, start_ms: int) -> list[int] | None:
    answer = recent.answer(query(start_ms))
    return None if answer is None else [bucket.ts_ms for bucket in answer.series["cpu.percent"]]


def test_before_the_last_hour_is_loaded_it_answers_nothing() -> None:
    recent = RecentSamples()
    recent.add([stored(NOON_MS)], NOON_MS)
    assert times(recent, NOON_MS - 1) is None


async def test_what_came_while_the_last_hour_was_loaded_stands_behind_it() -> None:
    recent = RecentSamples()
    recent.add([stored(NOON_MS), stored(NOON_MS, server_num=2)], NOON_MS)
    ring = Ring(0)
    ring.add(NOON_MS - 5_000, host_row(sample(1)), NOON_MS)
    await load_beside(recent, {1: ring, 3: Ring(0)}, NOON_MS)
    recent.loaded(NOON_MS - WINDOW_MS)
    assert times(recent, NOON_MS - HOUR_MS) == [NOON_MS - 5_000, NOON_MS]
    assert len(recent.cpu(2, NOON_MS)) == 1


def test_it_answers_from_when_it_is_complete() -> None:
    recent = loaded(stored(NOON_MS))
    assert times(recent, NOON_MS - WINDOW_MS) == [NOON_MS]
    assert times(recent, NOON_MS - WINDOW_MS - 1) is None


def test_a_server_without_samples_has_an_empty_chart() -> None:
    assert times(loaded(), NOON_MS - HOUR_MS) == []


def test_labels_are_not_here() -> None:
    assert loaded(stored(NOON_MS)).answer(query(NOON_MS - 1, "disk.used:/")) is None


def test_a_server_is_up_where_it_has_samples() -> None:
    answer = loaded(stored(NOON_MS)).answer(query(NOON_MS - 1, "server.up"))
    assert answer is not None
    assert answer.series["server.up"] == [Bucket(NOON_MS, 1, 1, 1)]


def test_a_silent_server_is_forgotten_and_its_past_is_not_claimed() -> None:
    recent = loaded(stored(NOON_MS), stored(NOON_MS + WINDOW_MS, server_num=2))
    later_ms = NOON_MS + WINDOW_MS + 1
    recent.drop_silent(later_ms)
    assert recent.cpu(1, NOON_MS) == []
    assert len(recent.cpu(2, NOON_MS + WINDOW_MS)) == 1
    assert times(recent, NOON_MS) is None
    assert times(recent, NOON_MS + 1) == []


@pytest.mark.parametrize(("now_ms", "expected"), [(NOON_MS + 9_999, [10, 30]), (NOON_MS + 290_000, [30])])
def test_recent_cpu_leaves_out_what_it_does_not_know(now_ms: int, expected: list[int]) -> None:
    recent = loaded(stored(NOON_MS - 40_000, 10.4), stored(NOON_MS, 20.0), stored(NOON_MS + 5_000, 40.0))
    assert expected == recent.cpu(1, now_ms)
