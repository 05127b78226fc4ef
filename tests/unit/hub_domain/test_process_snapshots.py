"""Snapshots of processes as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.chunks import DamagedChunkError
from chatops_server.domain.process_snapshots import (
    Snapshot,
    decode,
    decode_hour,
    encode,
    encode_hour,
)
from chatops_wire.samples import Process

_MIB = 1024 * 1024

_PROCESSES = st.lists(
    st.builds(
        Process,
        pid=st.integers(0, 2**31),
        name=st.text(min_size=1, max_size=20),
        user=st.text(max_size=10),
        cpu_percent=st.integers(0, 64_000).map(lambda tenths: tenths / 10),
        memory_used=st.integers(0, 2**30).map(lambda kib: kib * 1024),
        command=st.text(min_size=1, max_size=60),
    ),
    max_size=12,
)


@given(_PROCESSES)
def test_a_moment_comes_back_as_it_was(processes: list[Process]) -> None:
    found = decode(5, encode(processes))
    assert found.ts_ms == 5
    assert sorted(found.processes, key=str) == sorted(processes, key=str)


@given(st.dictionaries(st.integers(0, 2**40), _PROCESSES, max_size=6))
def test_an_hour_comes_back_by_time(moments: dict[int, list[Process]]) -> None:
    snapshots = [decode(ts_ms, encode(processes)) for ts_ms, processes in moments.items()]
    count, body = encode_hour(snapshots)
    assert count == len(moments)
    assert decode_hour(body) == sorted(snapshots, key=lambda one: one.ts_ms)


def test_of_one_time_the_last_snapshot_counts() -> None:
    first, second = Snapshot(7, (Process(pid=1, name="a", command="a"),)), Snapshot(7, ())
    assert decode_hour(encode_hour([first, second])[1]) == [second]


def test_the_busiest_and_the_largest_are_kept() -> None:
    busy = [Process(pid=at, name="busy", cpu_percent=50.0 + at) for at in range(30)]
    large = [Process(pid=100 + at, name="large", memory_used=(900 + at) * _MIB) for at in range(30)]
    kept = decode(0, encode([*busy, *large])).processes
    assert [one.pid for one in kept[:12]] == list(range(29, 17, -1))
    assert {one.pid for one in kept[12:]} == set(range(122, 130))


def test_what_an_agent_makes_up_fits_all_the_same() -> None:
    made_up = Process(
        pid=2**63 - 1, name="n" * 500, cpu_percent=float("inf"), memory_used=2**62, command="c" * 5_000
    )
    nothing = Process(pid=2, name="m", cpu_percent=float("nan"))
    found = decode(0, encode([made_up, nothing])).processes
    assert {len(one.name) for one in found} == {32, 1}
    assert max(len(one.command) for one in found) == 80
    assert [one.cpu_percent for one in found if one.name == "m"] == [0.0]


@pytest.mark.parametrize("body", [b"", b"x", encode([])[:-2], b"\x78\x9c\x03\x00\x00\x00\x00\x01"])
def test_other_bytes_are_damaged(body: bytes) -> None:
    with pytest.raises(DamagedChunkError):
        decode(0, body)
    with pytest.raises(DamagedChunkError):
        decode_hour(body)


def test_an_hour_whose_numbers_name_nothing_is_damaged() -> None:
    _, body = encode_hour([Snapshot(0, ())])
    with pytest.raises(DamagedChunkError):
        decode_hour(body[:-5])
