"""Connections that ended leave nothing behind in memory."""

import gc
from collections.abc import Iterator

import pytest

from chatops_server.broker.clients import ClientSession
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.sessions import AgentSession
from chatops_server.web.frame_socket import FrameSocket
from tests.deadlines import eventually
from tests.integration.hub_live.conftest import LiveHub
from tests.live_peers import metrics


def _alive() -> list[object]:
    return [each for each in gc.get_objects() if isinstance(each, FrameSocket | AgentSession | ClientSession)]


@pytest.fixture
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_no_session_and_no_socket_outlives_its_connection(
    hub: LiveHub, server: ServerState, key: str
) -> None:
    # Held meanwhile, so that what the log of another test keeps is not taken for something new.
    gc.collect()
    before = {id(each): each for each in _alive()}
    for seq in range(1, 6):
        watcher, agent = await hub.watching(server), await hub.agent(key, epoch="e")
        await watcher.request(type="subscribe", topic="fleet")
        await agent.send(metrics(seq))
        await watcher.until("metrics")
        await agent.close()
        await watcher.close()
    refused = await hub.connect("/ws")
    await refused.send({"type": "auth", "token": "nobody"})
    await refused.ended()
    await eventually(lambda: len(hub.live.clients) + len(hub.live.sessions) == 0)

    def left() -> list[object]:
        gc.collect()
        return [each for each in _alive() if id(each) not in before]

    await eventually(lambda: not left(), what=f"left: {left()}")


@pytest.mark.usefixtures("_without_collector")
async def test_an_agents_session_ends_without_the_cycle_collector(hub: LiveHub, key: str) -> None:
    """With ten thousand of them it seldom looks at what has lived for long."""
    before = {id(each): each for each in _alive()}
    for seq in range(1, 4):
        agent = await hub.agent(key, epoch="e")
        await agent.send(metrics(seq))
        await agent.until("ack")
        await agent.close()
    await eventually(lambda: len(hub.live.sessions) == 0)
    await eventually(lambda: all(id(each) in before for each in _alive()), what="the end of all of them")
