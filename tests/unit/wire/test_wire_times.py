"""Times as text and as Unix milliseconds."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_wire.times import format_ms, parse_ms

YEAR_1_MS = -62_135_596_800_000
YEAR_9999_MS = 253_402_300_799_999


@given(st.integers(YEAR_1_MS, YEAR_9999_MS))
def test_a_time_comes_back_to_the_millisecond(unix_ms: int) -> None:
    assert unix_ms == parse_ms(format_ms(unix_ms))


@given(st.integers(YEAR_1_MS, YEAR_9999_MS))
def test_every_text_has_the_one_form(unix_ms: int) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", format_ms(unix_ms))


@given(st.integers(YEAR_1_MS, YEAR_9999_MS), st.integers(YEAR_1_MS, YEAR_9999_MS))
def test_texts_sort_like_the_times(one: int, other: int) -> None:
    assert (one < other) == (format_ms(one) < format_ms(other))


@pytest.mark.parametrize("unix_ms", [YEAR_1_MS - 1, YEAR_9999_MS + 1, 10**30, -(10**30)])
def test_a_time_outside_the_calendar_is_a_value_error(unix_ms: int) -> None:
    with pytest.raises(ValueError, match=r"not a representable time|out of range"):
        format_ms(unix_ms)


@pytest.mark.parametrize(
    ("text", "unix_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.0019Z", 1),
        ("1970-01-01T01:00:00.500+01:00", 500),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-01-31 12:00:00.123456+00:00", 1_769_860_800_123),
    ],
)
def test_any_rfc_3339_text_is_understood(text: str, unix_ms: int) -> None:
    assert unix_ms == parse_ms(text)


@pytest.mark.parametrize(
    "text", ["", "now", "2026-01-31", "2026-01-31T12:00:00", "2026-13-01T00:00:00Z", "1"]
)
def test_what_is_no_moment_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"zone|Invalid|must be|month"):
        parse_ms(text)


@given(st.text(alphabet="0123456789-:.TZ+W ", max_size=35) | st.text(max_size=35))
def test_no_text_at_all_raises_anything_but_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(parse_ms(text), int)
