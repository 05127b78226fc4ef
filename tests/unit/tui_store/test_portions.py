"""A large update of the fleet is folded in a piece at a time, and nothing overtakes it."""

from collections.abc import Callable

import pytest

from chatops_tui.portions import MOST_WAITING, SERVERS_AT_ONCE, Portions
from chatops_wire.client import FleetUpdate
from chatops_wire.rest import ServerView


class Turns:
    """Other work, which has its turn when it is told to."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def __call__(self, call: Callable[[], None]) -> None:
        self.due.append(call)

    def take(self) -> None:
        self.due.pop()()


def update(count: int, removed: tuple[str, ...] = ()) -> FleetUpdate:
    return FleetUpdate(servers=tuple(view(f"srv-{number}") for number in range(count)), removed=removed)


def view(name: str) -> ServerView:
    return ServerView(
        id=name,
        name=name,
        tags=(),
        status="never",
        last_seen=None,
        owner_id="u",
        capabilities=(),
        host=None,
        latest=None,
    )


@pytest.mark.parametrize("count", [0, 1, SERVERS_AT_ONCE])
def test_what_is_small_is_taken_at_once(count: int) -> None:
    taken: list[object] = []
    turns = Turns()
    Portions[str](taken.append, turns).put(update(count, ("gone",)))
    assert taken == [update(count, ("gone",))]
    assert turns.due == []


def test_what_is_large_is_taken_whole_in_turns_and_in_order() -> None:
    taken: list[FleetUpdate | str] = []
    turns = Turns()
    portions = Portions[str](taken.append, turns)
    whole = update(2 * SERVERS_AT_ONCE + 1, ("gone",))
    portions.put(whole)
    portions.put("after it")
    assert taken == []
    while turns.due:
        assert len(turns.due) == 1
        turns.take()
    *pieces, last = taken
    assert last == "after it"
    updates = [piece for piece in pieces if isinstance(piece, FleetUpdate)]
    assert [len(piece.servers) for piece in updates] == [SERVERS_AT_ONCE, SERVERS_AT_ONCE, 1]
    assert tuple(one for piece in updates for one in piece.servers) == whole.servers
    assert [piece.removed for piece in updates] == [(), (), ("gone",)]
    portions.put("later")
    assert taken[-1] == "later"


def test_nobody_gets_what_was_meant_for_who_has_signed_out() -> None:
    taken: list[object] = []
    turns = Turns()
    portions = Portions[str](taken.append, turns)
    portions.put(update(2 * SERVERS_AT_ONCE))
    portions.drop()
    turns.take()
    assert (taken, turns.due) == ([], [])


def test_what_waits_is_bounded_and_nothing_is_lost() -> None:
    taken: list[object] = []
    turns = Turns()
    portions = Portions[str](taken.append, turns)
    portions.put(update(2 * SERVERS_AT_ONCE))
    for number in range(MOST_WAITING):
        portions.put(str(number))
    assert len(taken) == 2
    while turns.due:
        turns.take()
    assert taken[2:] == [str(number) for number in range(MOST_WAITING)]
