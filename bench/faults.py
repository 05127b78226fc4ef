"""What is lost: kill -9 of hub and agent, partitions, a full disk, power cuts. Takes about ten minutes.

The programs are those of tests/faults, where a hub that acknowledges too early, stores twice, or does not
sync its commits is caught by the same count.
"""

import asyncio
import tempfile
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from bench.figures import Figure, progress, publish
from tests.deadlines import eventually
from tests.faults.assault import START_S, Hub, Ruin, assaulted
from tests.faults.disks import CannotMountError, fill, mounted
from tests.faults.failing import FailingHub
from tests.faults.link import Link, linked
from tests.faults.pair import SOON_S, agent_at, hub_at, more_is_stored, stored, stored_by_server

AGENTS: Final = 6
HUB_KILLS: Final = 50
AGENT_KILLS: Final = 50
PARTITIONS: Final = 10
POWER_CUTS: Final = 10


def main() -> None:
    """Print the figures."""
    publish(asyncio.run(_figures()))


async def _figures() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="chatops-faults-") as folder:
        root = Path(folder)
        progress(f"{HUB_KILLS} rounds of kill -9 of a busy hub")
        killed = await assaulted(Hub(root / "killed"), AGENTS, HUB_KILLS)
        figures = _of(f"kill -9 of the hub, {HUB_KILLS} rounds", killed)
        progress(f"{AGENT_KILLS} rounds of kill -9 of an agent, and of its hub in every second one")
        figures += _of(f"kill -9 of agent and hub, {AGENT_KILLS} rounds", await _agent_killed(root / "pair"))
        progress(f"{PARTITIONS} partitions, each until both sides have noticed")
        figures += _of(f"{PARTITIONS} partitions", await _partitions(root / "parted"))
        progress(f"{POWER_CUTS} power cuts")
        cut = await assaulted(FailingHub(root / "cut", "tests.faults.power"), AGENTS, POWER_CUTS)
        figures += _of(f"{POWER_CUTS} power cuts", cut)
        progress("a full disk")
        try:
            figures += _of("a full disk of the hub", await _full_disk(root / "full"))
        except CannotMountError as exc:
            progress(f"left out: {exc}")
    return figures


def _of(what: str, found: Ruin) -> list[Figure]:
    return [
        Figure(name=f"{what}: acknowledged", value=found.acknowledged, unit="samples"),
        Figure(name=f"{what}: of these lost", value=found.lost, unit="samples", bar=0),
        Figure(name=f"{what}: silent holes", value=found.holes, unit="samples", bar=0),
        Figure(name=f"{what}: stored twice", value=found.twice, unit="samples", bar=0),
        Figure(name=f"{what}: damage in the file", value=len(found.damage), unit="findings", bar=0),
    ]


async def _agent_killed(folder: Path) -> Ruin:
    await asyncio.to_thread(folder.mkdir)
    async with hub_at(folder / "hub") as hub:
        [sim] = await hub.add_agents(1)
        for round_ in range(AGENT_KILLS):
            async with agent_at(hub.url, sim.key, folder / "agent"):
                await more_is_stored(hub, stored(hub)[0])
                if round_ % 2:
                    await hub.end()
                    await hub.start()
                    await more_is_stored(hub, stored(hub)[0])
        return _counted(stored_by_server(hub).values())


async def _partitions(folder: Path) -> Ruin:
    await asyncio.to_thread(folder.mkdir)
    async with hub_at(folder / "hub") as hub, AsyncExitStack() as stack:
        sims = await hub.add_agents(PARTITIONS)
        links: list[Link] = []
        agents = []
        for number, sim in enumerate(sims):
            link = await stack.enter_async_context(linked(int(hub.port)))
            links.append(link)
            begun = agent_at(link.url, sim.key, folder / f"agent-{number}")
            agents.append(await stack.enter_async_context(begun))
        await eventually(lambda: len(stored_by_server(hub)) == PARTITIONS, deadline_s=START_S)
        for link in links:
            link.freeze()
        for agent in agents:
            await agent.says("no connection to the hub", SOON_S)
        before = {number: seqs[-1] for number, seqs in stored_by_server(hub).items()}
        for link in links:
            link.thaw()

        def are_back() -> bool:
            now = stored_by_server(hub)
            return all(now[number][-1] > last + 15 for number, last in before.items())

        await eventually(are_back, deadline_s=START_S + SOON_S, what="what was taken meanwhile is stored")
        return _counted(stored_by_server(hub).values())


async def _full_disk(folder: Path) -> Ruin:
    await asyncio.to_thread(folder.mkdir)
    async with mounted(folder / "disk", 80) as disk, hub_at(disk / "hub") as hub:
        [sim] = await hub.add_agents(1)
        async with agent_at(hub.url, sim.key, folder / "agent") as agent:
            await more_is_stored(hub, 1)
            ballast = await asyncio.to_thread(fill, disk)
            await agent.says("the hub asked to wait", START_S)
            before = stored(hub)[0]
            await asyncio.to_thread(ballast.unlink)
            await more_is_stored(hub, before + 2)
        return _counted(stored_by_server(hub).values())


def _counted(of_servers: Iterable[list[int]]) -> Ruin:
    """Count by the sequences of real agents, which forget what was acknowledged: each hole is a loss."""
    acknowledged = holes = twice = 0
    for seqs in of_servers:
        acknowledged += len(seqs)
        holes += seqs[-1] - len(set(seqs))
        twice += len(seqs) - len(set(seqs))
    return Ruin(acknowledged, lost=holes, holes=holes, twice=twice)


if __name__ == "__main__":
    main()
