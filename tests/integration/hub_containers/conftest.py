"""A whole hub, and agents by script that tell of containers and answer requests about them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Answer, Stage, open_stage
from tests.live_peers import Peer, metrics

WEB = {"id": "a" * 64, "name": "web", "image": "nginx:1.27", "state": "running", "status": "Up 2 hours"}
DB = {"id": "b" * 64, "name": "db", "image": "postgres:17", "state": "exited", "project": "shop"}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A hub with one server whose agent is not connected yet."""
    async with open_stage(tmp_path) as opened:
        opened.server_id, opened.key = await opened.server("web-1")
        yield opened


def told(seq: int, *containers: dict[str, Any]) -> dict[str, Any]:
    """Return a sample with these containers."""
    return {**metrics(seq), "containers": list(containers)}


async def with_containers(stage: Stage, *containers: dict[str, Any], key: str | None = None) -> Peer:
    """Return an agent whose first sample, with these containers, has been taken in."""
    agent = await stage.agent(key)
    await agent.send(told(1, *containers))
    await agent.until("ack")
    return agent


async def answered(agent: Peer, **answer: object) -> dict[str, Any]:
    """Wait for a request, answer it, and return it."""
    order = await agent.until("docker_command")
    response = {"success": True, "message": "", "data": {}, **answer}
    await agent.send({"type": "docker_response", "command_id": order["command_id"], **response})
    return order


async def listed(stage: Stage, query: str = "", *, token: str | None = None) -> list[dict[str, Any]]:
    """Return the items of a list."""
    answer = await stage.ask("GET", f"/docker/containers{query}", token=token)
    assert answer.status == 200, answer
    return list(answer.body["items"])


async def names(stage: Stage, query: str = "", *, token: str | None = None) -> list[str]:
    return [item["name"] for item in await listed(stage, query, token=token)]


def code(answer: Answer) -> tuple[int, str]:
    """Return status and code of a refusal."""
    return answer.status, answer.body["code"]


async def audited(stage: Stage, *actions: str) -> list[tuple[str, str, str]]:
    """Return action, target and result of the entries of the audit log with these actions, oldest first."""
    entries = (await stage.ask("GET", "/audit?limit=1000")).body["items"]
    return [
        (entry["action"], entry["target"], entry["result"])
        for entry in reversed(entries)
        if entry["action"] in actions
    ]


async def follows(client: Peer, **narrowed: str) -> None:
    """Subscribe to the topic `containers`."""
    answer = await client.request(type="subscribe", topic="containers", **narrowed)
    assert answer["type"] == "result", answer


async def gone_offline(stage: Stage) -> None:
    """Wait until the hub has noticed that the agent left."""
    state = stage.running.live.fleet.get(stage.server_id)
    assert state is not None
    await eventually(lambda: not state.is_online)
