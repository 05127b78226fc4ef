"""Terminals: opened, relayed with credit both ways, detached, attached, closed, recorded."""

import asyncio
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chatops_server.services.commands.keeper import Patience
from chatops_wire.commands import WINDOW_BYTES
from tests.deadlines import eventually
from tests.integration.hub_commands.conftest import Stage, open_stage
from tests.live_peers import Peer


def data(terminal_id: str, text: bytes) -> dict[str, Any]:
    return {"type": "terminal_data", "terminal_id": terminal_id, "data": b64encode(text).decode()}


async def opened(stage: Stage, agent: Peer, client: Peer, **more: object) -> str:
    """Open a terminal; return its id when it runs."""
    asked = asyncio.create_task(
        client.request(type="terminal_open", server_id=stage.server_id, cols=80, rows=24, **more)
    )
    order = await agent.until("terminal_open")
    await agent.send({"type": "terminal_opened", "terminal_id": order["terminal_id"]})
    result = await asked
    assert (result["type"], result["terminal_id"]) == ("result", order["terminal_id"])
    return str(result["terminal_id"])


async def test_keys_go_one_way_and_the_screen_the_other(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    await client.send(data(terminal_id, b"ls\r"))
    assert await agent.until("terminal_data") == data(terminal_id, b"ls\r")
    await agent.send(data(terminal_id, b"\x1b[1mfile\xff"))
    assert await client.until("terminal_data") == data(terminal_id, b"\x1b[1mfile\xff")
    resize = {"type": "terminal_resize", "terminal_id": terminal_id, "cols": 132, "rows": 50}
    await client.send(resize)
    assert await agent.until("terminal_resize") == resize
    await agent.send({"type": "terminal_close", "terminal_id": terminal_id, "exit_code": 3, "reason": ""})
    ended = await client.until("terminal_close")
    assert (ended["terminal_id"], ended["exit_code"], ended["code"]) == (terminal_id, 3, None)


async def test_an_agent_that_only_sends_data_has_opened_it_too(stage: Stage) -> None:
    """`terminal_opened` is an addition to the contract."""
    agent, client = await stage.agent(), await stage.client()
    await client.send(
        {"type": "terminal_open", "id": 1, "server_id": stage.server_id, "cols": 80, "rows": 24}
    )
    order = await agent.until("terminal_open")
    await agent.send(data(order["terminal_id"], b"$ "))
    result = await client.next()
    assert result == {"type": "result", "id": 1, "terminal_id": order["terminal_id"]}
    assert await client.next() == data(order["terminal_id"], b"$ ")


@pytest.mark.parametrize(
    ("code", "told"),
    [("not_allowed", "not_allowed"), ("busy", "too_many_requests"), ("unavailable", "conflict")],
)
async def test_what_the_agent_refuses_is_the_answer_and_audited(stage: Stage, code: str, told: str) -> None:
    agent, client = await stage.agent(), await stage.client()
    asked = asyncio.create_task(
        client.request(type="terminal_open", server_id=stage.server_id, cols=80, rows=24)
    )
    order = await agent.until("terminal_open")
    await agent.send(
        {"type": "terminal_close", "terminal_id": order["terminal_id"], "reason": "no", "code": code}
    )
    answer = await asked
    assert (answer["type"], answer["code"], answer["message"]) == ("error", told, "no")

    async def audited() -> list[tuple[str, str]]:
        rows = (await stage.ask("GET", "/audit")).body["items"]
        return [(row["action"], row["result"]) for row in rows if row["target"] == order["terminal_id"]]

    async def both() -> bool:
        return await audited() == [("terminal.close", code), ("terminal.open", "ok")]

    await eventually(both)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"server_id": "srv_unknown"}, "not_found"),
        ({"container": "../web"}, "invalid_request"),
        ({}, "agent_offline"),
    ],
)
async def test_what_cannot_be_opened_says_why(stage: Stage, request_: dict[str, Any], code: str) -> None:
    client = await stage.client()
    if "container" in request_:
        await stage.agent()
    body = {"server_id": stage.server_id, "cols": 80, "rows": 24, **request_}
    answer = await client.request(type="terminal_open", **body)
    assert (answer["type"], answer["code"]) == ("error", code)


async def test_it_needs_an_operator(stage: Stage) -> None:
    await stage.agent()
    token = await stage.user("viewer", "operator", "viewer")
    client = await stage.client(token)
    answer = await client.request(type="terminal_open", server_id=stage.server_id, cols=80, rows=24)
    assert answer["code"] == "forbidden"


async def test_it_ends_with_the_client(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    await client.close()
    closed = await agent.until("terminal_close")
    assert (closed["terminal_id"], closed["reason"]) == (terminal_id, "the client left")

    async def is_written_down() -> bool:
        [row] = (await stage.ask("GET", "/terminals")).body["items"]
        return row["closed_at"] is not None and row["reason"] == "the client left"

    await eventually(is_written_down)
    messages = [item["message"] for item in (await stage.ask("GET", "/events?kind=terminal")).body["items"]]
    assert messages == ["a terminal on web-1 ended: the client left", "admin opened a terminal on web-1"]


async def test_a_broken_connection_leaves_it_a_while_for_its_viewer_to_return(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    await client.vanish()
    detach = await agent.until("terminal_detach")
    assert (detach["terminal_id"], detach["within_s"]) == (terminal_id, 60.0)
    again = await stage.client()
    attach = {"server_id": stage.server_id, "terminal_id": terminal_id, "cols": 80, "rows": 24}
    asked = asyncio.create_task(again.request(type="terminal_attach", **attach))
    assert (await agent.until("terminal_open"))["attach"] is True
    await agent.send({"type": "terminal_opened", "terminal_id": terminal_id}, data(terminal_id, b"as it was"))
    assert (await asked)["type"] == "result"
    await again.send(data(terminal_id, b"x"))
    assert await agent.until("terminal_data") == data(terminal_id, b"x")


async def test_a_viewer_that_does_not_return_ends_it(tmp_path: Path) -> None:
    async with open_stage(tmp_path, patience=Patience(viewer_s=0.05)) as stage:
        stage.server_id, stage.key = await stage.server("web-1")
        agent, client = await stage.agent(), await stage.client()
        terminal_id = await opened(stage, agent, client)
        await client.vanish()
        assert (await agent.until("terminal_detach"))["within_s"] == 0.05
        closed = await agent.until("terminal_close")
        assert (closed["terminal_id"], closed["reason"]) == (terminal_id, "the client left")


async def test_a_detached_one_runs_on_and_is_attached_by_its_owner_or_an_admin(stage: Stage) -> None:
    agent = await stage.agent()
    token = await stage.user("owner", "operator", "operator")
    client, other = await stage.client(token), await stage.user("other", "operator", "operator")
    terminal_id = await opened(stage, agent, client)
    assert (await client.request(type="terminal_detach", terminal_id=terminal_id))["type"] == "result"
    assert (await agent.until("terminal_detach"))["terminal_id"] == terminal_id
    await client.close()
    stranger = await stage.client(other)
    attach = {"server_id": stage.server_id, "terminal_id": terminal_id, "cols": 100, "rows": 30}
    assert (await stranger.request(type="terminal_attach", **attach))["code"] == "not_found"
    again = await stage.client(token)
    asked = asyncio.create_task(again.request(type="terminal_attach", **attach))
    order = await agent.until("terminal_open")
    assert (order["terminal_id"], order["attach"], order["cols"]) == (terminal_id, True, 100)
    await agent.send({"type": "terminal_opened", "terminal_id": terminal_id}, data(terminal_id, b"screen"))
    assert (await asked)["type"] == "result"
    assert await again.until("terminal_data") == data(terminal_id, b"screen")
    # An admin takes it over, and the owner is told.
    admin = await stage.client()
    asked = asyncio.create_task(admin.request(type="terminal_attach", **attach))
    await agent.until("terminal_open")
    await agent.send({"type": "terminal_opened", "terminal_id": terminal_id})
    assert (await asked)["type"] == "result"
    assert (await again.until("terminal_close"))["code"] == "replaced"
    await again.send(data(terminal_id, b"lost"))
    await admin.send(data(terminal_id, b"mine"))
    assert await agent.until("terminal_data") == data(terminal_id, b"mine")


async def test_those_that_run_are_listed_for_whom_they_are(stage: Stage) -> None:
    agent = await stage.agent()
    token = await stage.user("owner", "operator", "operator")
    client = await stage.client(token)
    terminal_id = await opened(stage, agent, client)

    async def listed(who: Peer) -> list[tuple[str, bool]]:
        asked = asyncio.create_task(who.request(type="terminal_list", server_id=stage.server_id))
        request = await agent.until("terminal_list")
        facts = {"cols": 80, "rows": 24, "started_at": "2026-01-31T12:00:00.000Z", "detached": True}
        items = [{"terminal_id": each, **facts} for each in (terminal_id, "trm_of_nobody")]
        await agent.send({"type": "terminals", "request_id": request["request_id"], "items": items})
        return [(item["terminal_id"], item["user_id"] is not None) for item in (await asked)["terminals"]]

    assert await listed(client) == [(terminal_id, True)]
    assert await listed(await stage.client()) == [(terminal_id, True), ("trm_of_nobody", False)]


async def test_closing_ends_it_for_its_viewer_or_from_elsewhere(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    assert (await client.request(type="terminal_close", terminal_id=terminal_id))["type"] == "result"
    assert (await agent.until("terminal_close"))["terminal_id"] == terminal_id
    answer = await client.request(type="terminal_close", terminal_id=terminal_id)
    assert answer["code"] == "not_found"
    second, elsewhere = await opened(stage, agent, client), await stage.client()
    closing = {"terminal_id": second, "server_id": stage.server_id}
    assert (await elsewhere.request(type="terminal_close", **closing))["type"] == "result"
    assert (await agent.until("terminal_close"))["terminal_id"] == second
    assert (await client.until("terminal_close"))["reason"] == "closed by its user"


async def test_an_agent_that_leaves_ends_it(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    await agent.vanish()
    ended = await client.until("terminal_close")
    assert (ended["terminal_id"], ended["code"]) == (terminal_id, "agent_offline")


@pytest.mark.parametrize("who", ["client", "agent"])
async def test_a_right_that_is_taken_away_ends_it_with_the_next_byte(stage: Stage, who: str) -> None:
    agent = await stage.agent()
    token = await stage.user("operator", "operator", "operator")
    client = await stage.client(token)
    terminal_id = await opened(stage, agent, client)
    await stage.ask("PUT", f"/servers/{stage.server_id}/grants/operator", {"role": "viewer"})
    peer = {"client": client, "agent": agent}[who]
    await peer.send(data(terminal_id, b"rm -rf /\r"))
    assert (await client.next())["type"] == "terminal_close"
    assert (await agent.until("terminal_close"))["terminal_id"] == terminal_id


async def test_credit_follows_what_the_client_takes(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    half = data(terminal_id, b"x" * (WINDOW_BYTES // 2))
    await agent.send(half)
    assert await client.until("terminal_data") == half
    credit = await agent.until("terminal_credit")
    assert (credit["terminal_id"], credit["bytes"]) == (terminal_id, WINDOW_BYTES // 2)


async def test_a_client_with_a_window_says_itself_what_it_takes(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    await client.send(
        {
            "type": "terminal_open",
            "id": 1,
            "server_id": stage.server_id,
            "cols": 80,
            "rows": 24,
            "window": 1000,
            "term": "vt100",
        }
    )
    order = await agent.until("terminal_open")
    assert (order["window"], order["term"]) == (1000, "vt100")
    await agent.send({"type": "terminal_opened", "terminal_id": order["terminal_id"]})
    await client.until("result")
    await agent.send(data(order["terminal_id"], b"x" * WINDOW_BYTES))
    await client.until("terminal_data")
    credit = {"type": "terminal_credit", "terminal_id": order["terminal_id"], "bytes": 500}
    await client.send(credit)
    assert await agent.until("terminal_credit") == credit


async def test_a_recording_is_played_by_anything_that_knows_asciicast(tmp_path: Path) -> None:
    async with open_stage(tmp_path, record_terminals=True) as stage:
        stage.server_id, stage.key = await stage.server("web-1")
        agent, client = await stage.agent(), await stage.client()
        terminal_id = await opened(stage, agent, client)
        euro = "€".encode()
        await client.send(data(terminal_id, b"password\r"))
        await agent.until("terminal_data")
        await agent.send(data(terminal_id, b"$ " + euro[:1]), data(terminal_id, euro[1:] + b"\xff\r\n"))
        await client.until("terminal_data")
        await client.until("terminal_data")
        await client.send({"type": "terminal_resize", "terminal_id": terminal_id, "cols": 100, "rows": 30})
        await agent.until("terminal_resize")
        await client.request(type="terminal_close", terminal_id=terminal_id)

        async def recorded() -> int | None:
            [row] = (await stage.ask("GET", "/terminals")).body["items"]
            return int(row["recorded_bytes"] or 0)

        size = await eventually(recorded)
        answer = await stage.ask("GET", f"/terminals/{terminal_id}/recording")
        assert (answer.headers["Content-Type"], len(answer.body)) == ("application/x-asciicast", size)
        header, *events = [msgspec.json.decode(line) for line in answer.body.splitlines()]
        assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
        shown = [(kind, text) for _at, kind, text in events]
        assert shown == [("o", "$ "), ("o", "€\ufffd\r\n"), ("r", "100x30")]
        assert [at for at, *_ in events] == sorted(at for at, *_ in events)
        assert "password" not in str(events)
        [file] = (tmp_path / "recordings").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        token = await stage.user("other", "operator", "operator")
        assert (await stage.ask("GET", f"/terminals/{terminal_id}/recording", token=token)).status == 404


async def test_without_the_setting_nothing_is_recorded(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    terminal_id = await opened(stage, agent, client)
    await agent.send(data(terminal_id, b"shown"))
    assert b64decode((await client.until("terminal_data"))["data"]) == b"shown"
    assert (await stage.ask("GET", f"/terminals/{terminal_id}/recording")).status == 404
    assert not (stage.folder / "recordings").exists()


async def test_it_can_be_opened_in_a_container(stage: Stage) -> None:
    agent, client = await stage.agent(), await stage.client()
    body = {"server_id": stage.server_id, "cols": 80, "rows": 24, "container": "web"}
    await client.send({"type": "terminal_open", "id": 1, **body})
    order = await agent.until("terminal_open")
    assert order["container"] == "web"
    refusal = {"reason": "no such container: web", "code": "not_found"}
    await agent.send({"type": "terminal_close", "terminal_id": order["terminal_id"], **refusal})
    answer = await client.until("error")
    assert (answer["code"], answer["message"]) == ("not_found", "no such container: web")
    [opened] = [
        entry
        for entry in (await stage.ask("GET", "/audit")).body["items"]
        if entry["action"] == "terminal.open"
    ]
    assert opened["data"] == {"container": "web"}
