"""Every message and topic of the client WebSocket for every kind of caller. One without a row here fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import pytest

from chatops_server.broker import topics
from chatops_server.web import client_feeds
from chatops_wire.client import FromClient
from tests.integration.hub_commands.conftest import Stage

CALLERS = (
    "viewer stranger",
    "operator stranger",
    "viewer granted operator",
    "operator granted viewer",
    "operator granted operator",
    "owner",
    "admin",
)
ANYBODY = ("result",) * 7
READS = ("not_found", "not_found") + ("result",) * 5
# Whoever may, hears that no agent is there.
ASKS_AGENT = ("not_found", "not_found") + ("agent_offline",) * 5
ORDERS_AGENT = ("not_found", "not_found", "forbidden", "forbidden") + ("agent_offline",) * 3
OPERATES = ("not_found", "not_found", "forbidden", "forbidden") + ("not_found",) * 3
UNANSWERED = ("",) * 7

# Message or topic, what is sent, what comes back.
EXPECTED: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]] = {
    "auth": ({}, UNANSWERED),  # below, with every wrong token
    "ping": ({}, ("pong",) * 7),
    "subscribe fleet": ({}, ANYBODY),
    "subscribe metrics": ({"server_id": "{server}"}, READS),
    "subscribe events": ({"server_id": "{server}"}, READS),
    "subscribe alerts": ({"server_id": "{server}"}, READS),
    "subscribe containers": ({"server_id": "{server}"}, READS),
    "subscribe command": ({"command_id": "{command}"}, READS),
    "subscribe logs": ({"server_id": "{server}", "source": {"path": "/var/log/x"}}, ASKS_AGENT),
    "unsubscribe": ({"topic": "metrics", "server_id": "{server}"}, ANYBODY),  # of what one never had
    "terminal_open": ({"server_id": "{server}", "cols": 80, "rows": 24}, ORDERS_AGENT),
    "terminal_attach": (
        {"server_id": "{server}", "terminal_id": "trm_x", "cols": 80, "rows": 24},
        ORDERS_AGENT,
    ),
    "terminal_detach": ({"terminal_id": "trm_x"}, ("not_found",) * 7),
    "terminal_close": ({"server_id": "{server}", "terminal_id": "trm_x"}, ORDERS_AGENT),
    "terminal_list": ({"server_id": "{server}"}, ORDERS_AGENT),
    "terminal_data": ({"terminal_id": "trm_x", "data": "eA=="}, UNANSWERED),  # to no terminal: passed over
    "terminal_resize": ({"terminal_id": "trm_x", "cols": 1, "rows": 1}, UNANSWERED),
    "terminal_credit": ({"terminal_id": "trm_x", "bytes": 1}, UNANSWERED),
}
FOREIGN = ("", "srv_nobodys", "{foreign}", "../{server}", "{server}\x00", "x" * 5000, "*", "%")


@dataclass
class Scene:
    """A server of `owner`, one nobody here but the admin may see, and everybody's token."""

    stage: Stage
    tokens: dict[str, str]
    names: dict[str, str]

    def filled(self, message: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value.format(**self.names) if isinstance(value, str) else value
            for name, value in message.items()
        }


@pytest.fixture
async def scene(stage: Stage) -> Scene:
    tokens = {"admin": stage.token, "owner": await stage.user("owner", "operator")}
    foreign = stage.server_id
    made = await stage.ask("POST", "/servers", {"name": "mine"}, token=tokens["owner"])
    stage.server_id = made.body["id"]
    for caller in CALLERS[:5]:
        role, kind, *grant = caller.split(" ")
        name = caller.replace(" ", "-")
        tokens[caller] = await stage.user(name, role, grant[0] if kind == "granted" else None)
    body = {"server_ids": [stage.server_id], "command": "uptime"}
    batch = await stage.ask("POST", "/commands/batch", body, token=tokens["owner"])
    command = batch.body["items"][0]["command_id"]
    return Scene(stage, tokens, {"server": stage.server_id, "foreign": foreign, "command": command})


def _words(row: str) -> dict[str, str]:
    kind, _, topic = row.partition(" ")
    return {"type": kind} | ({"topic": topic} if topic else {})


def test_every_message_and_topic_has_a_row() -> None:
    kinds = {str(member.__struct_config__.tag) for member in get_args(FromClient)}
    known = {*topics._TOPICS, client_feeds.COMMAND, client_feeds.LOGS}  # noqa: SLF001 - said nowhere else
    wanted = kinds - {"subscribe"} | {f"subscribe {topic}" for topic in known}
    assert wanted == set(EXPECTED)


@pytest.mark.parametrize("row", [row for row in EXPECTED if row != "auth"])
async def test_each_caller_hears_what_is_theirs(scene: Scene, row: str) -> None:
    message, expected = EXPECTED[row]
    got = []
    for caller in CALLERS:
        client = await scene.stage.client(scene.tokens[caller])
        sent = _words(row) | scene.filled(message)
        if expected is UNANSWERED:
            await client.send(sent)
            # It neither ends the connection nor is answered.
            assert (await client.request(type="ping"))["type"] == "pong"
            got.append("")
        else:
            answer = await client.request(**sent)
            got.append(answer["code"] if answer["type"] == "error" else answer["type"])
    assert tuple(got) == expected


@pytest.mark.parametrize("row", [row for row, (message, _) in EXPECTED.items() if "server_id" in message])
async def test_empty_foreign_and_made_up_servers_are_nobodys(scene: Scene, row: str) -> None:
    client = await scene.stage.client(scene.tokens["owner"])
    for server_id in FOREIGN:
        sent = _words(row) | scene.filled(EXPECTED[row][0]) | {"server_id": server_id.format(**scene.names)}
        answer = await client.request(**sent)
        if row.startswith("unsubscribe"):
            assert answer["type"] == "result"
        else:
            codes = {"not_found"} if server_id else {"not_found", "invalid_request"}
            assert answer["type"] == "error", answer
            assert answer["code"] in codes, (server_id, answer)
    assert (await client.request(type="ping"))["type"] == "pong"


@pytest.mark.parametrize("row", [row for row, (message, _) in EXPECTED.items() if "server_id" in message])
async def test_without_a_server_nothing_is_given_that_needs_one(scene: Scene, row: str) -> None:
    """Topics that a server only narrows give each user their own; everything else asks for it."""
    client = await scene.stage.client(scene.tokens["viewer stranger"])
    sent = _words(row) | scene.filled({k: v for k, v in EXPECTED[row][0].items() if k != "server_id"})
    await client.send({"id": "asked", **sent})
    first = await client.next()
    narrowed = {"subscribe events", "subscribe alerts", "subscribe containers", "unsubscribe"}
    assert first["type"] == ("result" if row in narrowed else "error"), first


@pytest.mark.parametrize("path", ["/ws", "/ws/metrics/{server}", "/ws/logs/{server}?path=/var/log/x"])
@pytest.mark.parametrize("wrong", ["", "garbage", "a.b.c", "key", "refresh", "cut", "none-alg"])
async def test_no_socket_opens_with_what_is_no_access_token(scene: Scene, path: str, wrong: str) -> None:
    stage = scene.stage
    login = await stage.ask("POST", "/auth/login", {"username": "owner", "password": "owner-password"})
    token = {
        "key": stage.key,
        "refresh": login.body["refresh_token"],
        "cut": login.body["access_token"][:-2],
        "none-alg": "eyJhbGciOiJub25lIn0." + login.body["access_token"].split(".")[1] + ".",
    }.get(wrong, wrong)
    ws = await stage.http.ws_connect("/api/v1" + path.format(**scene.names))
    await ws.send_json({"type": "auth", "token": token})
    said = await ws.receive_json()
    assert (said["type"], said["code"]) == ("error", "unauthorized")
    await ws.receive()
    assert ws.close_code == 4401


@pytest.mark.parametrize("path", ["/ws/metrics/{foreign}", "/ws/logs/{foreign}?path=/var/log/x"])
@pytest.mark.parametrize("caller", CALLERS[:5])
async def test_a_path_that_names_anothers_server_gives_nothing(scene: Scene, path: str, caller: str) -> None:
    ws = await scene.stage.http.ws_connect("/api/v1" + path.format(**scene.names))
    await ws.send_json({"type": "auth", "token": scene.tokens[caller]})
    kinds = []
    while not ws.closed:
        message = await ws.receive()
        if message.type.name == "TEXT":
            frame = message.json()
            kinds.append(frame.get("code", frame["type"]))
    assert set(kinds) <= {"auth_success", "not_found", "access_lost", "subscription_ended"}
    assert {"not_found", "access_lost"} & set(kinds), kinds
