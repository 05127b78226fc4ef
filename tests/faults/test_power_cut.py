"""The power fails under a hub that is busy: whatever it acknowledged is there, and each sample once."""

import asyncio
import os
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.faults import power
from tests.faults.assault import Hub, assault

AGENTS = 6
CUTS = 4


@dataclass
class FailingHub(Hub):
    """A hub whose end is a power cut: its files are then what the disk may hold."""

    lost_writes: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - the same each time
    _starts: int = 0

    async def start(self) -> None:
        self._starts += 1
        self.environ["POWER_LOG"] = str(self._log)
        self.data.mkdir(exist_ok=True)
        await asyncio.to_thread(power.snapshot, self.data, self._aside)
        await super().start()

    async def end(self, number: int = signal.SIGKILL) -> None:
        await super().end(number)
        self.lost_writes += await asyncio.to_thread(
            power.after_the_cut, self._aside, self._log, self.data, self._chance
        )

    @property
    def _log(self) -> Path:
        return self.data.with_name(f"power-{self._starts}.log")

    @property
    def _aside(self) -> Path:
        return self.data.with_name("before")


@pytest.fixture(autouse=True)
def _own_sqlite() -> None:
    try:
        power.library_path()
    except LookupError as exc:
        pytest.skip(str(exc))


async def test_power_cuts_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    hub = FailingHub(tmp_path / "hub", "tests.faults.power")
    assert await assault(hub, AGENTS, CUTS) == []
    # Else nothing was tried: a commit was always under way.
    assert hub.lost_writes > 0


async def test_a_hub_that_does_not_sync_its_commits_is_caught(tmp_path: Path) -> None:
    hub = FailingHub(tmp_path / "hub", "tests.faults.power", {"MUTANT": "no_sync"})
    found = await assault(hub, AGENTS, CUTS)
    assert any("acknowledged and lost" in line for line in found), found


def test_what_was_synced_stays_and_of_the_rest_any_part(tmp_path: Path) -> None:
    log, before, folder = tmp_path / "log", tmp_path / "before", tmp_path / "after"
    before.mkdir()
    folder.mkdir()
    (before / "hub.db").write_bytes(b"a" * 1024)
    tap = power.Tap(log)
    for note in (
        (b"W", 0, b"b" * 512),
        (b"S", 0, b""),
        (b"W", 512, b"c" * 512),
        (b"W", 1024, b"d" * 512),
    ):
        tap.note("hub.db", *note)
    # Killed while it wrote the last one down.
    os.truncate(log, log.stat().st_size - 1)
    found = set()
    for seed in range(40):
        assert power.after_the_cut(before, log, folder, random.Random(seed)) == 1  # noqa: S311 - no secret
        found.add((folder / "hub.db").read_bytes())
    assert found == {b"b" * 512 + b"a" * 512, b"b" * 512 + b"c" * 512}
