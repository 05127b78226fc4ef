"""A database that is killed and comes back: what was acknowledged is there, and once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatops_server.errors import StorageError
from chatops_server.storage.postgres.engine import Place, PostgresStorage, open_postgres
from tests.deadlines import DEADLINE_S, eventually
from tests.hub_rows import add_servers, row
from tests.integration.hub_postgres.test_many_hubs import stored
from tests.postgres_server import OwnServer, own_server

SERVERS = 8


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server() as started:
        yield started


class Agent:
    """Sends its samples one after the other, again until they are acknowledged."""

    def __init__(self, storage: PostgresStorage, server_num: int) -> None:
        self._storage = storage
        self._num = server_num
        self.acknowledged = 0
        self.refused = 0

    async def run(self) -> None:
        while True:
            # What came before comes again, as after a lost acknowledgement.
            rows = [row(seq, server_num=self._num) for seq in (self.acknowledged or 1, self.acknowledged + 1)]
            try:
                await self._storage.samples.append(rows)
            except StorageError:
                self.refused += 1
                await asyncio.sleep(0)
            else:
                self.acknowledged += 1


async def test_what_was_acknowledged_is_there_and_once(server: OwnServer, tmp_path: Path) -> None:
    database = server.server.at("postgres")
    storage = await open_postgres(Place(database, tmp_path))
    await add_servers(storage, SERVERS)
    agents = [Agent(storage, num) for num in range(1, SERVERS + 1)]
    sending = [asyncio.create_task(agent.run()) for agent in agents]
    for _ in range(2):
        before = [agent.acknowledged for agent in agents]
        await eventually(lambda: all(a.acknowledged > b + 3 for a, b in zip(agents, before, strict=True)))  # noqa: B023 - of this round
        await asyncio.to_thread(server.stop)
        assert await eventually(storage.check) != "ok"
        refused = agents[0].refused
        await eventually(lambda: agents[0].refused > refused)  # noqa: B023 - likewise
        await asyncio.to_thread(server.start)
    before = [agent.acknowledged for agent in agents]
    await eventually(
        lambda: all(a.acknowledged > b for a, b in zip(agents, before, strict=True)),
        deadline_s=3 * DEADLINE_S,
    )
    for task in sending:
        task.cancel()
    await asyncio.wait(sending)
    assert await storage.check() == "ok"
    found = await storage.read(stored())
    assert len(found) == len(set(found))
    for num, agent in enumerate(agents, 1):
        assert {(num, seq) for seq in range(1, agent.acknowledged + 1)} <= set(found)
    await storage.close()
