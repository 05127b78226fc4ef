"""A real agent and a real hub with a bad line between them."""

import signal
from pathlib import Path

import pytest

from tests.deadlines import MS, eventually
from tests.faults.assault import START_S
from tests.faults.link import Link, linked
from tests.faults.pair import SOON_S, agent_at, hub_at, more_is_stored, status, stored, told

# Both sides ping every 10 s and wait 5 s for the answer.
NOTICED_WITHIN_S = 20_000 * MS


async def test_a_dead_line_is_noticed_on_both_sides_and_nothing_is_missing_after_it(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "hub") as hub, linked(int(hub.port)) as link:
        [sim] = await hub.add_agents(1)
        async with agent_at(link.url, sim.key, tmp_path / "agent") as agent:
            await agent.says("connected")
            await more_is_stored(hub, 1)
            link.freeze()
            await agent.says("no connection to the hub", NOTICED_WITHIN_S)

            async def has_no_session() -> bool:
                return "chatops_hub_agent_sessions 0.0" in await told(hub)

            # The hub's connection goes through the same dead line, and has been silent for as long.
            await eventually(has_no_session, deadline_s=NOTICED_WITHIN_S - 15_000 * MS)

            async def is_offline() -> bool:
                return await status(hub) == "offline"

            # Noticed within 20 s, told after the time an agent has to come back.
            await eventually(is_offline, deadline_s=NOTICED_WITHIN_S + SOON_S)
            before = stored(hub)[0]
            link.thaw()
            await more_is_stored(hub, before + 15)
            cursor, sequences, gaps = stored(hub)
            assert gaps == 0
            assert sequences == list(range(1, len(sequences) + 1))
            assert cursor <= len(sequences)


@pytest.mark.parametrize("delay_s", [0.0, 0.3])
async def test_a_line_that_breaks_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, delay_s: float
) -> None:
    async with hub_at(tmp_path / "hub") as hub, linked(int(hub.port)) as link:
        [sim] = await hub.add_agents(1)
        link.delay_s = delay_s
        async with agent_at(link.url, sim.key, tmp_path / "agent"):
            for _ in range(4):
                await more_is_stored(hub, stored(hub)[0])
                await _cut(link)
            await more_is_stored(hub, stored(hub)[0] + 2)
    cursor, sequences, gaps = stored(hub)
    assert (sequences, gaps) == (list(range(1, cursor + 1)), 0)


async def _cut(link: Link) -> None:
    before = link.connections
    link.cut()
    await eventually(lambda: link.connections > before, deadline_s=START_S, what="the agent calls again")


async def test_agent_and_hub_killed_in_turn_lose_and_double_nothing(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "hub") as hub, linked(int(hub.port)) as link:
        [sim] = await hub.add_agents(1)
        for round_ in range(4):
            async with agent_at(link.url, sim.key, tmp_path / "agent"):
                await more_is_stored(hub, stored(hub)[0])
                if round_ % 2:
                    await hub.end()
                    await hub.start()
                    await more_is_stored(hub, stored(hub)[0])
        async with agent_at(link.url, sim.key, tmp_path / "agent"):
            await more_is_stored(hub, stored(hub)[0] + 1)
        await hub.end(signal.SIGTERM)
        cursor, sequences, gaps = stored(hub)
        assert (sequences, gaps) == (list(range(1, cursor + 1)), 0)
        await hub.start()
