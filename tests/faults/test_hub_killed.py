"""kill -9 of the whole hub under load, again and again: nothing acknowledged is lost, nothing comes twice."""

from pathlib import Path

from tests.faults.assault import Hub, assault

AGENTS = 6
KILLS = 5


async def test_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    assert await assault(Hub(tmp_path / "hub"), AGENTS, KILLS) == []


async def test_a_hub_that_acknowledges_on_receipt_is_caught(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", "tests.faults.mutants", {"MUTANT": "ack_on_receipt"})
    found = await assault(hub, AGENTS, KILLS)
    assert any("acknowledged and lost" in line for line in found), found


async def test_a_hub_that_stores_twice_is_caught(tmp_path: Path) -> None:
    hub = Hub(tmp_path / "hub", "tests.faults.mutants", {"MUTANT": "no_dedupe"})
    found = await assault(hub, AGENTS, KILLS)
    assert any("stored twice" in line for line in found), found
