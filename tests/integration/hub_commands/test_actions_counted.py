"""What the metrics page tells of commands, terminals and logs."""

import asyncio

from prometheus_client.parser import text_string_to_metric_families

from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, output, response
from tests.integration.hub_commands.test_hub_terminals import data, opened


async def told(stage: Stage) -> dict[str, float]:
    """Return every value of the page that is about what agents were asked to do."""
    headers = {"Authorization": f"Bearer {stage.token}"}
    async with stage.http.get("/metrics", headers=headers) as answer:
        families = list(text_string_to_metric_families(await answer.text()))
    return {
        ".".join((sample.name.removeprefix("chatops_hub_"), *sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
        if family.name.startswith(("chatops_hub_command", "chatops_hub_term", "chatops_hub_log"))
    }


async def tells(stage: Stage, **expected: float) -> None:
    wanted = {name.replace("__", "."): value for name, value in expected.items()}

    async def is_told() -> bool:
        return wanted.items() <= (await told(stage)).items()

    await eventually(is_told, what=f"{wanted}")


async def test_commands_are_counted_by_how_they_end(stage: Stage) -> None:
    agent = await stage.agent()
    first = asyncio.create_task(stage.run("one"))
    command = await agent.until("command")
    await agent.send(output(command, 1, b"12345"))
    await tells(stage, commands_running=1, command_output_bytes_total=5, commands_total__succeeded=0)
    await agent.send(response(command))
    await first
    second = asyncio.create_task(stage.run("two"))
    await agent.send(response(await agent.until("command"), "refused", code="busy"))
    await second
    await tells(stage, commands_running=0, commands_total__succeeded=1, commands_total__refused=1)


async def test_terminals_and_their_output_are_counted(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    await agent.send(data(terminal_id, b"1234567"))
    await tells(stage, terminals_total=1, terminals_open=1, terminal_output_bytes_total=7)
    await client.close()
    await tells(stage, terminals_total=1, terminals_open=0)


async def test_logs_and_their_lines_are_counted(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    source = {"path": "/var/log/syslog", "tail": 5}
    await client.request(type="subscribe", topic="logs", server_id=stage.server_id, source=source)
    order = await agent.until("stream_open")
    lines = [{"ts": None, "stream": "stdout", "line": text} for text in ("a", "b", "c")]
    await agent.send({"type": "stream_data", "stream_id": order["stream_id"], "lines": lines})
    await tells(stage, logs_followed=1, log_lines_total=3)
    await client.close()
    await tells(stage, logs_followed=0, log_lines_total=3)
