"""What the metrics say of servers, and how often their text is made."""

from collections.abc import Sequence

from prometheus_client.parser import text_string_to_metric_families

from chatops_server.domain.histogram import Histogram
from chatops_server.domain.latest_order import Mark
from chatops_server.domain.permissions import Principal
from chatops_server.services.exposition import KEEP_S, Exposition
from chatops_server.services.exposition_text import written
from chatops_server.services.hub_metrics import AnyFamily, Family, HistogramFamily, HubMetrics
from chatops_server.services.ingest import Ingest
from chatops_server.services.live import Live, put_together
from chatops_server.storage.base import WriterLoad
from chatops_wire.agent import AgentInfo, Metrics
from chatops_wire.samples import Cpu, Disk, Memory
from tests.broker_builders import ADMIN, NOW_MS, OWNER, STRANGER, TIMESTAMP, row

SAMPLE = Metrics(
    seq=1,
    timestamp=TIMESTAMP,
    cpu=Cpu(percent=61.5),
    memory=Memory(total=8, used=2, percent=25.0),
    disks=tuple(Disk(mount=mount, total=9, used=1, percent=at) for mount, at in (("/", 40), ("/var", 90))),
)


class IdleStorage:
    """A Storage of which only the load is asked."""

    load = WriterLoad(Histogram((1.0,)), 3)


def _metrics_of(live: Live) -> HubMetrics:
    storage = IdleStorage()
    return HubMetrics(live, Ingest(storage, lambda: NOW_MS), storage)  # type: ignore[arg-type] # see IdleStorage


def _values(families: Sequence[AnyFamily]) -> dict[str, list[tuple[tuple[str, ...], float]]]:
    return {family.name: list(family.values) for family in families if isinstance(family, Family)}


def _live() -> Live:
    """One server that is online with a sample, one that went with its last, and one that never came."""
    live = put_together(lambda _num: (), lambda: 0.0)
    for num in (1, 2, 3):
        live.fleet.added(row(num))
    for num in (1, 2):
        state = live.fleet.get(f"srv_{num}")
        assert state is not None
        live.fleet.connected(state, AgentInfo(), (), NOW_MS)
        live.fleet.observed(state, SAMPLE, Mark("e1", 1), NOW_MS)
        if num == 2:
            live.fleet.disconnected(state)
    return live


def test_only_a_server_that_is_there_has_present_values() -> None:
    told = _values(_metrics_of(_live()).families(None))
    first, second, third = (("srv_1", "web-1"), ("srv_2", "web-2"), ("srv_3", "web-3"))
    assert told["chatops_server_up"] == [(first, 1), (second, 0), (third, 0)]
    assert told["chatops_server_cpu_percent"] == [(first, 61.5)]
    assert told["chatops_server_memory_percent"] == [(first, 25)]
    assert told["chatops_server_disk_percent"] == [(first, 90)]
    assert told["chatops_hub_servers"] == [(("online",), 1), (("offline",), 1), (("never",), 1)]


def test_a_user_is_told_of_the_servers_they_see() -> None:
    metrics = _metrics_of(_live())
    seen = {
        who.user_id: len(_values(metrics.families(who))["chatops_server_up"])
        for who in (ADMIN, OWNER, STRANGER)
    }
    assert seen == {ADMIN.user_id: 3, OWNER.user_id: 3, STRANGER.user_id: 0}


def test_the_text_is_what_prometheus_reads() -> None:
    histogram = Histogram((0.5, 1.0))
    for value in (0.25, 0.5, 2.0):
        histogram.observe(value)
    hostile = Family("gauge", "g", "About \\ it.\n", ("name",), [(('a"b\\c\n',), float("inf"))])
    text = written([hostile, HistogramFamily("h", "Times.", histogram)]).decode()
    read = {family.name: family for family in text_string_to_metric_families(text)}
    assert [(sample.labels["name"], sample.value) for sample in read["g"].samples] == [
        ('a"b\\c\n', float("inf"))
    ]
    buckets = {sample.labels.get("le"): sample.value for sample in read["h"].samples}
    assert (buckets["0.5"], buckets["1.0"], buckets["+Inf"]) == (2, 2, 3)


async def test_the_text_is_made_anew_once_a_second_for_each_who_sees_something_else() -> None:
    clock, asked = [100.0], list[Principal | None]()

    def families(who: Principal | None) -> list[AnyFamily]:
        asked.append(who)
        return [Family("gauge", "asked", "How often.", (), [((), len(asked))])]

    exposition = Exposition(families, lambda: clock[0])
    first = await exposition.text(None)
    assert await exposition.text(ADMIN) == first
    assert await exposition.text(OWNER) != first
    assert await exposition.text(OWNER) == await exposition.text(OWNER)
    clock[0] += KEEP_S
    assert await exposition.text(None) != first
    assert asked == [None, OWNER, None]
