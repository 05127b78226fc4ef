"""What containers use, out of the files and the JSON of real engines."""

from typing import Any

import pytest

from chatops_agent.collectors.containers.readings import Readings
from chatops_agent.collectors.containers.usage import (
    MemoryUse,
    Rates,
    Usage,
    block_v1,
    block_v2,
    from_engine,
    memory,
    pairs,
    rates,
    traffic,
)

NET_DEV = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
    lo:  999 1 0 0 0 0 0 0 999 1 0 0 0 0 0 0
  eth0: 1000 2 0 0 0 0 0 0 200 2 0 0 0 0 0 0
eth1:30 1 0 0 0 0 0 0 4 1 0 0 0 0 0 0
"""


def test_all_interfaces_but_loopback_count() -> None:
    assert traffic(NET_DEV) == (1030, 204)


def test_without_an_interface_there_is_no_traffic_rather_than_none_of_it() -> None:
    lines = NET_DEV.splitlines(keepends=True)
    assert traffic("".join(lines[:3])) is None


@pytest.mark.parametrize(
    ("current", "stat", "expected"),
    [
        # The second version, and what `docker stats` makes of it.
        (1000, {"anon": 300, "file": 600, "shmem": 50, "inactive_file": 400}, MemoryUse(600, 300, 600, 50)),
        # The first one: only keys with `total_` include groups within.
        (
            1000,
            {"inactive_file": 1, "rss": 2, "total_inactive_file": 250, "total_rss": 300, "total_cache": 600},
            MemoryUse(750, 300, 600, None),
        ),
        (100, {"inactive_file": 100}, MemoryUse(100, None, None, None)),
        (None, {"anon": 7}, MemoryUse(7, 7, None, None)),
        (0, {}, MemoryUse(None, None, None, None)),
    ],
)  # fmt: skip
def test_memory_is_counted_as_docker_stats_does(
    current: int | None, stat: dict[str, int], expected: MemoryUse
) -> None:
    assert expected == memory(current, stat)


def test_bytes_of_both_versions_of_block_counters() -> None:
    assert block_v1("8:0 Read 4096\n8:0 Write 8192\n8:0 Sync 9\nTotal 12288\n") == (
        4096,
        8192,
    )
    assert block_v2("8:0 rbytes=100 wbytes=7 rios=1\n8:16 rbytes=200 wbytes=0 dbytes=9\n") == (300, 7)
    assert block_v2("") == (0, 0)


def test_pairs_skip_what_is_no_number() -> None:
    assert pairs("usage_usec 5\nsome avg10=0.00\nbroken\n") == {"usage_usec": 5}


def test_rates_are_those_between_two_readings() -> None:
    before = Usage(cpu_ns=1_000_000_000, periods=10, throttled=5, rx=100, tx=0, read=0, written=50)
    after = Usage(cpu_ns=4_000_000_000, periods=30, throttled=20, rx=300, tx=40, read=0, written=50)
    assert Rates(
        cpu_percent=150.0, throttled_percent=75.0, rx_bps=100.0, tx_bps=20.0, read_bps=0.0, write_bps=0.0
    ) == rates(before, after, 2.0)


@pytest.mark.parametrize(
    ("before", "after", "elapsed_s"),
    [
        (Usage(), Usage(cpu_ns=1, rx=1), 1.0),
        # Set anew: the container was started again.
        (Usage(cpu_ns=9, rx=9, read=9), Usage(cpu_ns=1, rx=1, read=1), 1.0),
        (Usage(cpu_ns=1, rx=1, read=1), Usage(cpu_ns=2, rx=2, read=2), 0.0),
    ],
)
def test_what_is_not_known_has_no_rate(before: Usage, after: Usage, elapsed_s: float) -> None:
    assert Rates() == rates(before, after, elapsed_s)


def test_an_absurd_rate_is_none() -> None:
    assert rates(Usage(rx=0), Usage(rx=2**63), 1.0).rx_bps is None


def test_without_a_limit_nothing_is_throttled_and_within_it_never_more_than_all() -> None:
    assert rates(Usage(periods=0, throttled=0), Usage(periods=0, throttled=0), 1.0).throttled_percent is None
    assert rates(Usage(periods=5, throttled=0), Usage(periods=5, throttled=0), 1.0).throttled_percent == 0.0
    assert rates(Usage(periods=5, throttled=0), Usage(periods=6, throttled=9), 1.0).throttled_percent == 100.0


def test_the_engines_own_statistics_are_read_whatever_is_missing() -> None:
    stats: dict[str, Any] = {
        "cpu_stats": {
            "cpu_usage": {"total_usage": 5},
            "throttling_data": {"periods": 2, "throttled_periods": 1},
        },
        "memory_stats": {"usage": 100, "stats": {"inactive_file": 40, "anon": 10, "file": 50, "shmem": 1}},
        "networks": {"eth0": {"rx_bytes": 1, "tx_bytes": 2}, "eth1": {"rx_bytes": 10, "tx_bytes": 20}},
        "blkio_stats": {
            "io_service_bytes_recursive": [
                {"op": "Read", "value": 3}, {"op": "write", "value": 4}, {"op": "Total", "value": 7},
            ],
        },
        "pids_stats": {"current": 9},
    }  # fmt: skip
    expected = Usage(
        cpu_ns=5,
        periods=2,
        throttled=1,
        rx=11,
        tx=22,
        read=3,
        written=4,
        memory=MemoryUse(60, 10, 50, 1),
        pids=9,
    )
    assert expected == from_engine(stats)
    assert Usage() == from_engine({})
    assert Usage() == from_engine({"networks": None, "blkio_stats": {"io_service_bytes_recursive": None}})


def test_a_first_reading_has_no_rates_and_a_second_one_has() -> None:
    readings, life = Readings(), ("a", 1)
    assert readings.get(life) is None
    readings.note(life, Usage(cpu_ns=0), 10.0)
    assert (Usage(cpu_ns=0), Rates()) == readings.get(life)
    readings.note(life, Usage(cpu_ns=500_000_000), 11.0)
    found = readings.get(life)
    assert found is not None
    assert found[1].cpu_percent == 50.0


def test_a_reading_of_the_same_moment_changes_nothing() -> None:
    readings, life = Readings(), ("a", 1)
    readings.note(life, Usage(cpu_ns=0), 10.0)
    readings.note(life, Usage(cpu_ns=10), 11.0)
    before = readings.get(life)
    readings.note(life, Usage(cpu_ns=99), 11.0)
    assert before == readings.get(life)


def test_a_container_that_was_started_again_begins_anew() -> None:
    readings = Readings()
    readings.note(("a", 1), Usage(cpu_ns=0), 1.0)
    readings.note(("a", 2), Usage(cpu_ns=0), 2.0)
    readings.keep({("a", 2)})
    assert readings.get(("a", 1)) is None
    assert (Usage(cpu_ns=0), Rates()) == readings.get(("a", 2))
