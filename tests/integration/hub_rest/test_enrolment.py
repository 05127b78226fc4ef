"""A machine becomes a server by a token: for a time, a number of machines, and never twice."""

import asyncio
from typing import Any

import pytest

from chatops_server.storage.base import Script, execute
from chatops_wire.enrolment_line import parted
from tests.integration.hub_rest.conftest import Answer, Asker
from tests.live_peers import Peer

MACHINE = "a" * 64
OTHER = "b" * 64


async def token(asker: Asker, *, by: str | None = "", **body: object) -> dict[str, Any]:
    made = await asker.post("/enroll-tokens", {"name": "rack 3", **body}, token=by)
    assert made.status == 201, made
    return dict(made.body)


async def enroll(asker: Asker, text: str, machine: str = MACHINE, **more: object) -> Answer:
    body = {"token": text, "machine": machine, "hostname": "web-1", **more}
    return await asker.post("/enroll", body, token=None)


async def test_a_machine_becomes_a_server_with_a_key_of_its_own(asker: Asker) -> None:
    made = await token(asker, tags=["env=prod", "rack3"], key_expires_in_s=86_400)
    answer = await enroll(asker, made["token"])
    assert answer.status == 201
    server = await asker.get(f"/servers/{answer.body['server_id']}")
    assert (server.body["name"], server.body["tags"]) == ("web-1", ["env=prod", "rack3"])
    keys = await asker.get(f"/api-keys?server_id={answer.body['server_id']}")
    assert keys.body["items"][0]["expires_at"] is not None
    async with asker.http.ws_connect("/api/v1/agents/ws") as ws:
        peer = Peer(ws)
        await peer.send({"type": "auth", "api_key": answer.body["api_key"]})
        assert (await peer.until("auth_success"))["server_id"] == answer.body["server_id"]


async def test_a_token_is_shown_once(asker: Asker) -> None:
    made = await token(asker)
    listed = await asker.get("/enroll-tokens")
    [item] = listed.body["items"]
    assert made["token"] not in str(listed.body)
    assert (item["id"], item["uses"], item["max_uses"], item["active"]) == (made["id"], 0, 1, True)
    assert parted(made["line"]) == (made["token"], "")


async def test_a_machine_that_asks_again_is_the_same_server_and_takes_no_use(asker: Asker) -> None:
    """The answer to the first time may have been lost, or the machine made anew."""
    made = await token(asker)
    first, again = await enroll(asker, made["token"]), await enroll(asker, made["token"])
    assert first.body["server_id"] == again.body["server_id"]
    assert first.body["api_key"] != again.body["api_key"]
    assert len((await asker.get("/servers")).body["items"]) == 1
    assert (await asker.get("/enroll-tokens")).body["items"][0]["uses"] == 1
    keys = await asker.get(f"/api-keys?server_id={first.body['server_id']}")
    assert [item["active"] for item in keys.body["items"]] == [False, True]


async def test_another_machine_takes_another_use(asker: Asker) -> None:
    made = await token(asker, max_uses=2)
    first, second = await enroll(asker, made["token"]), await enroll(asker, made["token"], OTHER)
    assert (first.body["name"], second.body["name"]) == ("web-1", "web-1-2")
    third = await enroll(asker, made["token"], "c" * 64)
    assert (third.status, third.code) == (401, "invalid_key")


async def test_no_more_machines_come_in_at_once_than_may(asker: Asker) -> None:
    made = await token(asker, max_uses=3)
    answers = await asyncio.gather(*(enroll(asker, made["token"], f"{number:064x}") for number in range(12)))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [401] * 9
    assert len((await asker.get("/servers")).body["items"]) == 3


async def test_one_machine_that_asks_many_times_at_once_is_one_server(asker: Asker) -> None:
    made = await token(asker, max_uses=3)
    answers = await asyncio.gather(*(enroll(asker, made["token"]) for _ in range(8)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["server_id"] for answer in answers}) == 1
    assert (await asker.get("/enroll-tokens")).body["items"][0]["uses"] == 1


async def test_a_token_that_has_expired_or_was_revoked_is_refused(asker: Asker) -> None:
    expired, revoked = await token(asker, expires_in_s=60), await token(asker)
    await asker.running.storage.write(_expired(expired["id"]))
    assert (await asker.delete(f"/enroll-tokens/{revoked['id']}")).status == 204
    for text in (expired["token"], revoked["token"]):
        assert (await enroll(asker, text)).status == 401
    assert [item["active"] for item in (await asker.get("/enroll-tokens")).body["items"]] == [False, False]
    assert (await asker.get("/servers")).body["items"] == []


async def test_a_wrong_secret_and_an_unknown_token_are_told_apart_by_nothing(asker: Asker) -> None:
    right, other = await token(asker), await token(asker)
    foreign = right["token"][:16] + other["token"][16:]
    answers = [await enroll(asker, text) for text in (foreign, "chope_" + "a" * 10)]
    assert [answer.status for answer in answers] == [401, 401]


async def test_a_key_of_an_agent_enrols_nobody(asker: Asker) -> None:
    server = await asker.server("web-1")
    key = await asker.post("/api-keys", {"server_id": server})
    assert (await enroll(asker, key.body["key"])).status == 401


async def test_a_token_ends_with_the_right_of_who_made_it(asker: Asker) -> None:
    user, operator = await asker.user("op", "operator")
    made = await token(asker, by=operator)
    await asker.patch(f"/users/{user}", {"role": "viewer"})
    assert (await enroll(asker, made["token"])).status == 401


async def test_servers_belong_to_who_made_the_token(asker: Asker) -> None:
    user, operator = await asker.user("op", "operator")
    made = await token(asker, by=operator)
    answer = await enroll(asker, made["token"])
    assert (await asker.get(f"/servers/{answer.body['server_id']}")).body["owner_id"] == user


async def test_another_users_tokens_are_neither_seen_nor_ended(asker: Asker) -> None:
    _, operator = await asker.user("op", "operator")
    made = await token(asker)
    assert (await asker.get("/enroll-tokens", token=operator)).body["items"] == []
    assert (await asker.delete(f"/enroll-tokens/{made['id']}", token=operator)).status == 404


async def test_a_name_that_was_asked_for_is_given_or_refused(asker: Asker) -> None:
    await asker.server("db-1")
    made = await token(asker)
    taken = await enroll(asker, made["token"], name="db-1")
    assert taken.status == 409
    assert (await enroll(asker, made["token"], name="db-2")).body["name"] == "db-2"


@pytest.mark.parametrize(
    ("hostname", "name"), [("", "server"), ("\x1b]0;owned\x07", "]0;owned"), (" \u202e ", "server")]
)
async def test_what_a_machine_calls_itself_is_made_harmless(asker: Asker, hostname: str, name: str) -> None:
    made = await token(asker)
    assert (await enroll(asker, made["token"], hostname=hostname)).body["name"] == name


async def test_wrong_tokens_are_slowed_down_and_right_ones_elsewhere_are_not(asker: Asker) -> None:
    statuses = [(await enroll(asker, "chope_nonsense")).status for _ in range(21)]
    assert statuses == [401] * 20 + [429]


async def test_everything_is_audited_without_the_secret(asker: Asker) -> None:
    made = await token(asker)
    await enroll(asker, made["token"])
    await enroll(asker, made["token"], OTHER)
    await asker.delete(f"/enroll-tokens/{made['id']}")
    audit = await asker.get("/audit")
    told = [(item["action"], item["result"]) for item in audit.body["items"]]
    assert ("enroll_token.create", "ok") in told
    assert ("enroll_token.revoke", "ok") in told
    assert ("server.enroll", "ok") in told
    assert ("server.enroll", "refused") in told
    assert made["token"] not in str(audit.body)
    assert MACHINE not in str(audit.body)


def _expired(token_id: str) -> Script[int]:
    return execute("UPDATE enroll_tokens SET expires_ms = 1 WHERE id = $1", token_id)
