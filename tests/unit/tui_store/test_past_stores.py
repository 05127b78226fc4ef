"""A moment of the past as a store: that server as it was, everything else as it is."""

import pytest
from msgspec.structs import replace

from chatops_tui.store.past import NOTHING_NEAR, past_store
from chatops_tui.store.store import Store
from chatops_wire.client import Fleet
from chatops_wire.containers import Container
from chatops_wire.rest_moments import MomentView
from chatops_wire.samples import Cpu, Memory, Process, SampleParts
from chatops_wire.times import format_ms
from tests.unit.tui_store.conftest import MakeView

NOW = 1_700_000_000_000
THEN = NOW - 3_600_000


@pytest.fixture
def store(make_view: MakeView) -> Store:
    made = Store()
    made.apply(Fleet(servers=(make_view("a", NOW), make_view("b", NOW))), NOW)
    return made


def moment(**given: object) -> MomentView:
    sample = SampleParts(
        timestamp=format_ms(THEN - 2000),
        cpu=Cpu(percent=12.5),
        memory=Memory(total=100, used=50, percent=50.0),
        containers=(Container(id="c" * 64, name="web", state="running"),),
    )
    told = MomentView(
        server_id="a",
        ts=format_ms(THEN),
        tier="raw",
        sample=sample,
        sample_age_s=2.0,
        processes=(Process(pid=7, name="then"),),
        processes_at=format_ms(THEN - 9000),
        alerts=(),
    )
    return replace(told, **given)


def test_the_server_is_as_it_was(store: Store) -> None:
    then = past_store(store, "a", THEN, moment())
    memory = then.server("a")
    assert memory is not None
    assert memory.is_past
    assert memory.row.status == "online"
    assert memory.row.vitals is not None
    assert memory.row.vitals.cpu == 12.5
    assert memory.sample is not None
    assert [process.name for process in memory.sample.processes] == ["then"]
    assert [one.item.name for one in then.containers.rows("a")] == ["web"]
    assert then.alerts.all() == []


def test_the_present_is_not_touched(store: Store) -> None:
    before = store.server("a")
    past_store(store, "a", THEN, moment())
    assert store.server("a") is before
    assert store.containers.rows("a") == []


def test_both_share_the_pieces_of_the_past(store: Store) -> None:
    now, then = store.server("a"), past_store(store, "a", THEN, None).server("a")
    assert now is not None
    assert then is not None
    assert then.reels is now.reels


def test_without_a_sample_it_is_away_and_says_why(store: Store) -> None:
    for told, absence, said in (
        (moment(sample=None, sample_age_s=None), "", NOTHING_NEAR),
        (None, "Loading", "Loading"),
    ):
        memory = past_store(store, "a", THEN, told, absence).server("a")
        assert memory is not None
        assert (memory.row.status, memory.sample, memory.absence) == ("offline", None, said)


def test_a_server_that_is_gone_has_no_past(store: Store) -> None:
    assert past_store(store, "nobody", THEN, moment()) is store
