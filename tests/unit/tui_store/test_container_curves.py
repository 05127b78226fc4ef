"""What a container's charts are drawn from: curves of its server, under its name."""

from collections.abc import Callable

from msgspec.structs import replace

from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Row
from chatops_tui.store.ranges import FIVE_MINUTES
from chatops_wire.client import MetricsEvent
from chatops_wire.containers import Container
from chatops_wire.rest import ServerView

NOW = 1_700_000_000_000
WEB = "container.cpu_percent:web"


def test_the_fleet_may_tell_of_a_sample_before_its_containers_come(
    make_view: Callable[..., ServerView], make_sample: Callable[..., MetricsEvent]
) -> None:
    memory = ServerMemory(Row(make_view("a", None), None, None, None))
    memory.ask_history(FIVE_MINUTES)
    memory.ask_history(FIVE_MINUTES, (WEB,))
    for second, share in ((0, 5.0), (1, 7.0)):
        at_ms = NOW + second * 1000
        memory.take_view(make_view("a", at_ms, cpu=40.0), at_ms)
        whole = replace(
            make_sample("a", at_ms, cpu=40.0), containers=(Container(name="web", cpu_percent=share),)
        )
        memory.take_sample(whole, at_ms)
    assert memory.curve(WEB, FIVE_MINUTES, NOW + 1000).values == (5.0, 7.0)
    assert memory.curve("cpu.percent", FIVE_MINUTES, NOW + 1000).values == (40.0, 40.0)
