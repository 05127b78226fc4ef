"""The output of a run as its followers read it: in order, once, wherever it lies."""

import asyncio
from collections.abc import Sequence

from chatops_server.broker.run_output import SEGMENT_BYTES, GoneError, RunOutput, Segment
from chatops_server.domain.output_chunks import Chunk
from tests.deadlines import eventually


def chunk(seq: int, size: int = 1) -> Chunk:
    return Chunk(seq, "stdout", bytes([seq % 256]) * size)


async def read_all(output: RunOutput, seq: int = 0) -> list[int]:
    seqs: list[int] = []
    while chunks := await output.after(seq):
        seqs += [each.seq for each in chunks]
        seq = seqs[-1]
    return seqs


async def elsewhere(output: RunOutput, segment: Segment) -> list[Chunk]:
    """Move a segment out of memory; return where to."""
    place = list(segment.chunks or ())

    async def load() -> Sequence[Chunk]:
        await asyncio.sleep(0)
        if not place:
            raise GoneError
        return place

    output.moved(segment, load)
    return place


async def test_chunks_come_in_order_and_each_once() -> None:
    output = RunOutput()
    assert [output.append(chunk(seq)) for seq in (1, 2, 2, 1, 3)] == [True, True, False, False, True]
    assert not output.has_hole
    output.complete()
    assert await read_all(output) == [1, 2, 3]
    assert await read_all(output, 2) == [3]
    assert (output.last_seq, output.total_bytes) == (3, 3)


async def test_a_reader_waits_for_what_comes_and_for_the_end() -> None:
    output = RunOutput()
    reader, other = asyncio.create_task(read_all(output)), asyncio.create_task(read_all(output))
    for seq in range(1, 50):
        output.append(chunk(seq))
        if seq % 7 == 0:
            await asyncio.sleep(0)
    output.complete()
    assert await reader == await other == list(range(1, 50))


async def test_a_missing_chunk_is_noticed() -> None:
    output = RunOutput()
    output.append(chunk(1))
    output.append(chunk(3))
    assert output.has_hole


async def test_what_is_moved_is_read_from_there_and_takes_no_memory() -> None:
    output = RunOutput()
    for seq in range(1, 5):
        output.append(chunk(seq, SEGMENT_BYTES // 2))
    segment = output.next_full()
    assert segment is not None
    await elsewhere(output, segment)
    assert (output.bytes_in_memory, output.moved_seq) == (SEGMENT_BYTES, 2)
    output.complete()
    assert await read_all(output) == [1, 2, 3, 4]


async def test_a_flood_of_tiny_chunks_fills_a_segment_too() -> None:
    output = RunOutput()
    for seq in range(1, SEGMENT_BYTES // 128 + 2):
        output.append(chunk(seq))
    assert output.next_full() is not None


async def test_what_was_dropped_is_passed_over() -> None:
    output = RunOutput()
    for seq in range(1, 7):
        output.append(chunk(seq, SEGMENT_BYTES // 2))
    first, second, _third = output.segments
    output.drop(first)
    place = await elsewhere(output, second)
    output.complete()
    assert await read_all(output) == [3, 4, 5, 6]
    # Gone between the look and the reading.
    place.clear()
    assert await read_all(output) == [5, 6]
    assert output.total_bytes == 3 * SEGMENT_BYTES


async def test_it_is_known_whether_anybody_reads() -> None:
    output = RunOutput()
    waiting = asyncio.create_task(output.wait_until_unfollowed())
    await waiting
    with output.followed():
        waiting = asyncio.create_task(output.wait_until_unfollowed())
        with output.followed():
            await asyncio.sleep(0)
        assert not waiting.done()
    await eventually(waiting.done)


async def test_a_later_hub_goes_on_from_what_is_stored() -> None:
    async def load() -> Sequence[Chunk]:
        await asyncio.sleep(0)
        return [chunk(1), chunk(2)]

    output = RunOutput([Segment(1, 2, 2, chunks=None, load=load, part=0)])
    assert (output.last_seq, output.total_bytes, output.bytes_in_memory) == (2, 2, 0)
    assert not output.append(chunk(2))
    assert output.append(chunk(3))
    output.complete()
    assert await read_all(output) == [1, 2, 3]
    assert output.next_full() is None
