"""Waits between attempts: bounded, spread, and forgotten only after a stable connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_wire.backoff import BASE_S, CAP_S, REFUSED_S, STABLE_AFTER_S, Backoff

CHANCE = st.floats(0, 1, exclude_max=True)


@given(attempt=st.integers(0, 10**9), chance=CHANCE)
def test_every_wait_lies_between_the_base_and_the_cap(attempt: int, chance: float) -> None:
    assert BASE_S <= Backoff(attempt).delay_s(chance) <= CAP_S


@given(attempt=st.integers(0, 100), chance=CHANCE)
def test_no_wait_is_shorter_after_one_more_failure(attempt: int, chance: float) -> None:
    earlier = Backoff(attempt)
    assert earlier.delay_s(chance) <= earlier.failed().delay_s(chance)


@pytest.mark.parametrize(("attempt", "longest"), [(0, 1), (1, 1), (2, 2), (4, 8), (5, 15), (99, 15)])
def test_the_longest_wait_doubles_up_to_the_cap(attempt: int, longest: float) -> None:
    assert Backoff(attempt).delay_s(1) == pytest.approx(longest)


def test_the_whole_range_is_used_so_that_a_fleet_spreads() -> None:
    """Also before the first attempt: a hub that restarts meets its agents one after another."""
    assert (Backoff().delay_s(0), Backoff().delay_s(0.5)) == (BASE_S, 1.5 * BASE_S)
    assert (Backoff(20).delay_s(0), Backoff(20).delay_s(0.5)) == (BASE_S, (BASE_S + CAP_S) / 2)


def test_only_a_stable_connection_is_forgiven() -> None:
    worn = Backoff(4)
    assert worn.ended(STABLE_AFTER_S - 0.1) == Backoff(5)
    assert worn.ended(STABLE_AFTER_S) == Backoff()


def test_a_refusal_waits_longer_than_any_failure() -> None:
    assert REFUSED_S > CAP_S
