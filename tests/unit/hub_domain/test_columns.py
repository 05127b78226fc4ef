"""Which metric stands where, and as which integer."""

from typing import Any

import pytest
from hypothesis import given

from chatops_server.domain.columns import (
    HOST,
    LIMIT,
    PART_WIDTH,
    PARTS,
    VERSION,
    host_row,
    host_width,
    part_rows,
    position,
)
from chatops_wire.metrics import CATALOGUE
from chatops_wire.samples import Cpu, Disk, Memory, SampleParts
from tests.strategies import instances


def sample(**changes: Any) -> SampleParts:  # noqa: ANN401 - any part
    parts: dict[str, Any] = {
        "timestamp": "2026-01-01T12:00:00.000Z",
        "cpu": Cpu(percent=12.344, load=(0.5, 0.25, 0.126)),
        "memory": Memory(total=8e9, used=3e9, percent=37.5),
    }
    return SampleParts(**{**parts, **changes})


def host_value(of: SampleParts, metric: str) -> int | None:
    at = position("host", metric)
    assert at is not None
    return host_row(of)[at]


def test_every_metric_has_a_column() -> None:
    """`server.up` is no column: a sample's presence says it."""
    host = {column.metric for column in HOST}
    assert {name for name in CATALOGUE if name != "server.up"} == host
    labelled = {column.metric for columns in PARTS.values() for column in columns}
    assert {name for name, metric in CATALOGUE.items() if metric.group != "host"} == labelled


def test_positions_are_for_ever() -> None:
    """Appending is fine; whoever changes what stands here makes stored samples unreadable."""
    first = (
        "cpu.percent cpu.user cpu.system cpu.iowait cpu.steal load.1 load.5 load.15 memory.percent"
        " memory.used swap.percent swap.used disk.percent disk.used disk.read_bps disk.write_bps"
        " net.rx_bps net.tx_bps temperature.celsius process.count"
        " container.cpu_percent container.memory_used uptime.s"
    )
    assert first.split() == [column.metric for column in HOST][:23]


def test_newer_columns_stand_behind_older_ones() -> None:
    for columns in (HOST, *PARTS.values()):
        since = [column.since for column in columns]
        assert sorted(since) == since
        assert max(since) <= VERSION
    assert len(HOST) == host_width(VERSION)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("cpu.percent", 1234),
        ("load.15", 13),
        ("memory.used", 3_000_000_000),
        ("cpu.iowait", None),
        ("process.count", None),
    ],
)
def test_values_are_scaled_and_rounded(metric: str, expected: int | None) -> None:
    assert expected == host_value(sample(), metric)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1e300, LIMIT),
        (-1e300, -LIMIT),
        (float("inf"), LIMIT),
        (float("-inf"), -LIMIT),
        (float("nan"), None),
        (2**70, LIMIT),
    ],
)
def test_an_absurd_value_is_limited(value: float, expected: int | None) -> None:
    assert expected == host_value(sample(memory=Memory(total=1, used=value, percent=0.0)), "memory.used")


def test_a_labelled_thing_is_a_row_of_its_own_and_part_of_the_combined_value() -> None:
    disks = (
        Disk(mount="/", total=100, used=40, percent=40.0, read_bps=1.4),
        Disk(mount="/var", total=100, used=90, percent=90.0, read_bps=1.4),
    )
    both = sample(disks=disks)
    assert part_rows(both) == [
        ("disk", "/", (4000, 40, 1, None)),
        ("disk", "/var", (9000, 90, 1, None)),
    ]
    assert host_value(both, "disk.percent") == 9000
    assert host_value(both, "disk.used") == 130
    assert host_value(both, "disk.read_bps") == 3


@given(instances(SampleParts))
def test_every_sample_of_the_wire_becomes_rows_a_database_holds(of: SampleParts) -> None:
    rows = [host_row(of), *(values for _, _, values in part_rows(of))]
    assert len(rows[0]) == len(HOST)
    assert all(len(values) == PART_WIDTH for values in rows[1:])
    assert all(value is None or -LIMIT <= value <= LIMIT for values in rows for value in values)


def test_a_metric_without_a_column_has_no_position() -> None:
    assert position("host", "server.up") is None
    assert position("host", "cpu.percent", version=0) is None
