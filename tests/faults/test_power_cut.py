"""The power fails under a hub that is busy: whatever it acknowledged is there, and each sample once."""

import os
import random
from pathlib import Path

import pytest

from tests.faults import power
from tests.faults.assault import assault
from tests.faults.failing import FailingHub

AGENTS = 6
CUTS = 4


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
