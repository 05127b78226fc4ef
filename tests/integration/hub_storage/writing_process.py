"""A hub's storage under load, to be killed: prints `<server> <seq>` for each ack, after it was given.

usage: writing_process.py DATABASE SERVERS
"""

import asyncio
import sys
import time
from pathlib import Path

from chatops_server.services.ingest import Ingest
from chatops_server.storage.sqlite.engine import SqliteStorage, open_sqlite
from tests.hub_rows import sample

EPOCH = "spool"


async def main(path: Path, servers: int) -> None:
    storage = await open_sqlite(path)
    ingest = Ingest(storage.samples, _now_ms)
    async with asyncio.TaskGroup() as agents:
        for server_num in range(1, servers + 1):
            agents.create_task(_send(storage, ingest, server_num))


async def _send(storage: SqliteStorage, ingest: Ingest, server_num: int) -> None:
    def acked(seq: int) -> None:
        sys.stdout.write(f"{server_num} {seq}\n")
        sys.stdout.flush()

    session = await ingest.open(server_num, EPOCH, acked)
    seq = session.last_seq
    while True:
        count = 1 + (seq + server_num) % 5
        await session.accept([sample(seq + at, _now_ms()) for at in range(1, count + 1)])
        seq += count
        # Other writes between the samples, as a hub has them.
        await storage.samples.cursor(server_num, EPOCH)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
