"""The fleet as one looks at it is found anew when it differs, and only then."""

from collections.abc import Callable

import pytest

from chatops_tui.store.fleet_list import FleetList, View
from chatops_tui.store.fleet_rows import BY_TAG
from chatops_tui.store.models import Row
from chatops_tui.store.selectors import Order
from chatops_tui.store.store import Store
from chatops_wire.client import Fleet, FleetUpdate, MetricsEvent
from chatops_wire.rest import ServerView

NOW = 1_700_000_000_000
BY_CPU = Order("cpu", descending=True)
MakeView = Callable[..., ServerView]


@pytest.fixture
def store(make_view: MakeView) -> Store:
    made = Store()
    views = (
        make_view("a", NOW, cpu=20, tags=("web",)),
        make_view("b", NOW, cpu=80, tags=("db",)),
        make_view("c", NOW, cpu=50, tags=("web",), status="offline"),
    )
    made.apply(Fleet(servers=views), NOW)
    return made


def test_it_tells_what_is_found_listed_and_summed_up(store: Store) -> None:
    fleet = FleetList(store.rows(), View(BY_CPU, "tag:web"))
    assert fleet.ids == ("c", "a")
    assert [row.id for row in fleet.found] == ["c", "a"]
    assert (fleet.totals.servers, fleet.totals.online, fleet.totals.cpu) == (2, 1, 20.0)
    assert fleet.away == frozenset({"c"})
    assert fleet.servers == frozenset({"a", "c"})


def test_groups_stand_in_it_by_ids_of_their_own(store: Store) -> None:
    fleet = FleetList(store.rows(), View(BY_CPU, groups=BY_TAG, folded=frozenset({"web"})))
    assert [isinstance(fleet.by_id[row_id], Row) for row_id in fleet.ids] == [False, True, False]
    assert fleet.away.isdisjoint(set(fleet.ids) - fleet.servers)


def test_it_holds_as_long_as_no_server_changes_and_the_wish_stays(
    store: Store, make_view: MakeView, make_sample: Callable[..., MetricsEvent]
) -> None:
    view = View(BY_CPU)
    fleet = FleetList(store.rows(), view)
    store.hurry()
    assert fleet.is_of(store.rows(), View(BY_CPU))
    assert not fleet.is_of(store.rows(), View(BY_CPU, "tag:web"))
    for event in (make_sample("a", NOW + 1000), FleetUpdate(servers=(make_view("b", NOW + 1000),))):
        fleet = FleetList(store.rows(), view)
        store.apply(event, NOW + 1000)
        assert not fleet.is_of(store.rows(), view)


def test_rows_and_counts_follow_every_change(store: Store, make_view: MakeView) -> None:
    assert (store.counted().up, store.counted().warning, store.counted().offline) == (2, 1, 1)
    assert store.rows() is store.rows()
    assert store.counted() is store.counted()
    frozen = store.still(frozenset())
    store.apply(FleetUpdate(servers=(make_view("c", NOW + 1000, cpu=95),), removed=("b",)), NOW)
    assert [row.id for row in store.rows()] == ["a", "c"]
    assert (store.counted().up, store.counted().critical, store.counted().offline) == (2, 1, 0)
    assert [row.id for row in frozen.rows()] == ["a", "b", "c"]
    store.reset()
    assert (store.rows(), store.counted().total) == ([], 0)
