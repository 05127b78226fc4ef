"""Windows, flapping, parts of the week, batches, destinations and wording: tables."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.alerts.batching import (
    GATHER_MS,
    MOST_A_MINUTE,
    Batch,
    next_batch,
    retry_ms,
)
from chatops_server.domain.alerts.destinations import DestinationError, destination
from chatops_server.domain.alerts.flapping import MOST_CHANGES, STEADY_AFTER_MS, Flaps, changed, looked_at
from chatops_server.domain.alerts.readings import reading, watched
from chatops_server.domain.alerts.weekly import ZoneError, end_of, is_within, zone
from chatops_server.domain.alerts.windows import Window
from chatops_server.domain.alerts.wording import amount
from chatops_wire import metrics
from chatops_wire.containers import Container
from chatops_wire.metrics import CATALOGUE, Unit, UnknownMetricError
from chatops_wire.rest_alerts import CONDITIONS, Aggregation, Weekly
from chatops_wire.samples import SampleParts
from tests.strategies import instances


@pytest.mark.parametrize(("aggregation", "expected"), [("avg", 4), ("min", 2), ("max", 6), ("last", 6)])
def test_a_window_is_judged_once_it_is_full(aggregation: Aggregation, expected: float) -> None:
    window = Window(20_000, aggregation)
    assert [window.add(at, 1) for at in (0, 10_000)] == [None, None]
    assert [window.add(at, value) for at, value in ((20_000, 2), (30_000, 6))][1] == expected


def test_a_window_begins_anew_where_the_clock_was_put_back() -> None:
    window = Window(10_000, "avg")
    window.add(0, 1)
    assert window.add(10_000, 1) == 1
    assert window.add(5_000, 9) is None


def test_it_flaps_after_two_whole_episodes_and_is_steady_after_a_while() -> None:
    flaps = Flaps()
    for at in range(MOST_CHANGES):
        flaps = changed(flaps, at)
        assert not flaps.is_flapping
    flaps = changed(flaps, MOST_CHANGES)
    assert flaps.is_flapping
    assert looked_at(flaps, MOST_CHANGES + STEADY_AFTER_MS - 1).is_flapping
    assert not looked_at(flaps, MOST_CHANGES + STEADY_AFTER_MS).is_flapping


NIGHT = Weekly(days=("fri",), from_="22:00", to="06:00", tz="Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-30T20:59:00Z", False),  # Friday, 21:59 there
        ("2026-01-30T21:00:00Z", True),
        ("2026-01-31T04:59:00Z", True),  # Saturday, still Friday's night
        ("2026-01-31T05:00:00Z", False),
        ("2026-01-31T21:30:00Z", False),
        ("2026-07-31T20:00:00Z", True),  # in summer an hour earlier
        ("2026-07-31T19:59:00Z", False),
    ],
)
def test_a_night_belongs_to_the_day_it_begins_on(moment: str, expected: bool) -> None:  # noqa: FBT001
    at_ms = round(datetime.fromisoformat(moment).timestamp() * 1000)
    assert is_within(NIGHT, at_ms) is expected


def test_a_whole_day_and_where_a_part_ends() -> None:
    sunday = round(datetime(2026, 2, 1, 12, 1, tzinfo=UTC).timestamp() * 1000)
    day = Weekly(days=("sun",), from_="00:00", to="00:00")
    assert is_within(day, sunday)
    assert end_of(day, sunday) == round(datetime(2026, 2, 2, tzinfo=UTC).timestamp() * 1000)
    with pytest.raises(ZoneError):
        zone("Mars/Olympus")


@dataclass(frozen=True)
class Row:
    alert_id: str
    gathers: bool = False
    created_ms: int = 0
    due_ms: int = 0


def test_what_tells_of_an_alert_waits_for_what_told_of_it_before() -> None:
    waiting = [Row("a", due_ms=50), Row("a"), Row("b")]
    assert next_batch(waiting, 10, []) == Batch((2,))
    assert next_batch(waiting[:2], 10, []) == Batch(next_ms=50)


def test_many_at_once_are_one_message() -> None:
    assert next_batch([Row(str(at)) for at in range(6)], 0, []) == Batch(tuple(range(6)))
    assert next_batch([Row(str(at)) for at in range(5)], 0, []) == Batch((0,))


def test_servers_that_are_down_wait_for_each_other_for_a_minute_at_most() -> None:
    waiting = [Row(str(at), gathers=True, created_ms=at * 9_000) for at in range(8)]
    assert next_batch(waiting[:2], 9_000 + GATHER_MS - 1, []) == Batch(next_ms=9_000 + GATHER_MS)
    assert next_batch(waiting[:2], 9_000 + GATHER_MS, []) == Batch((0, 1))
    assert next_batch(waiting, 63_000, []) == Batch(tuple(range(8)))


def test_a_channel_is_sent_so_many_messages_a_minute() -> None:
    sent = list(range(MOST_A_MINUTE))
    assert next_batch([Row("a")], 100, sent) == Batch(next_ms=60_000)
    assert next_batch([Row("a")], 60_000, sent) == Batch((0,))
    assert next_batch([], 0, sent) == Batch()


def test_it_is_tried_again_within_ten_seconds_then_within_a_minute() -> None:
    waits = [retry_ms(attempts) for attempts in range(1, 20)]
    assert waits[0] <= 10_000
    assert waits[0] + waits[1] <= 60_000
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    ("url", "kind", "to", "shown"),
    [
        ("https://hooks.example.com/T0/B0?k=1", "webhook", "https://hooks.example.com/T0/B0?k=1",
         "https://hooks.example.com/***"),
        ("json://10.0.0.9:8000/path", "webhook", "http://10.0.0.9:8000/path", "json://10.0.0.9:8000/***"),
        ("jsons://ann:pw@host", "webhook", "https://host/", "jsons://host/***"),
        ("http://[::1]:80", "webhook", "http://[::1]:80/", "http://[::1]:80"),
        ("tgram://token/chat", "apprise", "tgram://token/chat", "tgram://***"),
    ],
)  # fmt: skip
def test_an_address_is_shown_without_its_secrets(url: str, kind: str, to: str, shown: str) -> None:
    where = destination(url)
    assert (where.kind, where.url, where.shown) == (kind, to, shown)


def test_user_and_password_of_a_webhook_are_taken_out() -> None:
    where = destination("https://ann:p%40ss@host/x")
    assert (where.username, where.password, where.url) == ("ann", "p@ss", "https://host/x")


@given(st.text())
def test_nothing_but_its_own_error_comes_out_of_an_address(text: str) -> None:
    with suppress(DestinationError):
        assert destination(text).shown


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (96.25, "percent", "96.2 %"),
        (95, "percent", "95 %"),
        (1536, "bytes", "1.5 KiB"),
        (3 * 1024**3, "bytes/s", "3 GiB/s"),
        (2**70, "bytes", "1048576 PiB"),
        (61.5, "celsius", "61.5 °C"),
        (8, "load", "8"),
        (90, "seconds", "90 s"),
    ],
)
def test_amounts_are_said_in_their_unit(value: float, unit: Unit, said: str) -> None:
    assert amount(value, unit) == said


@given(instances(SampleParts))
def test_a_reading_agrees_with_the_metric_of_charts(sample: SampleParts) -> None:
    for name in CATALOGUE:
        ref = metrics.parse(name)
        if name != "server.up":
            assert reading(ref)(sample) == pytest.approx(metrics.read(sample, ref), nan_ok=True)


@given(instances(SampleParts))
def test_every_condition_can_be_read_off_any_sample(sample: SampleParts) -> None:
    for name in CONDITIONS:
        value = reading(watched(name))(sample) if name != "container.restarting" else None
        assert value is None or value == value  # noqa: PLR0124 - not a NaN


PLAIN_SAMPLE = msgspec.convert(
    {
        "timestamp": "2026-01-31T12:00:00.000Z",
        "cpu": {"percent": 1},
        "memory": {"total": 1, "used": 1, "available": 0, "percent": 100},
    },
    SampleParts,
)


@pytest.mark.parametrize(
    ("said", "stopped"),
    [
        ({"status": "Exited (2) 3 minutes ago"}, 1),
        ({"status": "Exited (0) 3 minutes ago"}, 0),
        ({"status": "Exited (137) 3 minutes ago"}, 0),
        ({"status": "Exited (2) 3 minutes ago", "exit_code": 0}, 0),
        ({"status": "Exited (0) 3 minutes ago", "exit_code": 2}, 1),
        ({"status": "Exited (137) 3 minutes ago", "oom_killed": True}, 1),
        ({"status": "Exited (99999999999999999999) now"}, 0),
        ({"status": "Exited"}, 0),
        ({"status": "Up 3 minutes", "state": "running"}, 0),
    ],
)
def test_how_a_container_ended_is_read_off_its_status_where_no_code_is_given(
    said: dict[str, object], stopped: int
) -> None:
    container = msgspec.convert({"id": "c" * 12, "name": "job", "state": "exited", **said}, Container)
    told = msgspec.structs.replace(PLAIN_SAMPLE, containers=(container,))
    assert reading(watched("container.stopped"))(told) == stopped


@pytest.mark.parametrize("text", ["nothing", "cpu.percent:x", "container.unhealthy:", "load.per_core:1"])
def test_what_is_no_metric_is_refused(text: str) -> None:
    with pytest.raises(UnknownMetricError):
        watched(text)
