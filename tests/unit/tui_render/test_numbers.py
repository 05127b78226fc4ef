"""Figures in a fixed width."""

import math
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render import numbers
from chatops_wire.metrics import Unit

SANE = st.floats(0, 1e18)
FORMATS: list[Callable[[float | None], str]] = [
    numbers.size,
    numbers.rate,
    numbers.percent,
    numbers.load,
    numbers.celsius,
    numbers.count,
    numbers.duration,
    numbers.duration_long,
    numbers.age,
    numbers.milliseconds,
]


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("write", FORMATS)
def test_what_is_missing_is_a_dash(write: Callable[[float | None], str], value: float | None) -> None:
    assert write(value) == numbers.MISSING


@given(SANE)
def test_sizes_and_rates_never_take_more_than_five_cells(value: float) -> None:
    assert len(numbers.size(value)) <= numbers.SIZE_WIDTH
    assert len(numbers.rate(value)) <= numbers.SIZE_WIDTH


@given(st.floats(-1e18, 1e18), st.sampled_from(get_args(Unit)))
def test_nothing_reads_minus_zero(value: float, unit: Unit) -> None:
    assert not numbers.of_unit(value, unit).startswith(("-0%", "-0.0%", "-0 ", "-0°"))


@given(st.floats(0, 9999))
def test_loads_take_at_most_four_cells(value: float) -> None:
    assert len(numbers.load(value)) <= 4


@given(st.floats(0, 999 * 86_400))
def test_durations_and_ages_take_at_most_four_cells(value: float) -> None:
    assert len(numbers.duration(value)) <= 4
    assert len(numbers.age(value)) <= 4


@given(st.floats(0, 9e14))
def test_counts_take_at_most_five_cells(value: float) -> None:
    assert len(numbers.count(value)) <= 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0B"),
        (812.4, "812B"),
        (1023.4, "1023B"),
        (1023.6, "1.0K"),
        (9.5 * 1024, "9.5K"),
        (12.1 * 1024**2, "12.1M"),
        (99.96 * 1024, "100K"),
        (300 * 1024, "300K"),
        (1023.6 * 1024, "1.0M"),
        (1.9 * 1024**3, "1.9G"),
        (2.0 * 1024**4, "2.0T"),
        (5000 * 1024**6, "5000E"),
        (-2048, "-2.0K"),
    ],
)
def test_sizes(value: float, expected: str) -> None:
    assert numbers.size(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(0, "0"), (812, "812"), (12.1 * 1024**2, "12.1M")])
def test_rates(value: float, expected: str) -> None:
    assert numbers.rate(value) == expected


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(94.4, 0, "94%"), (99.6, 0, "100%"), (-0.2, 0, "0%"), (31.24, 1, "31.2%"), (412, 0, "412%")],
)
def test_percentages(value: float, decimals: int, expected: str) -> None:
    assert numbers.percent(value, decimals) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0.00"),
        (0.42, "0.42"),
        (8.1, "8.10"),
        (9.996, "10.0"),
        (12.34, "12.3"),
        (99.96, "100"),
        (123.4, "123"),
    ],
)
def test_loads(value: float, expected: str) -> None:
    assert numbers.load(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (812, "812"),
        (9999, "9999"),
        (9999.6, "10.0k"),
        (12_100, "12.1k"),
        (999_600, "1.0M"),
        (2e9, "2.0G"),
    ],
)
def test_counts(value: float, expected: str) -> None:
    assert numbers.count(value) == expected


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (-5, "0s", "0s"),
        (45.9, "45s", "45s"),
        (725, "12m", "12m 5s"),
        (3600, "1h", "1h"),
        (11_040, "3h", "3h 4m"),
        (41 * 86_400 + 3 * 3600, "41d", "41d 3h"),
    ],
)
def test_durations(seconds: float, short: str, long: str) -> None:
    assert numbers.duration(seconds) == short
    assert numbers.duration_long(seconds) == long


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-3, "0.0s"), (0.64, "0.6s"), (0.97, "1s"), (4.2, "4s"), (725, "12m")]
)
def test_ages(seconds: float, expected: str) -> None:
    assert numbers.age(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0.42, "0.4ms"), (0.96, "1ms"), (38.2, "38ms"), (999.6, "1.0s"), (1230, "1.2s")]
)
def test_round_trips(value: float, expected: str) -> None:
    assert numbers.milliseconds(value) == expected


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (94.4, "percent", "94%"),
        (2048, "bytes", "2.0K"),
        (2048, "bytes/s", "2.0K/s"),
        (53.6, "celsius", "54°C"),
        (1.5, "load", "1.50"),
        (210, "count", "210"),
        (90_000, "seconds", "1d 1h"),
        (1, "bool", "yes"),
        (0, "bool", "no"),
        (None, "bytes/s", numbers.MISSING),
    ],
)
def test_values_by_unit(value: float | None, unit: Unit, expected: str) -> None:
    assert numbers.of_unit(value, unit) == expected
