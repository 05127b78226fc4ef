from hypothesis import given
from hypothesis import strategies as st

from chatops_agent.collectors.rates import CounterRates


def test_the_first_reading_has_no_rate() -> None:
    assert CounterRates().update({"eth0": (100, 200)}, 10.0) == {}


def test_a_rate_is_the_increase_a_second() -> None:
    rates = CounterRates()
    rates.update({"eth0": (100, 200)}, 10.0)
    assert rates.update({"eth0": (600, 200)}, 12.5) == {"eth0": (200.0, 0.0)}


def test_a_counter_that_went_back_has_no_rate_and_the_next_has() -> None:
    rates = CounterRates()
    rates.update({"eth0": (1000, 200)}, 10.0)
    assert rates.update({"eth0": (10, 300)}, 11.0) == {}
    assert rates.update({"eth0": (30, 310)}, 12.0) == {"eth0": (20.0, 10.0)}


def test_a_key_that_vanished_and_came_back_starts_anew() -> None:
    rates = CounterRates()
    rates.update({"eth0": (0,), "wg0": (500,)}, 10.0)
    assert rates.update({"eth0": (1,)}, 11.0) == {"eth0": (1.0,)}
    assert rates.update({"eth0": (2,), "wg0": (900,)}, 12.0) == {"eth0": (1.0,)}


def test_a_clock_that_stands_still_tells_nothing() -> None:
    rates = CounterRates()
    rates.update({"eth0": (0,)}, 10.0)
    assert rates.update({"eth0": (5,)}, 10.0) == {}


@given(
    readings=st.lists(st.integers(0, 2**64), min_size=2, max_size=20),
    steps=st.lists(st.floats(1e-3, 1e6), min_size=20, max_size=20),
)
def test_no_rate_is_ever_negative_or_infinite(readings: list[int], steps: list[float]) -> None:
    rates, now = CounterRates(), 0.0
    for reading, step in zip(readings, steps, strict=False):
        now += step
        for (rate,) in rates.update({"x": (reading,)}, now).values():
            assert 0 <= rate < float("inf")
