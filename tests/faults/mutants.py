"""The hub with one mistake in it, to show that the tests of faults would notice.

usage: python -m tests.faults.mutants run … with MUTANT=ack_on_receipt or MUTANT=no_dedupe
"""

import os
import sys
from collections.abc import Iterable, Sequence

from chatops_server import cli
from chatops_server.services.ingest_session import IngestSession
from chatops_server.storage.base import GapRow, SampleRow
from chatops_server.storage.sql import samples as sample_scripts
from chatops_wire.samples import Sample

_accept = IngestSession.accept
_Beyond = tuple[list[SampleRow], list[GapRow], dict[tuple[int, str], tuple[int, int]]]


async def _acknowledge_first(self: IngestSession, samples: Sequence[Sample]) -> Sequence[Sample]:
    accepted = await _accept(self, samples)
    self._listener.on_ack(self._accepted)
    return accepted


async def _take_again(self: IngestSession, samples: Sequence[Sample]) -> Sequence[Sample]:
    if samples:
        self._accepted = samples[0].seq - 1
    return await _accept(self, samples)


def _all_of_them(rows: Iterable[SampleRow | GapRow], _known: dict[tuple[int, str], int | None]) -> _Beyond:
    samples = [row for row in rows if isinstance(row, SampleRow)]
    return samples, [], {(row.server_num, row.epoch): (row.seq, row.received_ms) for row in samples}


def ack_on_receipt() -> None:
    """Acknowledge what came, whether or not it is on disk."""
    IngestSession.accept = _acknowledge_first  # type: ignore[method-assign]


def no_dedupe() -> None:
    """Store what comes again once more."""
    IngestSession.accept = _take_again  # type: ignore[method-assign]
    sample_scripts._beyond = _all_of_them  # type: ignore[assignment]  # noqa: SLF001 - likewise


if __name__ == "__main__":
    {"ack_on_receipt": ack_on_receipt, "no_dedupe": no_dedupe}[os.environ["MUTANT"]]()
    sys.exit(cli.main())
