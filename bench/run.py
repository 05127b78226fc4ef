"""Runs every benchmark, or those named, prints one table and keeps the figures in bench/results/NAME.json.

Exit status 1 when a benchmark could not run. A bar that is not met is shown, not an error: these machines
are shared, and a person decides what a figure means.
"""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Figure, progress

BENCHMARKS: Final = (
    "agent_cost",
    "agent_containers",
    "alerts",
    "console",
    "containers",
    "drawn",
    "faults",
    "history",
    "ingest",
    "many_agents",
    "outage",
    "soak",
    "ui",
    "watched",
    "written",
)
RESULTS: Final = Path(__file__).parent / "results"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's figures and the machine they were measured on."""

    benchmark: str
    python: str
    machine: str
    cores: int
    figures: tuple[Figure, ...]


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (all)")
    names = parser.parse_args().names or BENCHMARKS
    RESULTS.mkdir(exist_ok=True)
    results = [_run(name) for name in names]
    Console().print(_table([result for result in results if result]))
    return 0 if all(results) else 1


def _run(name: str) -> Result | None:
    """Run one benchmark in a process of its own; None when it failed, which it has then said itself."""
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", f"bench.{name}"], stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        progress(f"{name} could not run, exit status {done.returncode}")
        return None
    result = Result(
        benchmark=name,
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        figures=msgspec.json.decode(done.stdout, type=tuple[Figure, ...]),
    )
    (RESULTS / f"{name}.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)) + b"\n")
    return result


def _table(results: list[Result]) -> Table:
    table = Table("figure", "value", "unit", "bar", "")
    table.columns[0].no_wrap = True
    table.columns[1].justify = table.columns[3].justify = "right"
    for result in results:
        table.add_section()
        table.add_row(f"[bold]{result.benchmark}[/bold]")
        for figure in result.figures:
            bar = "" if figure.bar is None else f"{figure.bar_is} {figure.bar:g}"
            met = {None: "", True: "met", False: "not met"}[figure.met]
            value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.3g}"  # noqa: PLR2004
            table.add_row(figure.name, value, figure.unit, bar, met)
    return table


if __name__ == "__main__":
    sys.exit(main())
