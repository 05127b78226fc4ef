"""What is kept of servers nobody looks at: little, and yet enough for their first picture."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Row
from chatops_tui.store.ranges import FIVE_MINUTES
from chatops_tui.store.recent import MOST_SAMPLES, SPARK_BUCKETS, SPARK_STEP_MS, Recent, Spark
from chatops_tui.store.vitals import KEPT
from chatops_wire.client import MetricsEvent
from chatops_wire.rest import ServerView

NOW = 1_700_000_000_000
CPU, RX = "cpu.percent", "net.rx_bps"
TIMES = st.lists(st.integers(0, 400).map(lambda second: NOW + second * 1000), max_size=150)


def six(cpu: float, rx: float | None = None) -> tuple[float | None, ...]:
    return (cpu, 1.0, rx, None, None, None)


@given(TIMES)
def test_whatever_comes_the_times_ascend_and_only_the_newest_are_kept(times: list[int]) -> None:
    recent = Recent()
    for at_ms in times:
        recent.add(at_ms, six(float(at_ms // 1000 % 100)))
    found = recent.curve(CPU, 0)
    assert list(found.times_ms) == sorted(set(found.times_ms))
    assert len(found.times_ms) == min(MOST_SAMPLES, len(set(times)))
    assert list(found.values) == [at_ms // 1000 % 100 for at_ms in found.times_ms]


def test_what_a_sample_does_not_tell_is_no_point() -> None:
    recent = Recent()
    recent.add(NOW, six(10.0))
    recent.add(NOW + 5000, six(20.0, rx=7.0))
    assert recent.curve(CPU, 0).values == (10.0, 20.0)
    assert (recent.curve(RX, 0).times_ms, recent.curve(RX, 0).values) == ((NOW + 5000,), (7.0,))
    assert recent.curve(CPU, NOW + 1).values == (20.0,)
    assert recent.curve("load.1", 0).times_ms == ()


def test_the_same_second_counts_once() -> None:
    recent = Recent()
    for cpu in (10.0, 30.0):
        recent.add(NOW, six(cpu))
    assert recent.curve(CPU, 0).values == (30.0,)


def test_a_server_that_is_looked_at_begins_with_what_was_kept_of_it(
    make_view: Callable[..., ServerView], make_sample: Callable[..., MetricsEvent]
) -> None:
    memory = ServerMemory(Row(make_view("a", None), None, None, None))
    for second in (0, 5, 10):
        memory.take_sample(make_sample("a", NOW + second * 1000, cpu=float(second)), NOW + second * 1000)
    before = memory.curve(CPU, FIVE_MINUTES, NOW + 10_000)
    memory.ask_history(FIVE_MINUTES)
    memory.take_sample(make_sample("a", NOW + 11_000, cpu=50.0), NOW + 11_000)
    after = memory.curve(CPU, FIVE_MINUTES, NOW + 11_000)
    assert before.values == (0.0, 5.0, 10.0)
    assert after.values == (0.0, 5.0, 10.0, 50.0)
    assert after.times_ms[:3] == before.times_ms
    assert all(memory.curve(metric, FIVE_MINUTES, NOW + 11_000).times_ms for metric in KEPT[:2])


def bucket(number: int) -> int:
    return NOW + number * SPARK_STEP_MS


def test_a_spark_averages_its_points_and_tells_gaps() -> None:
    spark = Spark()
    for at_ms, percent in ((bucket(0), 10.0), (bucket(0) + 5000, 20.0), (bucket(3), 40.0)):
        spark.add(at_ms, percent)
    assert spark.cells(5, bucket(3)) == [None, 15.0, None, None, 40.0]
    # The next has only begun.
    assert spark.cells(2, bucket(4)) == [None, 40.0]


def test_a_spark_is_filled_by_the_hub_and_keeps_what_is_newer() -> None:
    spark = Spark()
    spark.fill((1, 2, 3), bucket(0))
    assert spark.cells(4, bucket(0)) == [None, 1.0, 2.0, 3.0]
    spark.add(bucket(2), 9.0)
    spark.fill((1, 2, 3), bucket(0))
    assert spark.cells(5, bucket(2)) == [1.0, 2.0, 3.0, None, 9.0]


def test_a_clock_that_is_put_back_begins_anew() -> None:
    spark = Spark()
    spark.add(bucket(SPARK_BUCKETS * 3), 80.0)
    spark.add(bucket(0), 5.0)
    assert spark.cells(1, bucket(0)) == [5.0]


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 100)), min_size=1, max_size=80))
def test_the_newest_point_of_a_spark_is_the_average_of_what_came(samples: list[tuple[int, int]]) -> None:
    spark = Spark()
    for number, percent in sorted(samples):
        spark.add(bucket(number), float(percent))
    newest = max(number for number, _percent in samples)
    values = [percent for number, percent in samples if number == newest]
    found = spark.cells(1, bucket(newest))[0]
    assert found is not None
    assert abs(found - sum(values) / len(values)) < 0.01
