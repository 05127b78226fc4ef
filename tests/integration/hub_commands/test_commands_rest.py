"""Commands asked for by REST: what is sent to the agent, what is answered, what is written down."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from chatops_server.domain.audit_chain import AuditEntry, entry_hash
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, output, response


async def test_a_command_is_sent_and_its_result_answered(stage: Stage) -> None:
    agent = await stage.agent()
    asked = asyncio.create_task(stage.run("echo hello", timeout_s=5, cwd="/srv"))
    command = await agent.until("command")
    assert (command["command"], command["timeout_s"], command["cwd"]) == ("echo hello", 5.0, "/srv")
    await agent.send(
        {"type": "command_started", "command_id": command["command_id"], "pid": 1},
        output(command, 1, b"hel"),
        output(command, 2, b"\xff", "stderr"),
        output(command, 3, b"lo\n"),
        response(command, output_bytes=7),
    )
    answer = await asked
    body = answer.body
    assert answer.status == 200
    assert body["output"] == "hel\ufffdlo\n"
    assert (body["status"], body["exit_code"], body["signal"]) == ("succeeded", 0, None)
    assert (body["output_bytes"], body["truncated"], body["duration_ms"]) == (7, False, 12)
    assert body["server_id"] == stage.server_id
    assert body["started_at"].endswith("Z")
    raw = await stage.ask("GET", f"/commands/{body['command_id']}/output")
    assert (raw.body, raw.headers["Content-Type"]) == (b"hel\xfflo\n", "application/octet-stream")
    assert (await agent.until("command_forget"))["command_id"] == body["command_id"]


async def test_without_waiting_it_answers_at_once(stage: Stage) -> None:
    agent = await stage.agent()
    begun = await stage.run("sleep 5", wait=False)
    assert (begun.status, begun.body["status"], begun.body["output"]) == (202, "running", "")
    command = await agent.until("command")
    await agent.send(output(command, 1, b"so far"))
    client = await stage.client()
    await client.request(type="subscribe", topic="command", command_id=command["command_id"])
    await client.until("command_output")
    assert (await stage.shown(command["command_id"]))["output"] == "so far"
    await agent.send(response(command))
    assert (await stage.ended(command["command_id"]))["status"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"command": ""}, "command"),
        ({"command": " \n"}, "command"),
        ({}, "command"),
        ({"command": "a\0b"}, "command"),
        ({"command": "x" * 131_072}, "command"),
        ({"command": 5}, "command"),
        ({"command": "a", "argv": ["a"]}, "argv"),
        ({"argv": [""]}, "argv"),
        ({"argv": ["a", "b\0"]}, "argv"),
        ({"command": "a", "timeout_s": 0}, "timeout_s"),
        ({"command": "a", "timeout_s": 90_000}, "timeout_s"),
        ({"command": "a", "cwd": "/\0"}, "cwd"),
        ({"command": "a", "env": {"A=B": "c"}}, "env"),
        ({"command": "a", "max_output": -1}, "max_output"),
    ],
)
async def test_what_cannot_be_run_is_named(stage: Stage, body: dict[str, Any], named: str) -> None:
    await stage.agent()
    answer = await stage.ask("POST", "/commands/", {"server_id": stage.server_id, **body})
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert answer.body["detail"].startswith(named)


async def test_a_megabyte_of_command_is_too_large(stage: Stage) -> None:
    answer = await stage.run("x" * 1_000_000)
    assert (answer.status, answer.body["code"]) == (413, "too_large")
    assert answer.body["detail"] == "the body is too large: at most 768 KiB are taken"


async def test_without_its_agent_it_is_refused_at_once(stage: Stage) -> None:
    answer = await stage.run()
    assert (answer.status, answer.body["code"]) == (503, "agent_offline")
    assert (await stage.ask("GET", "/commands")).body["items"] == []


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("not_allowed", 403, "not_allowed"),
        ("invalid_request", 400, "invalid_request"),
        ("busy", 429, "too_many_requests"),
        ("duplicate", 409, "conflict"),
        (None, 409, "conflict"),
    ],
)
async def test_a_refusal_of_the_agent_is_answered_and_audited(
    stage: Stage, code: str | None, status: int, told: str
) -> None:
    agent = await stage.agent()
    asked = asyncio.create_task(stage.run())
    command = await agent.until("command")
    await agent.send(response(command, "refused", code=code, message="cwd: no such folder"))
    answer = await asked
    assert (answer.status, answer.body["code"], answer.body["detail"]) == (
        status,
        told,
        "cwd: no such folder",
    )
    shown = await stage.shown(command["command_id"])
    assert (shown["status"], shown["code"]) == ("refused", code)
    audit = (await stage.ask("GET", "/audit")).body["items"]
    assert [(row["action"], row["result"]) for row in audit[:2]] == [
        ("command.finished", "refused"),
        ("command.run", "sent"),
    ]


async def test_it_is_written_down_before_it_is_sent(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin("uptime", stdin="secret", env={"TOKEN": "hidden"}, cwd="/")
    [sent] = [row for row in (await stage.ask("GET", "/audit")).body["items"] if row["target"] == command_id]
    assert (sent["action"], sent["result"]) == ("command.run", "sent")
    assert sent["data"] == {
        "command": "uptime",
        "timeout_s": 60.0,
        "cwd": "/",
        "stdin_bytes": 6,
        "env": ["TOKEN"],
    }
    command = await agent.until("command")
    assert (command["stdin"], command["env"]) == ("secret", {"TOKEN": "hidden"})
    await agent.send(response(command, "failed", exit_code=3, output_bytes=0))
    assert (await stage.ended(command_id))["exit_code"] == 3
    after = [row for row in (await stage.ask("GET", "/audit")).body["items"] if row["target"] == command_id]
    assert [(row["action"], row["result"]) for row in after] == [
        ("command.finished", "failed"),
        ("command.run", "sent"),
    ]
    assert "hidden" not in str(after)
    events = (await stage.ask("GET", "/events?kind=command")).body["items"]
    assert [event["message"] for event in events] == [
        "uptime on web-1: failed, exit code 3",
        "uptime on web-1",
    ]


@pytest.mark.parametrize(
    ("role", "grant", "expected"),
    [
        ("viewer", None, 404),
        ("operator", None, 404),
        ("viewer", "operator", 403),
        ("operator", "viewer", 403),
        ("operator", "operator", 202),
    ],
)
async def test_only_operators_of_the_server_run_commands(
    stage: Stage, role: str, grant: str | None, expected: int
) -> None:
    await stage.agent()
    token = await stage.user("someone", role, grant)
    assert (await stage.run(wait=False, token=token)).status == expected


async def test_viewers_read_and_others_see_nothing(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin("id")
    await agent.until("command")
    viewer, stranger = await stage.user("viewer", "viewer", "viewer"), await stage.user("other", "operator")
    for path in (f"/commands/{command_id}", f"/commands/{command_id}/output"):
        assert (await stage.ask("GET", path, token=viewer)).status == 200
        assert (await stage.ask("GET", path, token=stranger)).status == 404
    assert (await stage.ask("POST", f"/commands/{command_id}/cancel", token=viewer)).status == 403
    assert (await stage.ask("POST", f"/commands/{command_id}/cancel", token=stranger)).status == 404
    assert len((await stage.ask("GET", "/commands", token=viewer)).body["items"]) == 1
    assert (await stage.ask("GET", "/commands", token=stranger)).body["items"] == []
    path = f"/commands?server_id={stage.server_id}"
    assert (await stage.ask("GET", path, token=stranger)).status == 404


async def test_the_history_is_searched_newest_first(stage: Stage) -> None:
    agent = await stage.agent()
    for text in ("echo 100%", "uptime", "Echo_2", "df -h"):
        command_id = await stage.begin(text)
        await agent.send(response(await agent.until("command")))
        await stage.ended(command_id)

    async def found(query: str) -> list[str]:
        page = (await stage.ask("GET", f"/commands?{query}")).body
        return [item["command"] for item in page["items"]]

    assert await found("") == ["df -h", "Echo_2", "uptime", "echo 100%"]
    assert await found("q=ECHO") == ["Echo_2", "echo 100%"]
    assert await found("q=%25") == ["echo 100%"]
    assert await found("q=_") == ["Echo_2"]
    assert await found("status=failed") == []
    wrong = await stage.ask("GET", "/commands?status=done")
    assert (wrong.status, wrong.body["code"]) == (400, "invalid_request")
    assert wrong.body["detail"].startswith("status: expected one of running, succeeded")
    page = (await stage.ask("GET", "/commands?limit=3")).body
    assert await found(f"limit=3&cursor={page['next']}") == ["echo 100%"]


async def test_an_agent_that_says_nothing_costs_its_time_and_a_little(impatient: Stage) -> None:
    stage = impatient
    agent = await stage.agent()
    answer = await stage.run("hang", timeout_s=0.1)
    assert (answer.status, answer.body["code"]) == (504, "agent_timeout")
    command = await agent.until("command")
    cancel = await agent.until("command_cancel")
    assert (cancel["command_id"], cancel["force"]) == (command["command_id"], True)
    shown = await stage.shown(command["command_id"])
    assert (shown["status"], shown["code"]) == ("lost", "agent_timeout")


async def test_cancelling_is_passed_on_and_told(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin("sleep 100")
    command = await agent.until("command")
    asked = asyncio.create_task(stage.ask("POST", f"/commands/{command_id}/cancel"))
    cancel = await agent.until("command_cancel")
    assert cancel == {"type": "command_cancel", "command_id": command_id}
    await agent.send(response(command, "cancelled", signal=15))
    answer = await asked
    assert (answer.status, answer.body["status"], answer.body["signal"]) == (200, "cancelled", 15)
    again = await stage.ask("POST", f"/commands/{command_id}/cancel", {"force": True})
    assert (again.status, again.body["status"]) == (200, "cancelled")


async def test_an_agent_is_not_heard_about_another_server_s_command(stage: Stage) -> None:
    agent = await stage.agent()
    _, key = await stage.server("web-2")
    other = await stage.agent(key)
    command_id = await stage.begin()
    command = await agent.until("command")
    await other.send(output(command, 1, b"forged"), response(command, "failed"))
    await other.send({"type": "command_response", "command_id": "cmd_gone", "status": "failed"})
    assert (await other.until("command_forget"))["command_id"] == "cmd_gone"
    assert (await stage.shown(command_id))["status"] == "running"
    await agent.send(output(command, 1, b"true"), response(command))
    assert (await stage.ended(command_id))["output"] == "true"


async def test_as_many_run_at_once_as_may(stage: Stage) -> None:
    agent = await stage.agent()
    for _ in range(32):
        await stage.begin()
        await agent.until("command")
    answer = await stage.run()
    assert (answer.status, answer.body["code"]) == (429, "too_many_requests")
    assert answer.headers["Retry-After"] == "1"


async def test_a_deleted_server_ends_its_commands(stage: Stage) -> None:
    agent = await stage.agent()
    asked = asyncio.create_task(stage.run())
    await agent.until("command")
    assert (await stage.ask("DELETE", f"/servers/{stage.server_id}")).status == 204
    assert ((await asked).status, (await asked).body["code"]) == (404, "not_found")
    assert (await agent.ended()).code == 4401
    assert (await stage.ask("GET", "/commands")).body["items"] == []


async def test_an_output_may_hold_anything(stage: Stage) -> None:
    """The answer is put together from pieces: none of them may break it."""
    agent = await stage.agent()
    asked = asyncio.create_task(stage.run('echo \'"output":""\''))
    command = await agent.until("command")
    euro = "€".encode()
    pieces = [b'"output":""', b"\\u0000\0\x1b[31m", euro[:2], euro[2:], b"\n" * 600_000, euro[:1]]
    await agent.send(*(output(command, seq, piece) for seq, piece in enumerate(pieces, 1)))
    await agent.send(response(command))
    answer = await asked
    assert answer.body["output"] == '"output":""\\u0000\0\x1b[31m€' + "\n" * 600_000 + "\ufffd"
    assert answer.body["command"] == 'echo \'"output":""\''
    assert (await stage.shown(command["command_id"]))["output"] == answer.body["output"]


async def test_cancelling_again_is_told_only_when_it_is_more(stage: Stage) -> None:
    agent = await stage.agent()
    command_id = await stage.begin("sleep 100")
    command = await agent.until("command")
    path = f"/commands/{command_id}/cancel"
    asked = [asyncio.create_task(stage.ask("POST", path))]
    assert "force" not in await agent.until("command_cancel")
    asked += [asyncio.create_task(stage.ask("POST", path, {"force": force})) for force in (False, True)]
    assert (await agent.until("command_cancel"))["force"] is True
    asked += [asyncio.create_task(stage.ask("POST", path, {"force": force})) for force in (False, True)]
    await agent.send(response(command, "cancelled", signal=9))
    assert {answer.body["status"] for answer in await asyncio.gather(*asked)} == {"cancelled"}
    assert (await agent.next())["type"] == "command_forget"


async def test_the_chain_of_the_audit_log_holds_over_commands(stage: Stage) -> None:
    agent = await stage.agent()
    await stage.begin("one")
    await agent.send(response(await agent.until("command"), "failed", exit_code=1))
    await stage.begin("two")
    await agent.send(response(await agent.until("command")))

    async def all_are_there() -> list[dict[str, Any]]:
        rows = (await stage.ask("GET", "/audit")).body["items"]
        return rows if len([row for row in rows if row["action"] == "command.finished"]) == 2 else []

    rows = (await eventually(all_are_there))[::-1]
    names = ("ts", "action", "result", "user_id", "target", "server_id", "address", "data")
    for before, row in pairwise(rows):
        assert row["prev_hash"] == before["hash"]
        assert row["hash"] == entry_hash(before["hash"], AuditEntry(**{name: row[name] for name in names}))
    assert {row["user_id"] for row in rows[-4:]} == {rows[-4]["user_id"]}
