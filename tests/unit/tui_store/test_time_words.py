"""Times as people type them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.time_words import MomentError, parse_moment

# A Tuesday, 12:30 in Berlin.
NOW = int(datetime(2026, 11, 24, 11, 30, tzinfo=UTC).timestamp() * 1000)
BERLIN = ZoneInfo("Europe/Berlin")


def berlin(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2h", NOW - 7_200_000),
        ("90m ago", NOW - 5_400_000),
        ("-1d 6h", NOW - 30 * 3_600_000),
        ("-1.5h", NOW - 5_400_000),
        ("2 min ago", NOW - 120_000),
        ("12:05", berlin("2026-11-24T12:05")),
        ("  9:00:30 ", berlin("2026-11-24T09:00:30")),
        ("23:50", berlin("2026-11-23T23:50")),
        ("yesterday 14:05", berlin("2026-11-23T14:05")),
        ("Yesterday", berlin("2026-11-23T12:30")),
        ("mon 9:00", berlin("2026-11-23T09:00")),
        ("tuesday 9:00", berlin("2026-11-17T09:00")),
        ("2026-11-20", berlin("2026-11-20T00:00")),
        ("2026-11-20 14:05", berlin("2026-11-20T14:05")),
        ("2026-11-20T14:05:00Z", int(datetime(2026, 11, 20, 14, 5, tzinfo=UTC).timestamp() * 1000)),
        ("2026-11-20T14:05+02:00", int(datetime(2026, 11, 20, 12, 5, tzinfo=UTC).timestamp() * 1000)),
    ],
)
def test_each_way_to_write_a_moment_is_understood(text: str, expected: int) -> None:
    assert parse_moment(text, NOW, BERLIN) == expected


@pytest.mark.parametrize("text", ["now", " Live ", "0"])
def test_now_live_and_0_are_no_moment_of_the_past(text: str) -> None:
    assert parse_moment(text, NOW, BERLIN) is None


@pytest.mark.parametrize(
    "text",
    ["", "soon", "5m", "-", "ago", "25:00", "12:60", "today 25:00", "yesterday soon", "2026-13-01",
     "tomorrow",
     "2999-01-01", "today 23:59", "1969-01-01", "-1000w", "-99999999999999d", "1:2:3:4", "24"],
)  # fmt: skip
def test_what_is_no_moment_of_the_past_is_said(text: str) -> None:
    with pytest.raises(MomentError, match=r"^That is|^A day"):
        parse_moment(text, NOW, BERLIN)


@given(text=st.text(max_size=20))
def test_whatever_is_typed_it_is_a_moment_of_the_past_or_an_error(text: str) -> None:
    try:
        found = parse_moment(text, NOW, BERLIN)
    except MomentError:
        return
    assert found is None or 0 <= found <= NOW


@given(seconds=st.integers(1, 40 * 86_400))
def test_what_is_written_out_is_read_back(seconds: int) -> None:
    at = datetime.fromtimestamp(NOW / 1000 - seconds, BERLIN)
    assert parse_moment(at.isoformat(), NOW, BERLIN) == int(at.timestamp() * 1000)
    assert parse_moment(f"-{seconds}s", NOW, BERLIN) == NOW - seconds * 1000
