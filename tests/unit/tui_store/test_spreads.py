"""How a command is spread over servers, as it is typed and as it is told."""

import pytest

from chatops_tui.store.spread import EVERYWHERE, Spread, spread_of


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (("", "", ""), EVERYWHERE),
        (("5", "", ""), Spread(at_once=5)),
        ((" 100 ", "3", "1"), Spread(100, 3, 1)),
        (("", "", "0"), EVERYWHERE),
    ],
)
def test_what_is_typed_is_understood_and_nothing_means_the_usual(
    typed: tuple[str, str, str], expected: Spread
) -> None:
    assert spread_of(*typed) == expected


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("0", "", ""), "At once takes a number from 1 to 100, or nothing."),
        (("101", "", ""), "At once takes a number from 1 to 100, or nothing."),
        (("", "0", ""), "Stop after takes a number from 1 to 100000, or nothing."),
        (("", "", "-1"), "First takes a number from 0 to 100000, or nothing."),
        (("", "", "\u0663"), "First takes a number from 0 to 100000, or nothing."),
    ],
)
def test_what_cannot_be_meant_is_told_by_its_field(typed: tuple[str, str, str], said: str) -> None:
    assert spread_of(*typed) == said


def test_all_of_it_is_told() -> None:
    assert EVERYWHERE.said == "20 at once"
    assert Spread(2, 1, 3).said == "first 3, the rest when you say so, 2 at once, stop after 1 failed"
