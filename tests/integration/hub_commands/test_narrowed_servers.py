"""A server narrowed at the hub: nothing beyond is sent, its agent is told, and it is written down."""

from typing import Any

import aiohttp
import pytest

from chatops_wire.policy import MachinePolicy
from tests.integration.hub_commands.conftest import Stage, open_stage, response
from tests.live_peers import Peer

POLICY = {
    "source": "file",
    "allowed": ["docker", "commands"],
    "commands": ["/usr/bin/uptime"],
    "signed": ["docker"],
}


async def narrowed(stage: Stage, allowed: list[str] | None) -> dict[str, Any]:
    answer = await stage.ask("PATCH", f"/servers/{stage.server_id}", {"policy": {"allowed": allowed}})
    assert answer.status == 200, answer
    return dict(answer.body)


async def machine(stage: Stage, *capabilities: str, policy: object = None) -> Peer:
    """Return the server's agent, connected, on a machine that allows this."""
    peer = Peer(await stage.http.ws_connect("/api/v1/agents/ws", max_msg_size=0))
    auth = {"type": "auth", "api_key": stage.key, "capabilities": ["metrics", *capabilities]}
    await peer.send({**auth, **({} if policy is None else {"policy": policy})})
    assert (await peer.next())["type"] == "auth_success"
    return peer


async def audited(stage: Stage, action: str) -> list[dict[str, Any]]:
    items = (await stage.ask("GET", "/audit")).body["items"]
    return [entry for entry in items if entry["action"] == action]


async def test_what_a_machine_allows_is_shown_with_who_narrowed_it(stage: Stage) -> None:
    agent = await machine(stage, "docker", "commands", "signed", policy=POLICY)
    shown = (await stage.ask("GET", f"/servers/{stage.server_id}")).body
    assert shown["policy"] == {
        "source": "file", "lists_commands": True, "signed": ["docker"], "narrowed": None,
    }  # fmt: skip
    after = await narrowed(stage, ["docker_read"])
    assert after["capabilities"] == ["metrics", "signed", "docker_read"]
    assert after["policy"]["narrowed"] == ["docker_read"]
    policy = (await stage.ask("GET", f"/servers/{stage.server_id}/policy")).body
    me = (await stage.ask("GET", "/auth/me")).body["id"]
    assert policy["machine"] == POLICY
    assert policy["narrowed_by_name"] == "admin"
    assert (policy["narrowed"], policy["narrowed_by"]) == (["docker_read"], me)
    assert policy["machine_capabilities"] == ["metrics", "docker", "commands", "signed"]
    assert policy["narrowed_at"] is not None
    await agent.close()


async def test_the_agent_is_told_at_once_and_whenever_it_comes(stage: Stage) -> None:
    agent = await machine(stage, "commands")
    await narrowed(stage, [])
    assert await agent.until("narrow") == {"type": "narrow", "allowed": []}
    again = await machine(stage, "commands")
    # Before anything else.
    assert await again.next() == {"type": "narrow", "allowed": []}
    await narrowed(stage, None)
    assert await again.until("narrow") == {"type": "narrow", "allowed": None}
    await again.close()


async def test_a_command_beyond_is_403_and_never_sent(stage: Stage) -> None:
    agent = await machine(stage, "commands", "docker")
    await narrowed(stage, ["docker"])
    refused = await stage.run("id")
    assert (refused.status, refused.body["code"]) == (403, "not_allowed")
    assert "narrowed at the hub to: docker" in refused.body["detail"]
    # The next thing the agent hears is one that it may do.
    await narrowed(stage, ["commands"])
    begun = await stage.begin("uptime")
    assert [(await agent.next())["type"] for _ in range(2)] == ["narrow", "narrow"]
    order = await agent.next()
    assert (order["type"], order["command"]) == ("command", "uptime")
    await agent.send(response(order))
    assert (await stage.ended(begun))["status"] == "succeeded"
    ended = await audited(stage, "command.finished")
    assert "refused" in {entry["result"] for entry in ended}
    await agent.close()


async def test_a_batch_is_refused_only_where_it_is_narrowed(stage: Stage) -> None:
    other, key = await stage.server("web-2")
    first, second = await machine(stage, "commands"), await stage.agent(key)
    await narrowed(stage, [])
    begun = await stage.ask(
        "POST",
        "/commands/batch",
        {"server_ids": [stage.server_id, other], "command": "uptime", "timeout_s": 5},
    )
    await second.send(response(await second.until("command")))
    items = {item["server_id"]: item["command_id"] for item in begun.body["items"]}
    assert (await stage.ended(items[other]))["status"] == "succeeded"
    assert (await stage.ended(items[stage.server_id]))["status"] == "refused"
    await first.close()


@pytest.mark.parametrize("container", [None, "web"])
async def test_a_terminal_beyond_is_refused_and_never_sent(stage: Stage, container: str | None) -> None:
    agent, client = await machine(stage, "terminal", "docker"), await stage.client()
    await narrowed(stage, ["docker"] if container is None else ["terminal"])
    answer = await client.request(
        type="terminal_open", server_id=stage.server_id, cols=80, rows=24, container=container
    )
    assert (answer["type"], answer["code"]) == ("error", "not_allowed")
    await narrowed(stage, [])
    assert [(await agent.next())["type"] for _ in range(2)] == ["narrow", "narrow"]
    assert (await audited(stage, "terminal.close"))[0]["result"] == "not_allowed"
    await agent.close()


async def test_a_terminal_that_is_open_ends_with_the_next_key(stage: Stage) -> None:
    agent, client = await machine(stage, "terminal"), await stage.client()
    await client.send(
        {"type": "terminal_open", "id": 1, "server_id": stage.server_id, "cols": 80, "rows": 24}
    )
    order = await agent.until("terminal_open")
    await agent.send({"type": "terminal_data", "terminal_id": order["terminal_id"], "data": "JCA="})
    await client.until("terminal_data")
    await narrowed(stage, [])
    await client.send({"type": "terminal_data", "terminal_id": order["terminal_id"], "data": "cg=="})
    assert "narrowed" in (await client.until("terminal_close"))["reason"]
    await agent.until("narrow")
    # Not a key of it: the terminal's end.
    assert (await agent.next())["type"] == "terminal_close"
    await agent.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/docker/containers/web/stop"),
        ("POST", "/docker/containers/web/remove"),
        ("GET", "/docker/containers/web?reveal=true"),
        ("POST", "/docker/images/prune"),
    ],
)
async def test_changes_of_containers_beyond_are_403_and_audited(stage: Stage, method: str, path: str) -> None:
    agent = await machine(stage, "docker")
    await narrowed(stage, ["docker_read"])
    joined = path + ("&" if "?" in path else "?") + f"server_id={stage.server_id}"
    refused = await stage.ask(method, joined, {} if method == "POST" else None)
    assert (refused.status, refused.body["code"]) == (403, "not_allowed"), refused
    await narrowed(stage, [])
    assert [(await agent.next())["type"] for _ in range(2)] == ["narrow", "narrow"]
    entries = (await stage.ask("GET", "/audit")).body["items"]
    assert "not_allowed" in {entry["result"] for entry in entries}
    await agent.close()


async def test_reading_beyond_is_403_and_audited(stage: Stage) -> None:
    agent = await machine(stage, "docker", "logs")
    await narrowed(stage, ["commands"])
    read = await stage.ask("GET", f"/docker/containers/web/logs?server_id={stage.server_id}")
    assert (read.status, read.body["code"]) == (403, "not_allowed")
    client = await stage.client()
    await client.send(
        {
            "type": "subscribe",
            "id": 1,
            "topic": "logs",
            "server_id": stage.server_id,
            "source": {"path": "/var/log/x"},
        }
    )
    told = await client.until("subscription_ended")
    assert told["code"] == "not_allowed"
    assert (await audited(stage, "log.follow"))[0]["result"] == "not_allowed"
    await agent.close()


async def test_who_narrowed_to_what_is_in_the_audit_log(stage: Stage) -> None:
    await narrowed(stage, ["logs", "logs"])
    await narrowed(stage, None)
    entries = await audited(stage, "server.narrow")
    assert [entry["data"]["allowed"] for entry in entries] == [None, ["logs"]]
    assert {entry["server_id"] for entry in entries} == {stage.server_id}
    events = (await stage.ask("GET", "/events?kind=server")).body["items"]
    assert [event["message"] for event in events[:2]] == [
        "server web-1 no longer narrowed", "server web-1 narrowed to logs",
    ]  # fmt: skip


@pytest.mark.parametrize("grant", ["viewer", "operator"])
async def test_narrowing_needs_full_rights(stage: Stage, grant: str) -> None:
    token = await stage.user("other", "operator", grant)
    path = f"/servers/{stage.server_id}"
    assert (await stage.ask("PATCH", path, {"policy": {"allowed": None}}, token=token)).status == 403
    assert (await stage.ask("GET", f"{path}/policy", token=token)).status == 200


@pytest.mark.parametrize("allowed", [["root"], "docker", 1, ["docker"] * 17, [["docker"]]])
async def test_what_is_no_list_of_allowances_is_400(stage: Stage, allowed: object) -> None:
    answer = await stage.ask("PATCH", f"/servers/{stage.server_id}", {"policy": {"allowed": allowed}})
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert "policy" in answer.body["detail"]


async def test_a_change_of_the_name_leaves_it_narrowed(stage: Stage) -> None:
    await narrowed(stage, ["logs"])
    renamed = await stage.ask("PATCH", f"/servers/{stage.server_id}", {"name": "other"})
    assert renamed.body["policy"]["narrowed"] == ["logs"]


async def test_it_is_narrowed_over_a_restart(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    async with open_stage(tmp_path) as stage:
        stage.server_id, stage.key = await stage.server("web-1")
        agent = await machine(stage, "docker", "commands", policy=POLICY)
        await narrowed(stage, ["docker_read"])
        await agent.close()
    async with open_stage(tmp_path) as again:
        shown = (await again.ask("GET", f"/servers/{stage.server_id}")).body
        assert shown["policy"]["narrowed"] == ["docker_read"]
        assert shown["capabilities"] == ["metrics", "docker_read"]
        policy = (await again.ask("GET", f"/servers/{stage.server_id}/policy")).body
        assert policy["machine"] == POLICY


async def test_a_machine_that_tells_absurd_lists_is_shown_in_part(stage: Stage) -> None:
    policy = {"commands": ["x" * 300] * 100, "containers": [], "allowed": ["y" * 100] * 100}
    agent = await machine(stage, policy=policy)
    shown = (await stage.ask("GET", f"/servers/{stage.server_id}/policy")).body["machine"]
    assert (len(shown["commands"]), len(shown["commands"][0]), shown["containers"]) == (64, 200, [])
    assert (len(shown["allowed"]), len(shown["allowed"][0])) == (64, 64)
    assert MachinePolicy().commands is None
    await agent.close()


async def test_a_policy_that_is_none_ends_the_connection_as_malformed(stage: Stage) -> None:
    peer = Peer(await stage.http.ws_connect("/api/v1/agents/ws"))
    await peer.send({"type": "auth", "api_key": stage.key, "policy": {"commands": 7}})
    frame = await peer.ws.receive()
    assert frame.type is aiohttp.WSMsgType.TEXT
    assert '"malformed"' in frame.data
    await peer.close()
