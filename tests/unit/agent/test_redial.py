import pytest

from chatops_agent.redial import Ending, Redial, ending_of
from chatops_wire.codes import CloseCode

TWO = Redial(("ws://a", "ws://b"))


@pytest.mark.parametrize(
    ("code", "accepted", "expected"),
    [
        (CloseCode.UNAUTHORIZED, False, Ending.REFUSED),
        (CloseCode.UNAUTHORIZED, True, Ending.REFUSED),
        (CloseCode.REPLACED, True, Ending.REPLACED),
        (CloseCode.GOING_AWAY, True, Ending.LOST),
        (CloseCode.GOING_AWAY, False, Ending.UNREACHABLE),
        (1006, True, Ending.LOST),
        (None, False, Ending.UNREACHABLE),
    ],
)
def test_a_close_code_says_how_it_ended(code: int | None, accepted: bool, expected: Ending) -> None:  # noqa: FBT001
    assert expected == ending_of(code, accepted=accepted)


@pytest.mark.parametrize("ending", [Ending.REFUSED, Ending.REPLACED])
@pytest.mark.parametrize(("chance", "expected"), [(0.0, 60.0), (0.5, 63.0)])
def test_a_refused_key_waits_a_minute(ending: Ending, chance: float, expected: float) -> None:
    assert expected == TWO.ended(ending, 100.0).delay_s(chance)


def test_waits_grow_to_fifteen_seconds() -> None:
    state, ceilings = TWO, []
    for _ in range(8):
        state = state.ended(Ending.UNREACHABLE)
        ceilings.append(state.delay_s(0.999999))
    assert pytest.approx([1, 2, 4, 8, 15, 15, 15, 15], rel=1e-4) == ceilings
    assert state.delay_s(0.0) == 0.5


def test_after_the_minute_the_usual_waits_hold_again() -> None:
    assert TWO.ended(Ending.REFUSED).ended(Ending.UNREACHABLE).delay_s(0.9) <= 15.0


def test_a_failure_moves_on_to_the_next_address_and_round() -> None:
    once = TWO.ended(Ending.UNREACHABLE)
    assert [
        TWO.url,
        once.url,
        once.ended(Ending.UNREACHABLE).url,
    ] == ["ws://a", "ws://b", "ws://a"]


def test_a_hub_that_was_well_for_long_is_called_again_first_and_soon() -> None:
    state = TWO.ended(Ending.UNREACHABLE).ended(Ending.LOST, lasted_s=3600.0)
    assert state.url == "ws://b"
    assert pytest.approx(state.delay_s(0.9)) == 0.95


def test_a_hub_that_drops_us_at_once_is_not_called_first() -> None:
    state = TWO.ended(Ending.LOST, lasted_s=0.1)
    assert state.url == "ws://b"
    assert pytest.approx(state.delay_s(0.9)) == 0.95
