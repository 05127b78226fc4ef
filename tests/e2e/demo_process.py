"""A demo as a process, for tests of whole programs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from tests.deadlines import DEADLINE_S, eventually_sync

# Two programs start, on a machine that runs other tests too.
START_WITHIN_S: Final = 6 * DEADLINE_S


@dataclass(frozen=True)
class Demo:
    """A headless demo that said it is ready."""

    process: "subprocess.Popen[str]"
    facts: dict[str, Any]
    folder: Path
    family: list[psutil.Process]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=START_WITHIN_S)

    def all_gone(self) -> None:
        """Wait until hub and agent have ended."""
        eventually_sync(lambda: not any(is_alive(one) for one in self.family), what=f"{self.family}")


def start(data_dir: Path, *arguments: str, **environ: str) -> "subprocess.Popen[str]":
    """Start a demo and return its process at once."""
    command = [sys.executable, "-m", "chatops_tui.cli", "demo", "--headless", "--data-dir", str(data_dir)]
    return subprocess.Popen(  # noqa: S603 - our own arguments
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=own_environ(data_dir) | environ,
    )


@contextmanager
def running(data_dir: Path, *arguments: str) -> Iterator[Demo]:
    """Yield a demo that shows live samples; it is ended afterwards, whatever happened."""
    process = start(data_dir, "--port", "0", *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        family = psutil.Process(process.pid).children(recursive=True)
        yield Demo(process, json.loads(line), data_dir, family)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=START_WITHIN_S)
        process.stdout.close()
        process.stderr.close()


def is_alive(process: psutil.Process) -> bool:
    """Return whether it still runs; a zombie does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def own_environ(home: Path) -> dict[str, str]:
    """Return the environment without what a developer has set for ChatOps, at home beside this folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHATOPS_", "XDG_"))}
    return kept | {"HOME": str(home.parent)}
