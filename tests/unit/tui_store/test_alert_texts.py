"""What people type about alerts is understood, and shown again as something that means the same."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.alerts import SIGNS, unit_of
from chatops_tui.store import alert_texts
from chatops_tui.store.alert_texts import WrongTextError
from chatops_wire.metrics import CATALOGUE
from chatops_wire.rest_alerts import CONDITIONS, EVERY_DAY, Aggregation, Comparison, Day, Weekly

METRICS = st.sampled_from([*CATALOGUE, *CONDITIONS, "disk.percent:/var", "net.rx_bps:eth0", "disk.used:/a b"])
COMPARISONS: st.SearchStrategy[Comparison] = st.sampled_from(list(SIGNS))
VALUES = st.floats(-1e12, 1e12, allow_nan=False) | st.integers(-(2**40), 2**40).map(float)
SECONDS = st.integers(0, 10 * 86_400).map(float) | st.floats(0.001, 1e6)
CLOCKS = st.times().map(lambda time: f"{time:%H:%M}")
DAYS = st.sets(st.sampled_from(EVERY_DAY), min_size=1).map(
    lambda chosen: tuple(day for day in EVERY_DAY if day in chosen)
)


@given(METRICS, COMPARISONS, VALUES)
def test_a_condition_that_is_shown_means_what_it_was(
    metric: str, comparison: Comparison, value: float
) -> None:
    if unit_of(metric) == "seconds":
        value = abs(value)
    shown = alert_texts.condition_text(metric, comparison, value)
    assert alert_texts.condition(shown) == (metric, comparison, value)


@given(SECONDS)
def test_a_duration_that_is_shown_means_what_it_was(value: float) -> None:
    assert alert_texts.seconds(alert_texts.seconds_text(value)) == value


@given(st.sampled_from(get_args(Aggregation)), st.integers(1, 3600).map(float))
def test_a_window_that_is_shown_means_what_it_was(aggregation: Aggregation, window_s: float) -> None:
    assert alert_texts.window(alert_texts.window_text(aggregation, window_s)) == (aggregation, window_s)


@given(DAYS, CLOCKS, CLOCKS, st.sampled_from(["UTC", "Europe/Berlin", "America/Argentina/Ushuaia"]))
def test_weekly_hours_that_are_shown_mean_what_they_were(
    days: tuple[Day, ...], begin: str, end: str, zone: str
) -> None:
    hours = Weekly(days=days, from_=begin, to=end, tz=zone)
    assert alert_texts.weekly(alert_texts.weekly_text(hours), "Asia/Tokyo") == hours


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cpu.percent > 90", ("cpu.percent", "gt", 90.0)),
        ("disk.percent:/var>=90%", ("disk.percent:/var", "gte", 90.0)),
        ("memory.used > 1.5GiB", ("memory.used", "gt", 1.5 * 2**30)),
        ("net.rx_bps:eth0 > 10M/s", ("net.rx_bps:eth0", "gt", 10.0 * 2**20)),
        ("server.up = 0", ("server.up", "eq", 0.0)),
        ("server.up == 0", ("server.up", "eq", 0.0)),
        ("load.1 != 3.5", ("load.1", "ne", 3.5)),
        ("uptime.s < 10m", ("uptime.s", "lt", 600.0)),
        ("temperature.celsius > 80°C", ("temperature.celsius", "gt", 80.0)),
        ("container.unhealthy > 0", ("container.unhealthy", "gt", 0.0)),
        ("  cpu.percent   <=  1e1 ", ("cpu.percent", "lte", 10.0)),
    ],
)
def test_conditions(text: str, expected: tuple[str, str, float]) -> None:
    assert alert_texts.condition(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a metric, a comparison and a value"),
        ("cpu.percent", "a metric, a comparison and a value"),
        ("cpu.percent >", "a metric, a comparison and a value"),
        ("cpu > 3", "unknown metric 'cpu'"),
        ("cpu.percent:0 > 3", "takes no label"),
        ("container.unhealthy: > 3", "nothing after"),
        ("cpu.percent > much", "'much' is no value in percent"),
        ("cpu.percent > 3G", "'3G' is no value in percent"),
        ("memory.used > 3X", "'3X' is no value in bytes"),
        ("uptime.s > 3x", "'3x' is no duration"),
    ],
)
def test_what_is_no_condition_is_told(text: str, said: str) -> None:
    with pytest.raises(WrongTextError, match=said):
        alert_texts.condition(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("", 0), ("90", 90), ("5m", 300), ("1h30m", 5400), ("2d", 172_800), ("1.5h", 5400)]
)
def test_durations(text: str, expected: float) -> None:
    assert alert_texts.seconds(text) == expected


@pytest.mark.parametrize("text", ["m", "5x", "-5m", "1h30", "5 minutes", "soon"])
def test_what_is_no_duration_is_told(text: str) -> None:
    with pytest.raises(WrongTextError, match="is no duration"):
        alert_texts.seconds(text)


@pytest.mark.parametrize(("text", "expected"), [("c", "critical"), ("Warn", "warning"), ("info", "info")])
def test_the_beginning_of_a_severity_is_enough(text: str, expected: str) -> None:
    assert alert_texts.severity(text) == expected


@pytest.mark.parametrize("text", ["", "high"])
def test_what_is_no_severity_is_told(text: str) -> None:
    with pytest.raises(WrongTextError, match="info, warning or critical"):
        alert_texts.severity(text)


@pytest.mark.parametrize("text", ["avg", "5m", "mean 5m", "avg 0"])
def test_what_is_no_window_is_told(text: str) -> None:
    with pytest.raises(WrongTextError, match="a window is avg, max or min"):
        alert_texts.window(text)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("22:00-06:00", EVERY_DAY),
        ("mon-fri 8:00-18:00", ("mon", "tue", "wed", "thu", "fri")),
        ("sat, sun 00:00-00:00", ("sat", "sun")),
        ("sat-mon 01:00-02:00", ("mon", "sat", "sun")),
        ("Monday 01:00-02:00", ("mon",)),
    ],
)
def test_days_of_weekly_hours(text: str, days: tuple[str, ...]) -> None:
    hours = alert_texts.weekly(text, "UTC")
    assert hours is not None
    assert hours.days == days


@pytest.mark.parametrize(
    "text", ["mon", "22:00", "25:00-01:00", "22:00-6", "foo 22:00-23:00", "22:00-23:00 Europe/Berlin extra"]
)
def test_what_are_no_weekly_hours_is_told(text: str) -> None:
    with pytest.raises(WrongTextError, match=r"like 22:00|is no day"):
        alert_texts.weekly(text, "UTC")


def test_no_weekly_hours_are_none() -> None:
    assert alert_texts.weekly("  ", "UTC") is None
    assert alert_texts.weekly_text(None) == ""
