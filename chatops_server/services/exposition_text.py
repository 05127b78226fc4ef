"""Families of metrics, and those of the hub's own process, in Prometheus' text format 0.0.4."""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from prometheus_client import ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from chatops_server.services.hub_metrics import AnyFamily, Family, HistogramFamily

_KINDS: Final = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}


class _Given(Collector):
    """What is to be written, in the form prometheus_client asks for it."""

    def __init__(self, families: Sequence[AnyFamily]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for family in self._families:
            yield _metric(family)
        yield from ProcessCollector(registry=None).collect()


def written(families: Sequence[AnyFamily]) -> bytes:
    """Return the text. Half a second of work for 10,000 servers: not for the event loop."""
    return generate_latest(_Given(families))


def _metric(family: AnyFamily) -> Metric:
    match family:
        case Family():
            made = _KINDS[family.kind]
            metric: CounterMetricFamily | GaugeMetricFamily = made(
                family.name, family.about, labels=family.labels
            )
            for labels, value in family.values:
                metric.add_metric(labels, value)
            return metric
        case HistogramFamily():
            histogram = HistogramMetricFamily(family.name, family.about, labels=())
            *buckets, (_, count) = family.values.cumulative()
            named = [(str(bound), float(below)) for bound, below in buckets]
            histogram.add_metric((), [*named, ("+Inf", float(count))], family.values.total)
            return histogram
        case _:
            assert_never(family)
