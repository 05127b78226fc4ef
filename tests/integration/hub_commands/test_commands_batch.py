"""The same command on many servers: so many at once, until too many have failed."""

import asyncio
from typing import Any

from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, response
from tests.live_peers import Peer


async def fleet(stage: Stage, count: int) -> dict[str, Peer]:
    """Add servers app-0 … with agents; return the agents by server."""
    agents = {}
    for number in range(count):
        server_id, key = await stage.server(f"app-{number}", "app")
        agents[server_id] = await stage.agent(key)
    return agents


async def begun(stage: Stage, **body: object) -> dict[str, Any]:
    answer = await stage.ask("POST", "/commands/batch", {"command": "uptime", "timeout_s": 5, **body})
    assert answer.status == 202, answer
    return dict(answer.body)


async def statuses(stage: Stage, batch_id: str) -> dict[str, str]:
    """Return status by server once nothing runs any more."""

    async def over() -> list[dict[str, Any]]:
        items = (await stage.ask("GET", f"/commands?batch_id={batch_id}")).body["items"]
        return [] if any(item["status"] == "running" for item in items) else items

    return {item["server_id"]: item["status"] for item in await eventually(over)}


async def test_every_server_gets_it_and_the_list_follows(stage: Stage) -> None:
    agents = await fleet(stage, 3)
    batch = await begun(stage, server_ids=[*agents, *agents])
    assert [item["server_id"] for item in batch["items"]] == list(agents)
    assert {item["status"] for item in batch["items"]} == {"running"}
    for number, agent in enumerate(agents.values()):
        command = await agent.until("command")
        assert (command["command"], command["timeout_s"]) == ("uptime", 5.0)
        await agent.send(response(command, *(("failed",) if number == 1 else ()), output_bytes=0))
    ends = list((await statuses(stage, batch["batch_id"])).values())
    assert sorted(ends) == ["failed", "succeeded", "succeeded"]
    audit = (await stage.ask("GET", "/audit")).body["items"]
    actions = [row["action"] for row in audit]
    assert (actions.count("command.batch"), actions.count("command.run")) == (1, 3)
    assert actions.count("command.finished") == 3
    [row] = [row for row in audit if row["action"] == "command.batch"]
    assert row["data"]["server_ids"] == list(agents)


async def test_no_more_run_at_once_than_may(stage: Stage) -> None:
    agents = await fleet(stage, 3)
    batch = await begun(stage, select="tag:app", concurrency=1)
    for agent in agents.values():
        command = await agent.until("command")
        items = (await stage.ask("GET", f"/commands?batch_id={batch['batch_id']}")).body["items"]
        assert [item["status"] for item in items if item["started_at"] is not None].count("running") == 1
        await agent.send(response(command))
    assert set((await statuses(stage, batch["batch_id"])).values()) == {"succeeded"}


async def test_after_too_many_failures_the_rest_is_not_begun(stage: Stage) -> None:
    agents = await fleet(stage, 4)
    batch = await begun(stage, select="app-*", concurrency=1, stop_after_failures=2)
    for status in ("failed", "timed_out"):
        agent = list(agents.values())[0 if status == "failed" else 1]
        await agent.send(response(await agent.until("command"), status))
    ends = await statuses(stage, batch["batch_id"])
    assert list(ends.values()) == ["cancelled", "cancelled", "timed_out", "failed"]
    items = (await stage.ask("GET", f"/commands?batch_id={batch['batch_id']}")).body["items"]
    assert (items[0]["code"], items[0]["started_at"]) == ("batch_stopped", None)
    assert items[0]["message"] == "not begun: 2 before it had failed"


async def test_a_server_whose_agent_is_away_is_refused_and_the_others_run(stage: Stage) -> None:
    agents = await fleet(stage, 1)
    batch = await begun(stage, server_ids=[stage.server_id, *agents])
    [agent] = agents.values()
    await agent.send(response(await agent.until("command")))
    ends = await statuses(stage, batch["batch_id"])
    assert ends == {stage.server_id: "refused", next(iter(agents)): "succeeded"}
    items = (await stage.ask("GET", f"/commands?server_id={stage.server_id}")).body["items"]
    assert items[0]["code"] == "agent_offline"


async def test_cancelling_a_batch_ends_what_runs_and_begins_no_more(stage: Stage) -> None:
    agents = await fleet(stage, 3)
    batch = await begun(stage, select="tag:app", concurrency=1)
    first = next(iter(agents.values()))
    command = await first.until("command")
    path = f"/commands/batch/{batch['batch_id']}/cancel"
    asked = asyncio.create_task(stage.ask("POST", path, {"force": True}))
    assert (await first.until("command_cancel"))["force"] is True
    await first.send(response(command, "cancelled", signal=9))
    answer = await asked
    assert (answer.status, len(answer.body["items"])) == (200, 3)
    assert set((await statuses(stage, batch["batch_id"])).values()) == {"cancelled"}
    assert (await stage.ask("POST", path)).status == 404


async def test_one_that_waits_its_turn_can_be_cancelled_alone(stage: Stage) -> None:
    agents = await fleet(stage, 2)
    batch = await begun(stage, select="tag:app", concurrency=1)
    first = next(iter(agents.values()))
    command = await first.until("command")
    waiting = batch["items"][1]["command_id"]
    cancelled = await stage.ask("POST", f"/commands/{waiting}/cancel")
    assert (cancelled.status, cancelled.body["status"]) == (200, "cancelled")
    await first.send(response(command))
    assert list((await statuses(stage, batch["batch_id"])).values()) == ["cancelled", "succeeded"]


async def test_what_is_meant_must_be_there_and_yours(stage: Stage) -> None:
    await fleet(stage, 1)
    token = await stage.user("operator", "operator", "operator")

    async def refused(**body: object) -> tuple[int, str]:
        answer = await stage.ask("POST", "/commands/batch", {"command": "id", **body}, token=token)
        return answer.status, answer.body["detail"].partition(":")[0]

    assert await refused() == (400, "server_ids")
    assert await refused(server_ids=["srv_unknown"]) == (404, "no such server")
    assert await refused(select="role:web") == (400, "select")
    # Another's servers are not found by a selector either.
    assert await refused(select="app-*") == (400, "select")
    assert await refused(server_ids=[stage.server_id], concurrency=0) == (400, "concurrency")
    assert await refused(server_ids=[stage.server_id], command="") == (400, "command")


async def test_whoever_loses_the_right_meanwhile_begins_no_more(stage: Stage) -> None:
    agent = await stage.agent()
    other_id, other_key = await stage.server("app-1")
    other = await stage.agent(other_key)
    token = await stage.user("operator", "operator", "operator")
    path = f"/servers/{other_id}/grants/operator"
    await stage.ask("PUT", path, {"role": "operator"})
    body = {"command": "id", "server_ids": [stage.server_id, other_id], "concurrency": 1}
    batch = (await stage.ask("POST", "/commands/batch", body, token=token)).body
    command = await agent.until("command")
    await stage.ask("PUT", path, {"role": "viewer"})
    await agent.send(response(command))
    ends = await statuses(stage, batch["batch_id"])
    assert ends == {stage.server_id: "succeeded", other_id: "refused"}
    items = (await stage.ask("GET", f"/commands?server_id={other_id}")).body["items"]
    assert items[0]["code"] == "forbidden"
    await other.send({"type": "command_response", "command_id": "cmd_none", "status": "failed"})
    assert (await other.next())["type"] == "command_forget"
