"""What a hub writes for a hundred agents at 5 s, each at a moment of its own: by /proc/PID/io, for a day.

Sealing is not in it, which comes once an hour: bench.history has that.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench.figures import Figure, progress, publish
from bench.large_hub import made
from bench.many_agents import Herded, ack_part

AGENTS: Final = 100
WRITTEN_BAR: Final = 1.5
_DAY_S: Final = 86_400


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.written", description=__doc__)
    parser.add_argument("--seconds", type=int, default=120)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder, contextlib.ExitStack() as stack:
        hub = made(Path(folder) / "hub", AGENTS)
        url, pid = stack.enter_context(hub.running())
        herd = Herded(hub, url, ramp_s=5.0)
        stack.callback(herd.end)
        herd.until(lambda second: second.connected == AGENTS)
        herd.during(10)
        progress(f"{AGENTS} agents for {seconds} s")
        before = _written(pid)
        said = herd.during(seconds)
        a_day = (_written(pid) - before) / seconds * _DAY_S / 1e9
        publish(
            [
                Figure(name=f"written a day, {AGENTS} agents", value=a_day, unit="GB", bar=WRITTEN_BAR),
                Figure(name="ack, median", value=ack_part(said, 0.5), unit="ms"),
                Figure(name="ack, 99 %", value=ack_part(said, 0.99), unit="ms"),
            ]
        )
    return 0


def _written(pid: int) -> int:
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["write_bytes"])


if __name__ == "__main__":
    sys.exit(main())
