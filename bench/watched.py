"""What 500 clients that watch cost the agents: time to the acknowledgement with none of them, and with all.

Four in five follow the fleet, the others one server each.
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.figures import Figure, Process, progress, publish
from bench.large_hub import made
from bench.many_agents import Herded, ack_part
from bench.watchers import Watching, watching

AGENTS: Final = 500
CLIENTS: Final = 500
_FLEET_PART: Final = 0.8
_SETTLE_S: Final = 10


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.watched", description=__doc__)
    parser.add_argument("--agents", type=int, default=AGENTS)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder, contextlib.ExitStack() as stack:
        hub = made(Path(folder) / "hub", options.agents)
        url, pid = stack.enter_context(hub.running())
        herd = Herded(hub, url, ramp_s=5.0)
        stack.callback(herd.end)
        herd.until(lambda second: second.connected == options.agents)
        herd.during(_SETTLE_S)
        progress(f"{options.agents} agents, nobody watches")
        figures = list(_measured("nobody watches", herd, Process(pid), options.seconds))
        fleet = round(options.clients * _FLEET_PART)
        wanted = Watching(fleet, options.clients - fleet, hub.server_ids)
        with watching(url, hub.token(url), wanted) as heard:
            herd.during(_SETTLE_S)
            progress(f"{options.clients} clients watch")
            figures += _measured(f"{options.clients} watch", herd, Process(pid), options.seconds)
        rate = heard.size_bytes / (options.seconds + _SETTLE_S) / 1e6
        publish([*figures, Figure(name="sent to the clients", value=rate, unit="MB/s")])
    return 0


def _measured(name: str, herd: Herded, hub: Process, seconds: int) -> Iterator[Figure]:
    cpu_s = hub.cpu_s()
    said = herd.during(seconds)
    core = (hub.cpu_s() - cpu_s) / seconds * 100
    yield Figure(name=f"{name}: ack, median", value=ack_part(said, 0.5), unit="ms")
    yield Figure(name=f"{name}: ack, 99 %", value=ack_part(said, 0.99), unit="ms")
    yield Figure(name=f"{name}: CPU of one core", value=core, unit="%")


if __name__ == "__main__":
    sys.exit(main())
