"""Half an hour of agents, clients that come and go, logins and charts: memory and files have to stay flat.

Each agent first brings the hour that led up to now, since that is what the hub keeps of it in memory; then a
sample each 5 s. Slopes are those of the last two thirds of the time, by least squares.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from bench.figures import Figure, Process, progress, publish
from bench.large_hub import LargeHub, made
from bench.many_agents import Herded, ack_part, probing
from bench.outage import backlogs
from bench.watchers import Watching, watching

AGENTS: Final = 100
CLIENTS: Final = 20
MEMORY_BAR: Final = 2.0
# Clients stay as long as this and are followed by others.
_VISIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 5


@dataclass(frozen=True, slots=True)
class Look:
    """The hub at one moment."""

    at_s: float
    resident_mb: float
    open_files: int
    threads: int


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder, contextlib.ExitStack() as stack:
        hub = made(Path(folder) / "hub", AGENTS)
        url, pid = stack.enter_context(hub.running())
        progress(f"the last hour of {AGENTS} agents")
        uvloop.run(backlogs(url, hub.keys))
        herd = Herded(hub, url, ramp_s=5.0)
        stack.callback(herd.end)
        herd.until(lambda second: second.connected == AGENTS)
        progress(f"{minutes:g} minutes")
        herd.since()
        with probing(hub, url) as probe:
            looks = _looks(hub, url, pid, minutes * 60)
        said = herd.since()
        settled = looks[len(looks) // 3 :]
        publish(
            [
                Figure(name="measured for", value=minutes, unit="min"),
                Figure(name="memory, growth", value=_slope(settled), unit="MB/h", bar=MEMORY_BAR),
                Figure(name="memory at the end", value=looks[-1].resident_mb, unit="MB"),
                Figure(name="open files, most less least", value=_spread(settled), unit=""),
                Figure(name="threads at the end", value=looks[-1].threads, unit=""),
                Figure(name="ack, 99 %", value=ack_part(said, 0.99), unit="ms"),
                Figure(name="connections lost", value=AGENTS - said[-1].connected, unit="", bar=0),
                Figure(name="charts and logins unanswered", value=probe.failures, unit="", bar=0),
            ]
        )
    return 0


def _looks(hub: LargeHub, url: str, pid: int, seconds: float) -> list[Look]:
    looks: list[Look] = []
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        with watching(url, hub.token(url), Watching(CLIENTS - 5, 5, hub.server_ids)):
            gone_s = min(end_s, time.monotonic() + _VISIT_S)
            while time.monotonic() < gone_s:
                time.sleep(_LOOK_EVERY_S)
                looks.append(_look(pid))
    return looks


def _look(pid: int) -> Look:
    proc = Path(f"/proc/{pid}")
    files, threads = len(list((proc / "fd").iterdir())), len(list((proc / "task").iterdir()))
    return Look(time.monotonic(), Process(pid).resident_mb(), files, threads)


def _slope(looks: Sequence[Look]) -> float:
    times, sizes = [look.at_s for look in looks], [look.resident_mb for look in looks]
    return statistics.linear_regression(times, sizes).slope * 3600


def _spread(looks: Sequence[Look]) -> float:
    files = [look.open_files for look in looks]
    return max(files) - min(files)


if __name__ == "__main__":
    sys.exit(main())
