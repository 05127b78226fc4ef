"""What other processes of this machine are doing."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.deadlines import eventually


def is_alive(pid: int) -> bool:
    """Say whether it runs; one that has ended and waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


async def gone(*pids: int) -> None:
    """Return once none of these runs."""
    assert pids
    await eventually(lambda: not any(map(is_alive, pids)), what=f"the end of {pids}")


def end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
