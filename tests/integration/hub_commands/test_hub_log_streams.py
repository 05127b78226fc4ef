"""The topic `logs`: lines of files and units as agents send them."""

from typing import Any

import pytest

from tests.integration.hub_commands.conftest import Stage
from tests.live_peers import Peer

SYSLOG = {"path": "/var/log/syslog"}


def lines(stream_id: str, *texts: str) -> dict[str, Any]:
    each = [{"ts": None, "stream": "stdout", "line": text} for text in texts]
    return {"type": "stream_data", "stream_id": stream_id, "lines": each}


async def follows(stage: Stage, client: Peer, source: dict[str, Any] | None = None) -> dict[str, Any]:
    return await client.request(
        type="subscribe", topic="logs", server_id=stage.server_id, source=source or SYSLOG
    )


async def test_lines_come_with_their_source(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    source = {"unit": "nginx.service", "tail": 5}
    assert (await follows(stage, client, source))["type"] == "result"
    order = await agent.until("stream_open")
    assert order["source"] == source
    await agent.send(lines(order["stream_id"], "one", "two"))
    got = await client.until("log_lines")
    assert (got["server_id"], got["source"]) == (stage.server_id, source)
    assert got["lines"][1] == {"ts": None, "stream": "stdout", "line": "two"}
    ended = await client.request(type="unsubscribe", topic="logs", server_id=stage.server_id, source=source)
    assert ended["type"] == "result"
    assert (await agent.until("stream_close"))["stream_id"] == order["stream_id"]


async def test_a_container_is_followed_like_a_file(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    assert (await follows(stage, client, {"container": "web"}))["type"] == "result"
    order = await agent.until("stream_open")
    assert order["source"] == {"container": "web"}
    closed = {"type": "stream_close", "stream_id": order["stream_id"]}
    await agent.send({**closed, "reason": "no engine", "code": "docker_unavailable"})
    ended = await client.until("subscription_ended")
    assert (ended["code"], ended["message"]) == ("docker_unavailable", "no engine")


async def test_credit_follows_what_the_client_takes(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    await follows(stage, client)
    order = await agent.until("stream_open")
    await agent.send(lines(order["stream_id"], *["x"] * (order["window"] // 2)))
    await client.until("log_lines")
    credit = await agent.until("stream_credit")
    assert (credit["stream_id"], credit["lines"]) == (order["stream_id"], order["window"] // 2)


@pytest.mark.parametrize(
    ("code", "told"), [("not_allowed", "not_allowed"), ("not_found", "not_found"), (None, "conflict")]
)
async def test_what_the_agent_refuses_ends_the_subscription(
    stage: Stage, code: str | None, told: str
) -> None:
    agent, client = await stage.agent(), await stage.client()
    await follows(stage, client)
    order = await agent.until("stream_open")
    closed = {"type": "stream_close", "stream_id": order["stream_id"], "reason": "no", "code": code}
    await agent.send(closed)
    ended = await client.until("subscription_ended")
    assert ended == {
        "type": "subscription_ended",
        "topic": "logs",
        "server_id": stage.server_id,
        "code": told,
        "message": "no",
        "source": SYSLOG,
    }


async def test_what_the_agent_does_not_allow_is_audited(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    await follows(stage, client)
    order = await agent.until("stream_open")
    closed = {"type": "stream_close", "stream_id": order["stream_id"]}
    await agent.send({**closed, "reason": "not below --log-path", "code": "not_allowed"})
    await client.until("subscription_ended")
    entries = (await stage.ask("GET", "/audit")).body["items"]
    [refused] = [entry for entry in entries if entry["action"] == "log.follow"]
    told = [refused[name] for name in ("target", "server_id", "result", "data")]
    assert told == [SYSLOG["path"], stage.server_id, "not_allowed", {"message": "not below --log-path"}]
    assert refused["user_id"] is not None


async def test_a_log_that_is_not_followed_ends_without_a_fault(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    await follows(stage, client, SYSLOG | {"follow": False})
    order = await agent.until("stream_open")
    assert order["source"]["follow"] is False
    await agent.send(lines(order["stream_id"], "one"))
    await agent.send({"type": "stream_close", "stream_id": order["stream_id"], "reason": "that is all"})
    assert (await client.until("log_lines"))["lines"][0]["line"] == "one"
    assert (await client.until("subscription_ended"))["code"] == "ended"


async def test_an_agent_that_leaves_ends_it(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    await follows(stage, client)
    await agent.until("stream_open")
    await agent.vanish()
    assert (await client.until("subscription_ended"))["code"] == "agent_offline"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ({}, "invalid_request"),
        ({"path": "/a", "unit": "b"}, "invalid_request"),
        ({"path": "/a", "tail": 10_001}, "invalid_request"),
        ({"container": "../web"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_followed_says_why(stage: Stage, source: dict[str, Any], code: str) -> None:
    await stage.agent()
    client = await stage.client()
    answer = await client.request(type="subscribe", topic="logs", server_id=stage.server_id, source=source)
    assert (answer["type"], answer["code"]) == ("error", code)


async def test_without_its_agent_there_is_nothing_to_follow(stage: Stage) -> None:
    assert (await follows(stage, await stage.client()))["code"] == "agent_offline"


async def test_a_viewer_may_and_a_stranger_may_not(stage: Stage) -> None:
    await stage.agent()
    viewer = await stage.client(await stage.user("viewer", "viewer", "viewer"))
    stranger = await stage.client(await stage.user("stranger", "operator"))
    assert (await follows(stage, viewer))["type"] == "result"
    assert (await follows(stage, stranger))["code"] == "not_found"


async def test_an_agent_without_credit_is_cut_off_before_it_fills_the_memory(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    await follows(stage, client)
    order = await agent.until("stream_open")
    for _ in range(6):
        # All in one frame: its follower takes none of it in between.
        await agent.send(lines(order["stream_id"], *["x"] * 6000))
    assert (await client.until("subscription_ended"))["code"] == "too_many_requests"
    assert (await agent.until("stream_close"))["code"] == "busy"


async def test_a_connection_of_its_own_sends_just_the_lines(stage: Stage) -> None:
    agent = await stage.agent()
    client = await stage.client(path=f"/ws/logs/{stage.server_id}?path=/var/log/syslog&tail=3")
    order = await agent.until("stream_open")
    assert order["source"] == {"path": "/var/log/syslog", "tail": 3}
    await agent.send(lines(order["stream_id"], "one"))
    assert (await client.next())["type"] == "log_lines"
    assert (await client.request(type="subscribe", topic="fleet"))["code"] == "invalid_request"
    opened = await client.request(type="terminal_open", server_id=stage.server_id, cols=80, rows=24)
    assert opened["code"] == "invalid_request"
    await agent.send({"type": "stream_close", "stream_id": order["stream_id"], "code": "not_allowed"})
    ended = await client.ended()
    assert (ended.code, ended.error) == (1000, "not_allowed")


async def test_a_connection_of_its_own_to_an_unknown_server_is_refused(stage: Stage) -> None:
    client = Peer(await stage.http.ws_connect("/api/v1/ws/logs/srv_unknown?unit=nginx"))
    await client.send({"type": "auth", "token": stage.token})
    ended = await client.ended()
    assert (ended.code, ended.error) == (1000, "not_found")
