"""Every sample is counted once for each time it came, as what became of it."""

from collections.abc import Sequence

from chatops_server.services.ingest import Ingest
from chatops_server.storage.base import GapRow, SampleRow
from tests.hub_rows import NOON_MS, sample


class GladStore:
    """Takes everything at once."""

    async def append(self, rows: Sequence[SampleRow | GapRow]) -> None:
        del rows

    async def cursor(self, server_num: int, epoch: str) -> int:
        del server_num, epoch
        return 0


async def test_what_became_of_each_sample_is_counted() -> None:
    acks: list[int] = []
    ingest = Ingest(GladStore(), lambda: NOON_MS)
    session = await ingest.open(1, "e1", acks.append)
    await session.accept([sample(seq) for seq in (1, 2, 3)])
    await session.accept([sample(seq) for seq in (2, 3, 4, 6, 7)])
    await session.gap(5, 6, "full")
    await session.gap(5, 6, "full")
    await ingest.close()
    counts = ingest.counts
    assert (counts.received, counts.stored, counts.duplicates, counts.refused) == (8, 4, 2, 2)
    assert (counts.gaps, counts.acks) == (1, len(acks))
