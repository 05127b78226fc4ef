"""The topic `containers`: whatever changes, whoever did it."""

from typing import Any

from tests.integration.hub_commands.conftest import Stage
from tests.integration.hub_containers.conftest import DB, WEB, follows, told, with_containers
from tests.live_peers import Peer


async def next_change(client: Peer) -> tuple[str, str, str]:
    frame = await client.until("container")
    return frame["action"], frame["container"]["name"], frame["container"]["state"]


def event(action: str, container: dict[str, Any]) -> dict[str, Any]:
    return {"type": "container_event", "action": action, "container": container}


async def test_an_agent_that_only_samples_is_enough(stage: Stage) -> None:
    agent = await with_containers(stage, WEB, DB)
    client = await stage.client()
    await follows(client)
    await agent.send(told(2, {**WEB, "state": "paused"}))
    assert await next_change(client) == ("destroy", "db", "exited")
    assert await next_change(client) == ("pause", "web", "paused")
    await agent.send(told(3, WEB, {"id": "c", "name": "new", "state": "created"}))
    assert await next_change(client) == ("unpause", "web", "running")
    assert await next_change(client) == ("create", "new", "created")


async def test_a_change_is_told_with_the_whole_item(stage: Stage) -> None:
    agent, client = await with_containers(stage, WEB), await stage.client()
    await follows(client, server_id=stage.server_id)
    await agent.send(told(2, {**WEB, "state": "exited", "exit_code": 137, "oom_killed": True}))
    item = (await client.until("container"))["container"]
    facts = [item[name] for name in ("server_id", "id", "exit_code", "oom_killed", "health")]
    assert facts == [stage.server_id, WEB["id"], 137, True, None]


async def test_what_an_agent_tells_at_once_is_told_at_once_and_once(stage: Stage) -> None:
    agent, client = await with_containers(stage, WEB), await stage.client()
    await follows(client)
    died = {**WEB, "state": "exited"}
    # The second sample was made before the container died, the third after.
    await agent.send(event("die", died), event("die", died), told(2, WEB), told(3, died))
    await agent.send(event("start", WEB))
    assert await next_change(client) == ("die", "web", "exited")
    assert await next_change(client) == ("start", "web", "running")


async def test_events_come_before_any_sample(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    await follows(client)
    await agent.send(event("start", WEB))
    assert await next_change(client) == ("start", "web", "running")
    answer = await stage.ask("GET", "/docker/containers")
    assert [item["name"] for item in answer.body["items"]] == ["web"]


async def test_what_happened_while_the_agent_was_away_is_told(stage: Stage) -> None:
    agent, client = await with_containers(stage, WEB), await stage.client()
    await follows(client)
    await agent.vanish()
    again = await stage.agent()
    await again.send(told(1, {**WEB, "state": "exited"}))
    assert await next_change(client) == ("die", "web", "exited")


async def test_an_engine_that_is_away_is_no_end_of_its_containers(stage: Stage) -> None:
    agent, client = await with_containers(stage, WEB), await stage.client()
    await follows(client)
    without = told(2)
    del without["containers"]
    await agent.send(without, told(3, {**WEB, "state": "exited"}))
    assert await next_change(client) == ("die", "web", "exited")


async def test_others_hear_nothing(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    stranger = await stage.client(await stage.user("stranger", "operator"))
    await follows(stranger)
    answer = await stranger.request(type="subscribe", topic="containers", server_id=stage.server_id)
    assert (answer["type"], answer["code"]) == ("error", "not_found")
    await agent.send(told(2, {**WEB, "state": "exited"}))
    await agent.until("ack")
    # From now on they may: the first thing they hear is what happens next.
    assert (
        await stage.ask("PUT", f"/servers/{stage.server_id}/grants/stranger", {"role": "viewer"})
    ).status == 200
    await agent.send(told(3, WEB))
    assert await next_change(stranger) == ("start", "web", "running")
