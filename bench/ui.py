"""The terminal UI in a real pseudo-terminal before a hub with 100 machines: time, bytes, CPU and memory.

Beside it btop and glances in the same run, where they are installed. Linux only (/proc, pty). How far a slow
line lags behind needs pyte (a development package) to read the clock off the screen. Of a large fleet nothing
but the UI is real: a hub with its agents would take the machine from it (bench.fleet_double).
"""

import argparse
import contextlib
import datetime as dt
import importlib.util
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.figures import Figure, Process, progress, publish
from bench.programs import listening, running
from bench.terminal import Terminal, in_terminal

PASSWORD: Final = "bench-password-1"  # noqa: S105 - of a hub that lives as long as this run
SMALL: Final = (80, 24)
LARGE: Final = (160, 48)
_START_WITHIN_S: Final = 30.0
_SETTLE_S: Final = 5.0
_KEYS: Final = 100
_CHATOPS: Final = (sys.executable, "-m", "chatops_tui.cli")
_SLOW_BYTES_S: Final = 5000.0
_CLOCK: Final = re.compile(r"\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Stage:
    """A hub with machines, and the environment in which somebody is signed in."""

    environ: Mapping[str, str]
    server: str
    measure_s: float


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at, and what it may cost."""

    name: str
    size: tuple[int, int]
    arguments: tuple[str, ...] = ()
    keys: bytes = b"\x1b"
    """Pressed first: Escape takes the welcome of a first run away."""
    bytes_s: float | None = None
    cpu: float | None = None


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(prog="python -m bench.ui", description=__doc__)
    parser.add_argument("--servers", type=int, default=100, metavar="N")
    parser.add_argument("--large", type=int, default=5000, metavar="N", help="servers of the large fleet")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each figure is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as folder:
        figures = _help()
        with _stage(Path(folder), options.servers, options.seconds) as stage:
            figures += _starting(stage)
            figures += _running(stage)
            figures += _slow_line(stage, Path(folder) / "stall")
            figures += _keys_and_memory(stage, options.servers, 70.0)
            figures += _gone(stage)
        with _large_stage(Path(folder) / "large", options.large, options.seconds) as stage:
            figures += _keys_and_memory(stage, options.large, 150.0)
            figures += _rate(stage, Look(f"fleet of {options.large} 160x48", LARGE))
    figures += _others(options.seconds)
    publish(figures)


@contextlib.contextmanager
def _stage(folder: Path, servers: int, seconds: float) -> Iterator[Stage]:
    environ = _environ(folder)
    hub = ["chatops_server", "run", "--port", "0", "--data-dir", str(folder / "hub")]
    with listening(hub, environ) as (url, _pid):
        environ["CHATOPS_URL"], environ["CHATOPS_USERNAME"] = url, "admin"
        fleet = ["bench.fleet", "--url", url, "--servers", str(servers), "--interval", "1"]
        with running(fleet, environ):
            progress(f"waiting for {servers} machines")
            name = _wait_for_fleet(environ, servers)
            yield Stage(environ, name, seconds)


@contextlib.contextmanager
def _large_stage(folder: Path, servers: int, seconds: float) -> Iterator[Stage]:
    environ = _environ(folder)
    with listening(["bench.fleet_double", "--servers", str(servers)], environ) as (url, _pid):
        environ["CHATOPS_URL"], environ["CHATOPS_USERNAME"] = url, "admin"
        subprocess.run([*_CHATOPS, "login"], env=environ, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        yield Stage(environ, "", seconds)


def _environ(folder: Path) -> dict[str, str]:
    environ = {
        **os.environ,
        "CHATOPS_ADMIN_PASSWORD": PASSWORD,
        "CHATOPS_PASSWORD": PASSWORD,
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    for name in ("SSH_CONNECTION", "SSH_TTY", "TMUX", "STY", "NO_COLOR"):
        environ.pop(name, None)
    return environ


def _wait_for_fleet(environ: Mapping[str, str], servers: int) -> str:
    """Sign in, wait until all are online, and return the name of one."""
    subprocess.run([*_CHATOPS, "login"], env=environ, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    while True:
        told = subprocess.run(  # noqa: S603 - our own program
            [*_CHATOPS, "servers"], env=environ, check=True, capture_output=True, text=True
        ).stdout
        if told.count("online") >= servers:
            return next(
                word for line in told.splitlines() if "online" in line for word in line.split()[:2][-1:]
            )
        time.sleep(1)


def _help() -> list[Figure]:
    took: list[float] = []
    for _ in range(7):
        at_s = time.monotonic()
        subprocess.run([*_CHATOPS, "--help"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        took.append((time.monotonic() - at_s) * 1000)
    return [Figure(name="chatops --help", value=statistics.median(took), unit="ms", bar=120.0)]


def _starting(stage: Stage) -> list[Figure]:
    firsts: list[float] = []
    fulls: list[float] = []
    cpu: list[float] = []
    for _ in range(5):
        with in_terminal(_CHATOPS, stage.environ, SMALL) as terminal:
            firsts.append(terminal.waits_for(b"chatops", _START_WITHIN_S) * 1000)
            cpu.append(Process(terminal.pid).cpu_s() * 1000)
            fulls.append(terminal.waits_for("● live".encode(), _START_WITHIN_S) * 1000)
    return [
        Figure(name="first paint, warm", value=statistics.median(firsts), unit="ms", bar=500.0),
        # On a machine with other work the only one of the three that says something.
        Figure(name="first paint, processor", value=statistics.median(cpu), unit="ms"),
        Figure(name="full fleet screen, warm", value=statistics.median(fulls), unit="ms", bar=900.0),
    ]


def _running(stage: Stage) -> list[Figure]:
    looks = (
        Look("fleet 80x24", SMALL, bytes_s=6000.0, cpu=3.0),
        Look("fleet 160x48", LARGE, bytes_s=12_000.0, cpu=3.0),
        # Escape would lead from it to the fleet.
        Look("server 80x24", SMALL, (stage.server,), keys=b"", bytes_s=1500.0, cpu=2.0),
        Look("server 160x48", LARGE, (stage.server,), keys=b"", bytes_s=1500.0, cpu=2.0),
        Look("fleet, low bandwidth", SMALL, ("--low-bandwidth",), bytes_s=1000.0),
        Look("unfocused", SMALL, keys=b"\x1b[O", cpu=0.5),
    )
    return [figure for look in looks for figure in _rate(stage, look)]


def _rate(stage: Stage, look: Look) -> list[Figure]:
    progress(look.name)
    with in_terminal((*_CHATOPS, *look.arguments), stage.environ, look.size) as terminal:
        terminal.waits_for(b"chatops", _START_WITHIN_S)
        time.sleep(_SETTLE_S)
        terminal.press(look.keys)
        time.sleep(1)
        return _counted(terminal, look.name, stage.measure_s, (look.bytes_s, look.cpu))


def _counted(
    terminal: Terminal, name: str, seconds: float, bars: tuple[float | None, float | None]
) -> list[Figure]:
    process = Process(terminal.pid)
    before, cpu_s, at_s = len(terminal.output), process.cpu_s(), time.monotonic()
    time.sleep(seconds)
    took_s = time.monotonic() - at_s
    rate, cpu = (len(terminal.output) - before) / took_s, (process.cpu_s() - cpu_s) / took_s * 100
    return [
        Figure(name=f"{name}: bytes", value=rate, unit="B/s", bar=bars[0]),
        Figure(name=f"{name}: CPU", value=cpu, unit="% of a core", bar=bars[1]),
    ]


def _slow_line(stage: Stage, stall: Path) -> list[Figure]:
    progress("a line of 5 KB/s")
    command = (sys.executable, "-m", "bench.ui_probe", str(stall))
    lags: list[float] = []
    with in_terminal(command, stage.environ, LARGE, rate=_SLOW_BYTES_S) as terminal:
        # The first picture alone takes ten seconds on such a line.
        time.sleep(_SETTLE_S * 5)
        end_s = time.monotonic() + stage.measure_s
        while time.monotonic() < end_s:
            time.sleep(0.5)
            lag = _lag_s(bytes(terminal.output))
            lags += [] if lag is None else [lag]
        longest = float(stall.read_text())
    figures = [Figure(name="5 KB/s: loop stands still at most", value=longest, unit="ms", bar=250.0)]
    if lags:
        figures.append(Figure(name="5 KB/s: screen behind at most", value=max(lags), unit="s", bar=3.0))
    return figures


def _lag_s(output: bytes) -> float | None:
    """Return how old the clock on the screen is; None where it cannot be read."""
    if importlib.util.find_spec("pyte") is None:
        return None
    import pyte  # noqa: PLC0415 - a development package

    screen: Any = pyte.Screen(*LARGE)
    pyte.ByteStream(screen).feed(output)
    found = _CLOCK.search(screen.display[0])
    if found is None:
        return None
    now = dt.datetime.now(dt.UTC)
    shown = dt.datetime.combine(now.date(), dt.time.fromisoformat(found[0]), dt.UTC)
    return max(0.0, (now - shown).total_seconds())


def _keys_and_memory(stage: Stage, servers: int, memory_bar: float) -> list[Figure]:
    progress(f"keys, {servers} servers")
    with in_terminal(_CHATOPS, stage.environ, LARGE) as terminal:
        terminal.waits_for("● live".encode(), _START_WITHIN_S)
        time.sleep(_SETTLE_S)
        took: list[float | None] = []
        for at in range(_KEYS):
            took.append(terminal.answers(b"jk"[at % 2 : at % 2 + 1]))
            time.sleep(0.05)
        memory = Process(terminal.pid).resident_mb()
    seen = sorted(one * 1000 for one in took if one is not None)
    return [
        Figure(
            name=f"key to changed screen, {servers} servers, 95 of 100",
            value=seen[int(len(seen) * 0.95)],
            unit="ms",
            bar=50.0,
        ),
        Figure(
            name=f"keys without an answer, {servers} servers",
            value=float(len(took) - len(seen)),
            unit="keys",
            bar=0.0,
        ),
        Figure(name=f"memory, {servers} servers", value=memory, unit="MB", bar=memory_bar),
    ]


def _gone(stage: Stage) -> list[Figure]:
    progress("a terminal that goes away")
    with in_terminal(_CHATOPS, stage.environ, SMALL, deaf=True) as terminal:
        terminal.waits_for("● live".encode(), _START_WITHIN_S)
        took_s = terminal.hang_up()
    return [Figure(name="terminal gone, process gone", value=took_s, unit="s", bar=5.0)]


def _others(seconds: float) -> list[Figure]:
    """Measure the usual tools beside it, those that are here, both each second."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="chatops-bench-") as home:
        # btop has no argument for it, and draws nothing where it is given one it does not know.
        config = Path(home) / "btop" / "btop.conf"
        config.parent.mkdir()
        config.write_text("update_ms = 1000\n")
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        environ |= {"HOME": home, "XDG_CONFIG_HOME": home}
        for command in (("btop", "--utf-force"), ("glances", "-t", "1")):
            if shutil.which(command[0]) is None:
                continue
            progress(command[0])
            with contextlib.suppress(OSError), in_terminal(command, environ, LARGE) as terminal:
                time.sleep(_SETTLE_S)
                figures += _counted(terminal, f"{command[0]} 160x48", seconds, (None, None))
    return figures


if __name__ == "__main__":
    main()
