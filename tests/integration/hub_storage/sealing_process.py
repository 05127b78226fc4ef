"""Seals all hours of a database, and kills itself after so many commits.

usage: sealing_process.py DATABASE COMMITS
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TypeVar

from chatops_server.storage.base import Script
from chatops_server.storage.sql.hot import tables_to_seal
from chatops_server.storage.sql.samples import HotSamples
from chatops_server.storage.sqlite.connections import connect_writer
from chatops_server.storage.sqlite.sealer import Sealer
from chatops_server.storage.sqlite.writer import Writer

T = TypeVar("T")


class MortalWriter(Writer):
    """Commits so many scripts and no more."""

    commits_left = -1

    async def run(self, script: Script[T]) -> T:
        result = await super().run(script)
        self.commits_left -= 1
        if self.commits_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


async def main(path: Path, commits: int) -> None:
    hot = HotSamples()
    writer = MortalWriter(path, hot, lambda: connect_writer(path))
    await writer.open()
    tables = await writer.run(tables_to_seal(2**62))
    writer.commits_left = commits
    sealer = Sealer(path, writer, hot, commit_bytes=1)
    for table in tables:
        await sealer.seal(table)
    await writer.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
