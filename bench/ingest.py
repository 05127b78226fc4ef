"""Samples per second through the hub and its CPU per sample, beside a bare loop and Prometheus.

Hub and bare loop store with synchronous=FULL before they acknowledge. The first bar is their ratio: what
accounts, alerts, history, presence and fan-out may cost on top of the least any hub must do; the thresholds
are those of a new hub, and clients follow it. The second bar is what Prometheus spends per value on the
same values in the same run, where it is installed. Linux only (/proc).
"""

import contextlib
import random
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from bench.figures import Figure, progress, publish
from bench.load import Answer
from bench.programs import get, listening, new_server, post
from bench.prometheus import Cost, scraping, values_of
from bench.samples import metrics
from bench.watchers import Watching, watching


@dataclass(frozen=True, slots=True)
class Pattern:
    """How the agents send: see bench.load.Task."""

    name: str
    interval_s: float
    window: int
    seconds: float


# Below the usual limit of 1,024 open files for each of the two processes.
AGENTS: Final = 400
# Every sample arrives alone on its connection, as in life: 4,000 a second are 20,000 agents at 5 s, about as
# much as one core takes. With less to do fewer samples share a commit, and each costs more, in both programs.
STEADY: Final = Pattern("steady", interval_s=0.1, window=30, seconds=12.0)
ROUNDS: Final = 2
# As fast as it goes: what a fleet does that comes back with its backlog.
FLAT_OUT: Final = Pattern("flat out", interval_s=0.0, window=8, seconds=8.0)
# The project's bar: at most twice the bare loop (docs/performance.md).
RATIO_BAR: Final = 2.0
FLEET_CLIENTS: Final = 20
METRIC_CLIENTS: Final = 5


@dataclass(frozen=True, slots=True)
class Hub:
    """A running program that agents can log in to."""

    url: str
    pid: int
    keys: Sequence[str]
    server_ids: Sequence[str] = ()
    token: str = ""


def main() -> None:
    """Measure both and publish."""
    wanted = Watching(FLEET_CLIENTS, METRIC_CLIENTS)
    with (
        tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder,
        _bare_hub(Path(folder)) as bare,
        _real_hub(Path(folder)) as hub,
        watching(hub.url, hub.token, replace(wanted, server_ids=hub.server_ids)),
    ):
        thresholds = msgspec.json.decode(get(hub.url, "/alerts/thresholds", hub.token))["items"]
        rounds = [(load(bare, "bare", STEADY), load(hub, "hub", STEADY)) for _ in range(ROUNDS)]
        # The calmer round counts. On a busy machine samples queue and more of them share a commit: what
        # looks cheaper then is only late.
        steady = min(rounds, key=lambda answers: sum(answer.p50_ms for answer in answers))
        flat_out = (load(bare, "bare", FLAT_OUT), load(hub, "hub", FLAT_OUT))
        prometheus = scraping(Path(folder))
    ratio = _cpu_us(steady[1]) / _cpu_us(steady[0])
    publish(
        [
            *_figures("steady", *steady),
            Figure(name="steady: hub CPU / bare CPU", value=ratio, unit="x", bar=RATIO_BAR),
            *_figures("flat out", *flat_out),
            *_per_value(steady[1], prometheus),
            Figure(name="thresholds judged meanwhile", value=len(thresholds), unit=""),
            Figure(name="clients of the fleet meanwhile", value=FLEET_CLIENTS, unit=""),
            Figure(name="clients of one server meanwhile", value=METRIC_CLIENTS, unit=""),
        ]
    )


def _per_value(hub: Answer, prometheus: Cost | None) -> Iterator[Figure]:
    values = len(values_of(metrics(random.Random(1), 0)))  # noqa: S311 - values of a benchmark
    bar = None if prometheus is None else prometheus.cpu_us
    yield Figure(name="steady, hub: CPU a stored value", value=_cpu_us(hub) / values, unit="us", bar=bar)
    if prometheus is not None:
        yield Figure(name="prometheus: CPU a stored value", value=prometheus.cpu_us, unit="us")
        yield Figure(name="prometheus: values stored", value=prometheus.values_s, unit="/s")


def _figures(pattern: str, bare: Answer, hub: Answer) -> Iterator[Figure]:
    for who, answer in (("hub", hub), ("bare", bare)):
        about = f"{pattern}, {who}:"
        yield Figure(name=f"{about} stored", value=answer.acknowledged / answer.seconds, unit="samples/s")
        yield Figure(name=f"{about} CPU", value=_cpu_us(answer), unit="us/sample")
        yield Figure(name=f"{about} ack, median", value=answer.p50_ms, unit="ms")
        yield Figure(name=f"{about} ack, 99 %", value=answer.p99_ms, unit="ms")
        yield Figure(name=f"{about} memory", value=answer.hub_resident_mb, unit="MB")


def _cpu_us(answer: Answer) -> float:
    return answer.hub_cpu_s / max(1, answer.acknowledged) * 1e6


def load(hub: Hub, who: str, pattern: Pattern) -> Answer:
    """Return what agents with this pattern met, and what it cost the hub."""
    progress(f"{who}, {AGENTS} agents {pattern.name}, {pattern.seconds:g} s")
    how = (pattern.seconds, pattern.interval_s, pattern.window)
    command = [sys.executable, "-m", "bench.load", hub.url, str(hub.pid), *map(str, how)]
    run = subprocess.run(  # noqa: S603 - our own arguments
        command, input="\n".join(hub.keys), stdout=subprocess.PIPE, check=True, text=True
    )
    return msgspec.json.decode(run.stdout, type=Answer)


@contextlib.contextmanager
def _bare_hub(folder: Path) -> Iterator[Hub]:
    command = ["bench.bare_hub", str(folder / "bare.db")]
    with listening(command, {}) as (url, pid):
        yield Hub(url, pid, [f"agent-{number}" for number in range(AGENTS)])


@contextlib.contextmanager
def _real_hub(folder: Path) -> Iterator[Hub]:
    password = secrets.token_urlsafe()
    command = ["chatops_server", "run", "--port", "0", "--data-dir", str(folder / "hub")]
    with listening(command, {"CHATOPS_ADMIN_PASSWORD": password}) as (url, pid):
        login = post(url, "/auth/login", {"username": "admin", "password": password})
        names = (f"bench-{number}" for number in range(AGENTS))
        servers = [new_server(url, login["access_token"], name) for name in names]
        server_ids, keys = zip(*servers, strict=True)
        yield Hub(url, pid, keys, server_ids, login["access_token"])


if __name__ == "__main__":
    main()
