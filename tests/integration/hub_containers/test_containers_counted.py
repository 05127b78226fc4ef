"""What the metrics page tells of containers and their engines."""

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage
from tests.integration.hub_containers.conftest import DB, WEB, answered, with_containers


async def told(stage: Stage, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of one metric by their labels, these in the order of their names."""
    headers = {"Authorization": f"Bearer {stage.token}"}
    async with stage.http.get("/metrics", headers=headers) as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in families
        for sample in family.samples
        if sample.name == name
    }


async def test_containers_are_counted_by_state_while_their_agent_is_there(stage: Stage) -> None:
    odd = {**DB, "id": "c" * 64, "state": "initialized"}
    agent = await with_containers(stage, WEB, DB, odd)
    counts = await told(stage, "chatops_server_containers")
    server = ("web-1", stage.server_id)
    assert counts == {(*server, "running"): 1, (*server, "exited"): 1, (*server, "(other)"): 1}
    await agent.close()

    async def none_is_claimed() -> bool:
        return await told(stage, "chatops_server_containers") == {}

    await eventually(none_is_claimed)


async def test_requests_are_counted_by_action_and_result(stage: Stage) -> None:
    agent = await with_containers(stage, WEB)
    for path, success in (("stop", True), ("stop", False)):
        asked = asyncio.create_task(stage.ask("POST", f"/docker/containers/web/{path}"))
        await answered(agent, success=success, message="no")
        await asked
    asked = asyncio.create_task(stage.ask("GET", "/docker/containers/web/top"))
    await answered(agent)
    await asked
    assert await told(stage, "chatops_hub_engine_requests_total") == {
        ("stop", "ok"): 1,
        ("stop", "conflict"): 1,
        ("top", "ok"): 1,
    }
