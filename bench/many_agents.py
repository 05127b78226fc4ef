"""Ten thousand agents at 5 s on one hub process, and a restart of that hub under them.

During the restart somebody logs in and draws charts. The hub's CPU is of one core, over a minute in which
everybody is connected.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from bench.figures import Figure, Process, progress, publish
from bench.herd import Second
from bench.large_hub import LargeHub, made
from bench.programs import get

T = TypeVar("T")

INTERVAL_S: Final = 5.0
RAMP_S: Final = 30.0
CORE_BAR: Final = 60.0
ACK_BAR: Final = 250.0
MEMORY_BAR: Final = 60.0
BACK_BAR: Final = 60.0
ANSWER_BAR: Final = 1000.0
_GIVE_UP_S: Final = 180.0
_PROBE_EVERY_S: Final = 0.5


class Herded:
    """The generator's process and what it says, second by second."""

    def __init__(self, hub: LargeHub, url: str, ramp_s: float = RAMP_S) -> None:
        """Start it."""
        # Behind the hub, whose time is measured.
        command = ["nice", "-n", "5", sys.executable, "-m", "bench.herd", url, str(INTERVAL_S), str(ramp_s)]
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._process.stdin is not None:
            self._process.stdin.write("\n".join(hub.keys).encode())
            self._process.stdin.close()
        self._seconds: deque[Second] = deque()
        self._reader = threading.Thread(target=self._read, name="herd", daemon=True)
        self._reader.start()

    def end(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)
        self._reader.join()

    def next(self) -> Second:
        """Return the next second; waits for it."""
        began = time.monotonic()
        while not self._seconds:
            if time.monotonic() - began > _GIVE_UP_S or self._process.poll() is not None:
                raise RuntimeError("the generator is gone")
            time.sleep(0.05)
        return self._seconds.popleft()

    def until(self, is_enough: Callable[[Second], bool]) -> float:
        """Return after how many seconds the condition held."""
        began = time.monotonic()
        self._seconds.clear()
        while not is_enough(self.next()):
            if time.monotonic() - began > _GIVE_UP_S:
                raise RuntimeError("the agents did not come back")
        return time.monotonic() - began

    def during(self, seconds: int) -> list[Second]:
        """Return what is said from now on for so many seconds."""
        self._seconds.clear()
        return [self.next() for _ in range(seconds)]

    def since(self) -> list[Second]:
        """Return what was said since it was last asked."""
        said = list(self._seconds)
        self._seconds.clear()
        return said

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._seconds.append(msgspec.json.decode(line, type=Second))


@dataclass(slots=True)
class Probe:
    """What somebody at the UI waits for while the agents come: logins and charts."""

    hub: LargeHub
    url: str
    logins_ms: list[float]
    charts_ms: list[float]
    failures: int = 0


@contextlib.contextmanager
def probing(hub: LargeHub, url: str) -> Iterator[Probe]:
    """Ask again and again until the block ends."""
    probe, stop = Probe(hub, url, [], []), threading.Event()
    chart = f"/metrics/{hub.server_ids[0]}/history?metric=cpu.percent&metric=memory.percent"

    def ask() -> None:
        while not stop.wait(_PROBE_EVERY_S):
            try:
                took_ms, token = _timed(lambda: hub.token(url))
                probe.logins_ms.append(took_ms)
                # Of a moment ago: a soak lasts longer than a token.
                took_ms, _ = _timed(partial(get, url, chart, token))
                probe.charts_ms.append(took_ms)
            except OSError:
                probe.failures += 1

    thread = threading.Thread(target=ask, name="probe", daemon=True)
    thread.start()
    try:
        yield probe
    finally:
        stop.set()
        thread.join()


def ack_part(said: Sequence[Second], part: float) -> float:
    """Return the milliseconds within which this part of all acknowledgements came."""
    counted: Counter[int] = Counter()
    for second in said:
        counted.update(second.waits_ms)
    left = counted.total() * part
    for value in sorted(counted):
        left -= counted[value]
        if left <= 0:
            return float(value)
    return 0.0


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_agents", description=__doc__)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder:
        progress(f"a hub with {options.agents:,} servers")
        hub = made(Path(folder) / "hub", options.agents)
        publish(_measured(hub, options.agents, options.seconds))
    return 0


def _measured(hub: LargeHub, agents: int, seconds: int) -> list[Figure]:
    with contextlib.ExitStack() as stack:
        with hub.running() as (url, pid):
            empty_mb = Process(pid).resident_mb()
            herd = Herded(hub, url)
            stack.callback(herd.end)
            progress("connecting")
            herd.until(lambda second: second.connected == agents)
            # The first interval of each is over, and what was remembered of the rush is gone.
            herd.during(10)
            figures = _steady(herd, Process(pid), agents, seconds, empty_mb)
            for figure in figures:
                # Should what follows fail, this is known all the same.
                progress(f"{figure.name}: {figure.value:.1f} {figure.unit}")
            began = time.monotonic()
        stop_s = time.monotonic() - began
        figures.append(Figure(name="restart: the hub stopped within", value=stop_s, unit="s"))
        progress("restarting the hub")
        with hub.running() as (url, _), probing(hub, url) as probe:
            back_s = herd.until(lambda second: second.connected >= agents)
        return [*figures, *_restart(back_s, probe)]


def _steady(herd: Herded, hub: Process, agents: int, seconds: int, empty_mb: float) -> list[Figure]:
    progress(f"{agents:,} agents for {seconds} s")
    cpu_s, began = hub.cpu_s(), time.monotonic()
    said = herd.during(seconds)
    core = (hub.cpu_s() - cpu_s) / (time.monotonic() - began) * 100
    stored = sum(second.acknowledged for second in said)
    name = f"{agents:,} agents at 5 s:"
    return [
        Figure(name=f"{name} stored", value=stored / seconds, unit="samples/s"),
        Figure(name=f"{name} ack, median", value=ack_part(said, 0.5), unit="ms"),
        Figure(name=f"{name} ack, 99 %", value=ack_part(said, 0.99), unit="ms", bar=ACK_BAR),
        Figure(name=f"{name} CPU of one core", value=core, unit="%", bar=CORE_BAR),
        Figure(
            name=f"{name} memory an agent, minutes after the start",
            value=(hub.resident_mb() - empty_mb) * 1e3 / agents,
            unit="KB",
            bar=MEMORY_BAR,
        ),
    ]


def _restart(back_s: float, probe: Probe) -> list[Figure]:
    return [
        Figure(name="restart: all agents back after", value=back_s, unit="s", bar=BACK_BAR),
        Figure(
            name="restart: slowest login meanwhile", value=max(probe.logins_ms), unit="ms", bar=ANSWER_BAR
        ),
        Figure(
            name="restart: slowest chart meanwhile", value=max(probe.charts_ms), unit="ms", bar=ANSWER_BAR
        ),
        Figure(name="restart: median chart meanwhile", value=statistics.median(probe.charts_ms), unit="ms"),
        Figure(name="restart: unanswered meanwhile", value=probe.failures, unit="", bar=0),
    ]


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    """Return how many milliseconds it took, and its result."""
    began = time.perf_counter()
    result = call()
    return (time.perf_counter() - began) * 1000, result


if __name__ == "__main__":
    sys.exit(main())
