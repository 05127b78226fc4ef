"""Which of several addresses a client calls."""

import pytest

from chatops_tui.client.addresses import Addresses


@pytest.mark.parametrize(("chance", "first"), [(0.0, "a"), (0.4, "b"), (0.999, "c")])
def test_it_begins_anywhere(chance: float, first: str) -> None:
    assert Addresses("a,b,c", lambda: chance).current == first


def test_each_failure_moves_on_once_and_around() -> None:
    addresses = Addresses("a,b", lambda: 0.0)
    addresses.failed("a")
    addresses.failed("a")
    assert addresses.current == "b"
    addresses.failed("b")
    assert addresses.current == "a"
