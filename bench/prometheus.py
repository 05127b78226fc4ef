"""Debian's `prometheus` on the values the hub stores: its CPU for each, and the size of its blocks.

`python -m bench.prometheus PORT` is what it scrapes: a page of values for each of any number of machines.
"""

import asyncio
import contextlib
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from bench.figures import Process, progress
from bench.programs import running
from bench.samples import VARIANTS, metrics
from chatops_server.domain.columns import HOST, PARTS, host_row, part_rows
from chatops_wire.samples import SampleParts

PROGRAM: Final = "prometheus"
TOOL: Final = "promtool"
# As many values a second as it takes for its CPU to be told from nothing.
_TARGETS: Final = 400
_WARM_UP_S: Final = 10.0
_MEASURED_S: Final = 15.0
_START_WITHIN_S: Final = 30.0
_APPENDED: Final = re.compile(
    rb"^prometheus_tsdb_head_samples_appended_total(?:\{[^}]*\})? (\S+)$", re.MULTILINE
)

# A series, and its values by Unix milliseconds.
Series = tuple[str, str, Sequence[tuple[int, float]]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What it spent."""

    cpu_us: float
    """Per stored value."""
    values_s: float


def values_of(sample: SampleParts) -> list[tuple[str, str, float]]:
    """Return name, label and value of everything the hub's history keeps of a sample; label may be empty."""
    found = [
        (_name(column.metric), "", value / column.scale)
        for column, value in zip(HOST, host_row(sample), strict=True)
        if value is not None
    ]
    for kind, label, values in part_rows(sample):
        found += [
            (_name(column.metric) + "_each", label, value / column.scale)
            for column, value in zip(PARTS[kind], values, strict=False)
            if value is not None
        ]
    return found


def scraping(folder: Path) -> Cost | None:
    """Have it scrape for a while; None where it is not installed."""
    if shutil.which(PROGRAM) is None:
        progress(f"{PROGRAM} is not installed: no figures of it")
        return None
    targets, own = _free_port(), _free_port()
    config = folder / "prometheus.yml"
    config.write_text(_config(targets))
    command = [
        PROGRAM,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{own}",
        "--log.level=error",
    ]
    with running(["bench.prometheus", str(targets)], {}), _started(command) as pid:
        progress(f"{PROGRAM}, {_TARGETS} targets each second for {_MEASURED_S:g} s")
        return _spent(Process(pid), f"http://127.0.0.1:{own}/metrics")


def block_bytes(folder: Path, series: Iterable[Series]) -> int | None:
    """Return how large its blocks of these series are, index and all; None where it is not installed."""
    if shutil.which(TOOL) is None:
        progress(f"{TOOL} is not installed: no size of its blocks")
        return None
    text, blocks = folder / "values.om", folder / "blocks"
    with text.open("w") as lines:
        for name, machine, values in series:
            # Of one name after the other, as the format wants it.
            lines.writelines(
                f'{name}{{machine="{machine}"}} {value!r} {ms / 1000:.3f}\n' for ms, value in values
            )
        lines.write("# EOF\n")
    command = [TOOL, "tsdb", "create-blocks-from", "openmetrics", str(text), str(blocks)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own arguments
    return sum(file.stat().st_size for file in blocks.rglob("*") if file.is_file())


def _spent(process: Process, url: str) -> Cost:
    _until_it_scrapes(url)
    time.sleep(_WARM_UP_S)
    before, cpu_s, began = _appended(url), process.cpu_s(), time.monotonic()
    time.sleep(_MEASURED_S)
    cpu_s, took_s = process.cpu_s() - cpu_s, time.monotonic() - began
    values = _appended(url) - before
    return Cost(cpu_s / values * 1e6, values / took_s)


def _until_it_scrapes(url: str) -> None:
    limit_s = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < limit_s:
        with contextlib.suppress(OSError):
            if _appended(url):
                return
        time.sleep(0.2)
    raise RuntimeError(f"{PROGRAM} scraped nothing")


def _appended(url: str) -> float:
    with urllib.request.urlopen(url, timeout=_START_WITHIN_S) as response:  # noqa: S310 - of a program we started
        return sum(float(value) for value in _APPENDED.findall(response.read()))


@contextlib.contextmanager
def _started(command: Sequence[str]) -> Iterator[int]:
    process = subprocess.Popen(command)  # noqa: S603 - our own arguments
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(_START_WITHIN_S)


def _config(port: int) -> str:
    targets = "".join(
        f'      - {{targets: ["127.0.0.1:{port}"], labels: {{machine: "m{at}", __param_machine: "{at}"}}}}\n'
        for at in range(_TARGETS)
    )
    return (
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs:\n  - job_name: machines\n    static_configs:\n{targets}"
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _name(metric: str) -> str:
    return metric.replace(".", "_")


def _page(sample: SampleParts) -> bytes:
    return "".join(
        f'{name}{{each="{label}"}} {value!r}\n' if label else f"{name} {value!r}\n"
        for name, label, value in values_of(sample)
    ).encode()


async def _serve(port: int) -> None:
    chance = random.Random(1)  # noqa: S311 - values of a benchmark
    pages = [_page(metrics(chance, 0)) for _ in range(VARIANTS)]
    asked = 0

    async def answer(_request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(body=pages[asked % VARIANTS], content_type="text/plain")

    app = web.Application()
    app.router.add_get("/metrics", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
