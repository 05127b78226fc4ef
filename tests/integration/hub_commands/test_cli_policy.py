"""`chatops policy` against a real hub."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.integration.client.program import Ran, chatops
from tests.integration.hub_commands.conftest import ADMIN_PASSWORD, Stage
from tests.live_peers import Peer

Cli = Callable[..., Coroutine[Any, Any, Ran]]
POLICY = {
    "source": "file",
    "allowed": ["docker", "commands", "logs"],
    "commands": ["/usr/bin/uptime", "/usr/bin/id /\x1b[2J.*/"],
    "log_paths": ["/var/log/nginx"],
    "signed": ["docker"],
}


def _environ(url: str, username: str, password: str) -> dict[str, Any]:
    return {"CHATOPS_URL": url, "CHATOPS_USERNAME": username, "CHATOPS_PASSWORD": password}


@pytest.fixture
async def cli(stage: Stage) -> Cli:
    async with stage.http.get("/healthz") as answer:
        url = str(answer.url.origin())
    environ = _environ(url, "admin", ADMIN_PASSWORD)

    async def run(*arguments: str) -> Ran:
        return await chatops(*arguments, **environ)

    return run


@pytest.fixture
async def machine(stage: Stage) -> Peer:
    peer = Peer(await stage.http.ws_connect("/api/v1/agents/ws", max_msg_size=0))
    capabilities = ["metrics", "docker", "commands", "logs", "signed"]
    await peer.send({"type": "auth", "api_key": stage.key, "capabilities": capabilities, "policy": POLICY})
    assert (await peer.next())["type"] == "auth_success"
    return peer


async def test_it_shows_what_is_allowed_and_who_decided(cli: Cli, machine: Peer) -> None:
    ran = await cli("policy", "web-1")
    assert ran.status == 0, ran.err
    lines = [line.rstrip() for line in ran.out.decode().splitlines()]
    assert lines[0] == "web-1  ◈ listed commands + containers · signed"
    assert lines[1:] == [
        "allowed    docker, commands, logs, signed",
        "decided    by a file on the machine",
        "commands   /usr/bin/uptime",
        # Neutralised: what stands there is the machine's own.
        "           /usr/bin/id /.*/",
        "containers all",
        "log files  /var/log/nginx",
        "log units  all",
        "signed     docker",
        "narrowed   not at the hub",
        "left       docker, commands, logs, signed",
    ]
    await machine.close()


async def test_it_narrows_and_lifts(cli: Cli, stage: Stage, machine: Peer) -> None:
    ran = await cli("policy", "web-1", "--allow", "docker_read,logs", "--json")
    told = json.loads(ran.out)
    assert (told["narrowed"], told["machine"]) == (["docker_read", "logs"], POLICY)
    assert told["capabilities"] == ["metrics", "logs", "signed", "docker_read"]
    assert (await machine.until("narrow"))["allowed"] == ["docker_read", "logs"]
    [server] = json.loads((await cli("servers", "--json")).out)
    assert server["policy"]["narrowed"] == ["docker_read", "logs"]
    ran = await cli("policy", stage.server_id, "--allow", "none")
    assert b"\xe2\x97\x87 metrics only \xc2\xb7 signed \xc2\xb7 narrowed" in ran.out
    assert b"narrowed   to nothing but samples by admin, " in ran.out
    ran = await cli("policy", "web-1", "--lift", "--json")
    assert json.loads(ran.out)["narrowed"] is None
    await machine.close()


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("policy", "web-1", "--allow", "root"), 2, "'root' is none of docker, commands"),
        (("policy", "web-1", "--allow", "logs", "--lift"), 2, "not allowed with"),
        (("policy", "nobody"), 1, "no server is called 'nobody'"),
    ],
)
async def test_what_is_wrong_is_said(
    cli: Cli, arguments: tuple[str, ...], status: int, complaint: str
) -> None:
    ran = await cli(*arguments)
    assert (ran.status, complaint in ran.err) == (status, True), ran.err


async def test_who_may_not_narrow_is_told_so(stage: Stage) -> None:
    await stage.user("viewer", "viewer", "viewer")
    async with stage.http.get("/healthz") as answer:
        url = str(answer.url.origin())
    environ = _environ(url, "viewer", "viewer-password")
    assert (await chatops("policy", "web-1", **environ)).status == 0
    ran = await chatops("policy", "web-1", "--lift", **environ)
    assert (ran.status, "full rights" in ran.err) == (1, True), ran.err
