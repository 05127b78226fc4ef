"""What follows when a connection ends: pure decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.client.link import OFFLINE_AFTER, Ended, LinkState, after, closed
from chatops_wire.backoff import BASE_S, CAP_S, REFUSED_S, STABLE_AFTER_S, Backoff
from chatops_wire.codes import CloseCode


@pytest.mark.parametrize("code", list(CloseCode))
def test_every_close_code_has_a_meaning(code: CloseCode) -> None:
    assert closed(code, "", None).reason != "the connection broke"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (CloseCode.UNAUTHORIZED, "token_refused"),
        (CloseCode.MALFORMED, "incompatible"),
        (CloseCode.GOING_AWAY, "lost"),
        (1006, "lost"),
        (None, "lost"),
    ],
)
def test_a_close_code_tells_the_cause(code: int | None, cause: str) -> None:
    assert closed(code, "", 1.0).cause == cause


def test_the_hubs_own_words_come_first() -> None:
    assert closed(CloseCode.GOING_AWAY, "back at noon", 3.0) == Ended("lost", "back at noon", 3.0)


def test_a_lost_connection_is_tried_again_at_a_known_time() -> None:
    following = after(Ended("lost", "gone"), Backoff(), now_s=100.0, chance=0.5)

    assert following.state == LinkState("reconnecting", 1, retry_at_s=100.0 + 0.75, reason="gone")
    assert following.wait_s == 0.75


def test_it_is_offline_once_the_waits_are_long() -> None:
    backoff = Backoff()
    kinds = []
    for _ in range(OFFLINE_AFTER + 1):
        following = after(Ended("lost", ""), backoff, now_s=0, chance=0.9)
        backoff = following.backoff
        kinds.append(following.state.kind)

    assert kinds == ["reconnecting"] * (OFFLINE_AFTER - 1) + ["offline"] * 2


@pytest.mark.parametrize(("lasted_s", "attempt"), [(STABLE_AFTER_S, 0), (STABLE_AFTER_S - 1, 4), (None, 4)])
def test_only_a_stable_connection_clears_the_count(lasted_s: float | None, attempt: int) -> None:
    following = after(Ended("lost", "", lasted_s), Backoff(3), now_s=0, chance=0)

    assert following.state.attempt == attempt


def test_signing_in_waits_for_a_person() -> None:
    following = after(Ended("sign_in_needed", "ended"), Backoff(7), now_s=0, chance=0)

    assert (following.wait_s, following.backoff) == (None, Backoff())
    assert following.state == LinkState("sign_in", reason="ended")


def test_an_incompatible_hub_is_asked_seldom() -> None:
    following = after(Ended("incompatible", "old"), Backoff(), now_s=10, chance=0)

    assert following.wait_s == REFUSED_S
    assert following.state == LinkState("update_needed", 1, retry_at_s=10 + REFUSED_S, reason="old")


@given(
    attempt=st.integers(0, 10_000),
    chance=st.floats(0, 1, exclude_max=True),
    lasted_s=st.none() | st.floats(0, 1e6),
)
def test_a_wait_keeps_within_its_bounds(attempt: int, chance: float, lasted_s: float | None) -> None:
    following = after(Ended("lost", "", lasted_s), Backoff(attempt), now_s=0, chance=chance)

    assert following.wait_s is not None
    assert BASE_S <= following.wait_s <= CAP_S
    assert following.state.retry_at_s == following.wait_s
