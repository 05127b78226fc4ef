"""Round numbers on the left, clock times below."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render import axes
from chatops_tui.render.axes import Scale
from chatops_wire.metrics import Unit

UNITS: list[Unit] = ["percent", "bytes", "bytes/s", "celsius", "load", "count", "seconds"]
BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def times(line: str) -> list[str]:
    return [part for part in line.split("─") if part]


@given(st.one_of(st.none(), st.floats(0, 1e17)), st.sampled_from(UNITS), st.floats(0, 1e17))
def test_a_scale_has_room_for_the_highest_value(highest: float | None, unit: Unit, least: float) -> None:
    shown = axes.scale(highest, unit, least)
    assert shown.bottom == 0
    assert shown.top >= max(highest or 0, least)
    assert shown.top > 0


@given(st.floats(0, 8e8), st.sampled_from(UNITS), st.integers(0, 40), st.booleans())
def test_labels_fit_and_stay_two_rows_apart(
    highest: float,
    unit: Unit,
    rows: int,
    is_whole: bool,  # noqa: FBT001 - Hypothesis gives it by place
) -> None:
    labels = axes.y_labels(axes.scale(highest, unit, is_whole=is_whole), unit, rows)
    named = [row for row, label in enumerate(labels) if label]
    assert len(labels) == rows
    assert all(len(label) <= axes.LABEL_WIDTH for label in labels)
    assert all(later - row >= 2 for row, later in pairwise(named)) or rows < 3


@pytest.mark.parametrize(
    ("highest", "unit", "least", "top"),
    [
        (None, "percent", 0, 100),
        (40, "percent", 0, 100),
        (412, "percent", 0, 500),
        (None, "bytes/s", 0, 1024),
        (12.1 * 1024**2, "bytes/s", 0, 16 * 1024**2),
        (0, "load", 0, 1),
        (0.3, "load", 1, 1),
        (3.2, "load", 0, 4),
        (4.1, "load", 0, 6),
        (8.5, "load", 0, 10),
        (95, "celsius", 0, 100),
        (1, "bool", 0, 1),
    ],
)
def test_scales(highest: float | None, unit: Unit, least: float, top: float) -> None:
    assert axes.scale(highest, unit, least) == Scale(0, top)


@pytest.mark.parametrize(("highest", "top"), [(None, 10), (6.2, 10), (13.0, 20), (388.0, 400)])
def test_shares_of_a_core_are_of_no_whole(highest: float | None, top: float) -> None:
    assert axes.scale(highest, "percent", 10.0, is_whole=False) == Scale(0, top)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (0, []),
        (1, ["100%"]),
        (2, ["100%", "0%"]),
        (4, ["100%", "", "", "0%"]),
        (5, ["100%", "", "50%", "", "0%"]),
        (13, ["100%", "", "", "75%", "", "", "50%", "", "", "25%", "", "", "0%"]),
    ],
)
def test_as_many_labels_as_there_is_room_for(rows: int, expected: list[str]) -> None:
    assert axes.y_labels(Scale(0, 100), "percent", rows) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (16 * 1024**2, "bytes", "16M"),
        (512 * 1024, "bytes/s", "512K"),
        (0, "bytes/s", "0"),
        (1.5, "load", "1.5"),
        (4, "count", "4"),
        (20_000, "count", "20k"),
        (12_500, "count", "12.5k"),
        (54, "celsius", "54°"),
        (7200, "seconds", "2h"),
        (1, "bool", "1"),
    ],
)
def test_labels(value: float, unit: Unit, expected: str) -> None:
    assert axes.y_label(value, unit) == expected


@given(st.integers(0, 2 * 10**12), st.integers(0, 10**10), st.integers(0, 200))
def test_a_time_axis_is_exactly_as_wide_as_asked(start: int, span: int, width: int) -> None:
    line = axes.time_axis(start, start + span, width, BERLIN)
    assert len(line) == width


def test_a_label_stands_centred_on_its_moment() -> None:
    begin = ms("2026-01-31T12:00:00")
    assert axes.time_axis(begin, begin + 240_000, 40, UTC) == "────────12:01─────12:02─────12:03───────"


def test_short_spans_name_seconds() -> None:
    begin = ms("2026-01-31T12:00:00")
    assert times(axes.time_axis(begin, begin + 30_000, 40, UTC)) == ["12:00:10", "12:00:20"]


def test_times_are_those_of_the_zone() -> None:
    begin = ms("2026-01-31T12:00:00")
    line = axes.time_axis(begin, begin + 240_000, 40, timezone(timedelta(hours=5, minutes=30)))
    assert "17:32" in line


def test_steps_follow_the_wall_clock_across_summer_time() -> None:
    begin = ms("2026-03-28T23:00:00")  # midnight in Berlin, the night the clock goes from 2 to 3
    line = axes.time_axis(begin, begin + 24 * 3_600_000, 130, BERLIN)
    assert times(line) == [
        "04:00",
        "06:00",
        "08:00",
        "10:00",
        "12:00",
        "14:00",
        "16:00",
        "18:00",
        "20:00",
        "22:00",
        "00:00",
    ]


def test_long_spans_name_days() -> None:
    begin = ms("2026-01-28T12:00:00")
    line = axes.time_axis(begin, begin + 7 * 86_400_000, 80, UTC)
    assert times(line) == ["29 Jan", "30 Jan", "31 Jan", "01 Feb", "02 Feb", "03 Feb", "04 Feb"]


def test_many_days_name_the_same_days_while_time_goes_on() -> None:
    begin = ms("2026-01-01T12:00:00")
    span = 60 * 86_400_000
    named = [
        set(axes.time_axis(begin + shift, begin + shift + span, 60, UTC).split("─"))
        for shift in (0, 86_400_000)
    ]
    assert len(named[0] & named[1]) > 3


def test_a_span_without_length_has_no_times() -> None:
    assert axes.time_axis(5, 5, 3, UTC) == "───"


@pytest.mark.parametrize(
    ("value", "rows", "expected"),
    [(0, 10, 9), (70, 10, 2), (100, 10, 0), (101, 10, None), (-1, 10, None), (50, 0, None)],
)
def test_the_row_a_value_stands_in(value: float, rows: int, expected: int | None) -> None:
    assert axes.row_of(value, Scale(0, 100), rows) == expected
