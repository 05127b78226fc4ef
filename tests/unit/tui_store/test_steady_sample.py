"""Processes stay in their places for two seconds."""

from chatops_tui.screens.steady import STAYS_MS, SteadySample
from chatops_tui.store.store import Store
from chatops_wire.client import Fleet
from tests.unit.tui_store.conftest import MakeSample, MakeView

NOW = 1_700_000_000_000


def test_a_sample_stays_for_a_while_and_then_the_newest_is_taken(
    make_view: MakeView, make_sample: MakeSample
) -> None:
    store, steady = Store(), SteadySample()
    store.apply(Fleet(servers=(make_view("a", NOW),)), NOW)
    memory = store.server("a")
    assert memory is not None
    assert steady.of(memory, NOW) is None
    samples = [make_sample("a", NOW + at) for at in (1000, 2000, 3000)]
    shown = []
    for at, sample in enumerate(samples, 1):
        store.apply(sample, NOW + at * 1000)
        shown.append(steady.of(memory, NOW + at * 1000))
    assert shown == [samples[0], samples[0], samples[2]]
    assert steady.of(memory, NOW) is samples[2]
    store.look_away("a")
    assert steady.of(memory, NOW + 100) is None


def test_another_servers_sample_comes_at_once(make_view: MakeView, make_sample: MakeSample) -> None:
    store, steady = Store(), SteadySample()
    store.apply(Fleet(servers=(make_view("a", NOW), make_view("b", NOW))), NOW)
    one, other = store.server("a"), store.server("b")
    assert one is not None
    assert other is not None
    store.apply(make_sample("a", NOW), NOW)
    store.apply(make_sample("b", NOW), NOW)
    assert steady.of(one, NOW) == make_sample("a", NOW)
    assert steady.of(other, NOW + STAYS_MS - 1) == make_sample("b", NOW)
