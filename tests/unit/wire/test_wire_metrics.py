"""The catalogue of metrics, and reading them off a sample."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_wire.containers import Container
from chatops_wire.metrics import (
    CATALOGUE,
    UnknownMetricError,
    combined_values,
    host_values,
    labelled_values,
    parse,
    read,
)
from chatops_wire.samples import Cpu, Disk, Memory, Network, SampleParts, Temperature
from tests.strategies import instances

# The list of the contract, word for word.
CONTRACT = [
    "cpu.percent",
    "cpu.user",
    "cpu.system",
    "cpu.iowait",
    "cpu.steal",
    "load.1",
    "load.5",
    "load.15",
    "memory.percent",
    "memory.used",
    "swap.percent",
    "swap.used",
    "disk.percent",
    "disk.used",
    "disk.read_bps",
    "disk.write_bps",
    "net.rx_bps",
    "net.tx_bps",
    "temperature.celsius",
    "process.count",
    "container.cpu_percent",
    "container.memory_used",
    "uptime.s",
    "server.up",
]

SAMPLE = SampleParts(
    timestamp="2026-01-31T12:00:00.000Z",
    cpu=Cpu(percent=10, user=6, system=3, iowait=1, steal=0, load=(1, 5, 15)),
    memory=Memory(total=100, used=40, percent=40, swap_used=3, swap_percent=30),
    disks=(
        Disk(mount="/", total=100, used=50, percent=50, read_bps=5),
        Disk(mount="/var", total=10, used=9, percent=90, read_bps=7, write_bps=1),
    ),
    networks=(Network(interface="eth0", rx_bps=1, tx_bps=2), Network(interface="lo")),
    temperatures=(Temperature(sensor="cpu", celsius=60), Temperature(sensor="nvme", celsius=40)),
    containers=(
        Container(name="web", cpu_percent=120.5, memory_used=7),
        Container(name="db"),
        Container(name=""),
        Container(id="nameless", cpu_percent=9),
    ),
    process_count=200,
    uptime_s=12.5,
)


def _read(text: str, sample: SampleParts = SAMPLE) -> float | None:
    return read(sample, parse(text))


def test_the_catalogue_is_that_of_the_contract() -> None:
    assert list(CATALOGUE) == CONTRACT


def test_each_host_metric_but_presence_is_read_off_a_sample() -> None:
    host = {name for name, metric in CATALOGUE.items() if metric.group == "host"}
    assert set(host_values(SAMPLE)) == host - {"server.up"}


def test_each_labelled_metric_is_read_off_a_sample() -> None:
    labelled = {name for name, metric in CATALOGUE.items() if metric.group != "host"}
    assert {name for _, _, values in labelled_values(SAMPLE) for name in values} == labelled


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("cpu.percent", 10),
        ("load.15", 15),
        ("memory.used", 40),
        ("swap.percent", 30),
        ("process.count", 200),
        ("uptime.s", 12.5),
        ("disk.percent", 90),
        ("disk.used", 59),
        ("disk.read_bps", 12),
        ("disk.write_bps", 1),
        ("net.rx_bps", 1),
        ("temperature.celsius", 60),
        ("container.cpu_percent", 120.5),
        ("container.memory_used", 7),
        ("disk.percent:/", 50),
        ("disk.write_bps:/", None),
        ("disk.percent:/home", None),
        ("net.tx_bps:eth0", 2),
        ("net.tx_bps:lo", None),
        ("temperature.celsius:nvme", 40),
        ("container.cpu_percent:web", 120.5),
        ("container.cpu_percent:db", None),
        ("server.up", None),
    ],
)
def test_a_metric_is_read_by_name_and_label(text: str, value: float | None) -> None:
    """Without a label: the sum of bytes, rates and containers, the maximum of the others."""
    assert value == _read(text)


@pytest.mark.parametrize(
    "name", [name for name in CONTRACT if not name.startswith(("cpu.percent", "memory"))]
)
def test_a_bare_sample_has_no_value_rather_than_zero(name: str) -> None:
    bare = SampleParts(timestamp="t", cpu=Cpu(percent=0), memory=Memory(total=1, used=0, percent=0))
    assert _read(name, bare) is None


@given(instances(SampleParts))
def test_every_sample_can_be_read_and_combined(sample: SampleParts) -> None:
    """`combined_values` says of each metric what `read` says of it alone."""
    combined = combined_values(sample)
    assert set(combined) <= set(CATALOGUE)
    for name in CATALOGUE:
        assert combined.get(name) == _read(name, sample)


@pytest.mark.parametrize(
    "text", ["cpu.percent", "disk.percent:/var", "net.rx_bps:a:b", "container.cpu_percent:web"]
)
def test_a_reference_is_written_as_it_was_read(text: str) -> None:
    assert text == parse(text).text


@given(st.sampled_from([name for name in CATALOGUE if CATALOGUE[name].group != "host"]), st.text(min_size=1))
def test_any_label_is_kept_as_it_is(name: str, label: str) -> None:
    ref = parse(f"{name}:{label}")
    assert (ref.metric.name, ref.label) == (name, label)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unknown metric ''"),
        ("cpu", "unknown metric 'cpu'"),
        ("CPU.percent", "unknown metric 'CPU.percent'"),
        ("cpu.percent:0", "cpu.percent takes no label"),
        ("cpu.percent:", "empty label in 'cpu.percent:'"),
        ("disk.used:", "empty label in 'disk.used:'"),
    ],
)
def test_a_bad_name_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(UnknownMetricError) as caught:
        parse(text)
    assert message == str(caught.value)


def test_what_adds_up_is_summed_and_the_rest_is_not() -> None:
    assert {name for name, metric in CATALOGUE.items() if metric.combine == "sum"} == {
        "disk.used",
        "disk.read_bps",
        "disk.write_bps",
        "net.rx_bps",
        "net.tx_bps",
        "container.cpu_percent",
        "container.memory_used",
    }
