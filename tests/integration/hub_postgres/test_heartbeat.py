"""When one hub takes another for gone: only after it was there itself for as long as the other was not."""

from dataclasses import dataclass

import pytest

from chatops_server.services.hubs.heartbeat import Heartbeat, Rhythm
from chatops_server.storage.base import Script, execute
from chatops_server.storage.sql.hub_nodes import Beat
from tests.integration.hub_postgres.conftest import Opener

RHYTHM = Rhythm()


class Seconds:
    """A monotonic clock that a test puts forward."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Hubs:
    """One that beats by a clock, and one that fell silent an hour ago."""

    clock: Seconds
    one: Heartbeat

    async def beat_for(self, seconds: float) -> None:
        """Beat in the usual rhythm for so long."""
        for _ in range(round(seconds / RHYTHM.beat_s)):
            self.clock.now_s += RHYTHM.beat_s
            await self.one.beat()


def fell_silent(node_id: str) -> Script[int]:
    return execute("UPDATE hub_nodes SET seen_ms = seen_ms - 3600000 WHERE id = $1", node_id)


@pytest.fixture
async def hubs(another_hub: Opener) -> Hubs:
    storage, clock = await another_hub(), Seconds()
    one = Heartbeat(storage, "one", RHYTHM, clock)
    await one.begin(None)
    await Heartbeat(storage, "other", RHYTHM, clock).begin(None)
    await storage.write(fell_silent("other"))
    return Hubs(clock, one)


async def test_a_hub_gives_another_up_after_it_was_there_for_as_long_itself(hubs: Hubs) -> None:
    await hubs.beat_for(RHYTHM.dead_after_s)
    assert sorted(hubs.one.nodes) == ["one", "other"]
    await hubs.beat_for(RHYTHM.beat_s)
    assert sorted(hubs.one.nodes) == ["one"]


async def test_a_hub_that_stood_still_gives_nobody_up_at_once(hubs: Hubs) -> None:
    await hubs.beat_for(RHYTHM.dead_after_s)
    # As when the whole machine was suspended, and the database with it.
    hubs.clock.now_s += 60
    await hubs.one.beat()
    assert sorted(hubs.one.nodes) == ["one", "other"]
    await hubs.beat_for(RHYTHM.dead_after_s)
    assert sorted(hubs.one.nodes) == ["one"]


async def test_who_listens_hears_of_each_beat(hubs: Hubs) -> None:
    heard: list[bool] = []

    async def listen(came: Beat) -> None:
        heard.append(came.was_known)

    hubs.one.on_beat(listen)
    await hubs.one.beat()
    await hubs.one.end()
    await hubs.one.beat()
    assert heard == [True, False]
