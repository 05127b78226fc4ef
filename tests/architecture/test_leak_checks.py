"""The checks of tests/conftest.py catch what they are there for: a guard that never barks is no guard."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT

LEAKS_A_TASK = """
async def test_it():
    globals()["kept"] = asyncio.create_task(asyncio.sleep(60))
"""
LEAKS_A_THREAD = """
def test_it():
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
"""
LOSES_AN_EXCEPTION = """
async def fail():
    raise ValueError

async def test_it():
    asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
"""
WARNS = """
def test_it():
    warnings.warn("old")
"""
# The default executor's threads end with the loop, so they are no leak.
TIDY = """
async def test_it():
    await asyncio.to_thread(time.monotonic)
"""


def _run(tmp_path: Path, body: str) -> "subprocess.CompletedProcess[str]":
    probe = tmp_path / "test_probe.py"
    probe.write_text(f"import asyncio, threading, time, warnings\n\n{body}")
    options = ["-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(ROOT), str(probe)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        # The real checks wait two seconds for what is ending already; here nothing is.
        env=os.environ | {"TEST_TIMEOUT_SCALE": "0.05"},
        text=True,
    )


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (LEAKS_A_TASK, "tasks left running"),
        (LEAKS_A_THREAD, "threads left running"),
        (LOSES_AN_EXCEPTION, "asyncio complained"),
        (WARNS, "UserWarning"),
    ],
    ids=["task", "thread", "exception", "warning"],
)
def test_a_test_fails_for_what_it_leaves_behind(body: str, complaint: str, tmp_path: Path) -> None:
    run = _run(tmp_path, body)
    assert run.returncode == 1
    assert complaint in run.stdout


def test_a_tidy_test_passes(tmp_path: Path) -> None:
    run = _run(tmp_path, TIDY)
    assert (run.returncode, run.stdout.splitlines()[-1].split()[:2]) == (0, ["1", "passed"])
