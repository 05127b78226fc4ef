"""A defect of ours costs one connection and a traceback in the log, not the hub."""

import logging

import pytest

from chatops_server.broker.server_state import ServerState
from tests.integration.hub_live.conftest import LiveHub
from tests.live_peers import metrics


@pytest.mark.parametrize(
    ("path", "auth"),
    [
        ("/agents/ws", {"type": "auth", "api_key": "boom"}),
        ("/ws", {"type": "auth", "token": "boom"}),
    ],
)
async def test_a_defect_ends_its_own_connection(
    hub: LiveHub, key: str, path: str, auth: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    peer = await hub.connect(path)
    with caplog.at_level(logging.ERROR):
        await peer.send(auth)
        ended = await peer.ended()
    assert (ended.code, ended.error) == (1011, "internal")
    assert "boom" not in str(ended.frames)
    assert any(record.exc_info for record in caplog.records)
    agent = await hub.agent(key)
    await agent.send(metrics(1))
    assert await agent.next() == {"type": "ack", "seq": 1}


async def test_a_defect_in_storing_ends_the_agents_connection_and_shows_it_offline(
    hub: LiveHub, server: ServerState, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    agent = await hub.agent(key)
    hub.store.defect = RuntimeError("boom")
    with caplog.at_level(logging.ERROR):
        await agent.send(metrics(1))
        await agent.close()
        await hub.stop()
    assert not server.is_online
    assert len(hub.live.sessions) == 0
