"""Sorting, counting, ranges."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.models import Row
from chatops_tui.store.ranges import FIVE_MINUTES, ONE_HOUR, ONE_WEEK, RANGES, longer, shorter
from chatops_tui.store.selectors import (
    PROCESS_SORTS,
    SERVER_SORTS,
    Counts,
    Order,
    counts,
    first_order,
    neighbour,
    processes,
    servers,
)
from chatops_tui.store.vitals import Vitals
from chatops_wire.rest import ServerStatus, ServerView
from chatops_wire.samples import Process


def row(name: str, cpu: float | None = 10.0, status: ServerStatus = "online", memory: float = 10.0) -> Row:
    view = ServerView(
        id=name,
        name=name,
        tags=(),
        status=status,
        last_seen=None,
        owner_id="u",
        capabilities=(),
        host=None,
        latest=None,
    )
    vitals = None if cpu is None else Vitals(cpu, memory, 5, 1, 1, None, None, None, None)
    return Row(view, vitals, None, None)


UP = {sort.id: Order(sort.id, descending=False) for sort in SERVER_SORTS}
DOWN = {key: order.reversed for key, order in UP.items()}


def names(rows: list[Row]) -> str:
    return "".join(item.name for item in rows)


FLEET = [row("b", 50), row("a", None, "never"), row("d", 95), row("C", 75), row("e", 10, "offline")]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (UP["name"], "abCde"),
        (DOWN["name"], "edCba"),
        (DOWN["cpu"], "dCbea"),
        (UP["cpu"], "ebCda"),
        (UP["status"], "deCba"),
        (DOWN["load"], "abCde"),
        (DOWN["net"], "bCdea"),
        (DOWN["memory"], "bCdea"),
        (DOWN["disk"], "bCdea"),
        (DOWN["uptime"], "abCde"),
    ],
)
def test_order(order: Order, expected: str) -> None:
    assert names(servers(FLEET, order)) == expected


def test_filter_and_order_together() -> None:
    assert names(servers(FLEET, DOWN["cpu"], "cpu>20")) == "dCb"


@given(values=st.lists(st.sampled_from([None, 1.0, 2.0, 3.0]), max_size=12), descending=st.booleans())
def test_sorting_is_stable_and_loses_nobody(values: list[float | None], *, descending: bool) -> None:
    rows = [row(f"{n:02}", value) for n, value in enumerate(values)]
    result = servers(rows, Order("cpu", descending=descending))
    assert sorted(names(result)) == sorted(names(rows))
    pairs = [(item.vitals.cpu if item.vitals else None, item.name) for item in result]
    for (value, name), (next_value, next_name) in pairwise(pairs):
        assert value != next_value or name < next_name


def test_counts() -> None:
    assert counts(FLEET) == Counts(total=5, up=3, warning=1, critical=1, offline=1, never=1)
    assert counts([]) == Counts()


def test_neighbour_goes_round_the_ends_in_the_expected_direction() -> None:
    assert neighbour(SERVER_SORTS, DOWN["status"], 1) == UP["name"]
    assert neighbour(SERVER_SORTS, UP["status"], -1) == DOWN["uptime"]
    assert first_order(SERVER_SORTS, "cpu").reversed == UP["cpu"]


@pytest.mark.parametrize("key", [sort.id for sort in PROCESS_SORTS])
def test_processes_sort_by_every_column(key: str) -> None:
    low = Process(pid=1, name="a", user="a", cpu_percent=1, memory_used=1)
    high = Process(pid=2, name="B", user="B", cpu_percent=2, memory_used=2)
    assert processes([high, low], Order(key, descending=False)) == [low, high]


def test_processes_that_look_the_same_keep_their_places() -> None:
    first, second = Process(pid=2, name="a", cpu_percent=0.01), Process(pid=1, name="b", cpu_percent=0.02)
    order = Order("cpu", descending=True)
    assert processes([first, second], order) == processes([second, first], order) == [second, first]


def test_ranges_stop_at_both_ends() -> None:
    assert shorter(FIVE_MINUTES) is FIVE_MINUTES
    assert shorter(ONE_HOUR) is FIVE_MINUTES
    assert longer(FIVE_MINUTES) is ONE_HOUR
    assert longer(ONE_WEEK) is ONE_WEEK
    assert all(span.buckets <= 360 for span in RANGES)
