"""What a benchmark found, with the bar it is held against, and how it hands that to bench.run."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured value. `bar` is the limit the project set itself, None where it set none."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    bar_is: Literal["at most", "at least"] = "at most"

    @property
    def met(self) -> bool | None:
        """Whether the value keeps to its bar; None without one."""
        if self.bar is None:
            return None
        return self.value <= self.bar if self.bar_is == "at most" else self.value >= self.bar


@dataclass(frozen=True, slots=True)
class Process:
    """CPU and memory of a process, as /proc tells them (Linux only)."""

    pid: int

    def cpu_s(self) -> float:
        """User and system seconds of all its threads so far."""
        # The name may hold spaces and brackets; the fields after its last bracket are fixed.
        fields = _proc(self.pid, "stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mb(self) -> float:
        """Resident memory in MB."""
        return int(_proc(self.pid, "statm").split()[1]) * _PAGE / 1e6


def publish(figures: list[Figure]) -> None:
    """Hand the figures to bench.run: one JSON document on stdout, whatever else goes to stderr."""
    sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")


def progress(text: str) -> None:
    """Tell a person who waits what is going on."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def _proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()
