"""A machine that asks for signatures, asked through a real hub by the command line and by the hub itself."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.deadlines import DEADLINE_S, eventually
from tests.e2e.demo_process import Demo, running
from tests.integration.client.program import WHO, Ran, chatops, in_terminal


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("signed") / "demo") as demo:
        yield demo


@pytest.fixture(autouse=True)
def _there(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead every command line to the demo."""
    monkeypatch.setenv("CHATOPS_URL", demo.facts["url"])
    monkeypatch.setitem(WHO, "CHATOPS_USERNAME", demo.facts["username"])
    monkeypatch.setitem(WHO, "CHATOPS_PASSWORD", demo.facts["password"])


@dataclass(frozen=True)
class Guarded:
    """A server whose agent acts only on what `key` signed."""

    server_id: str
    key: str


@asynccontextmanager
async def agent(url: str, api_key: str, signers: Path, folder: Path) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chatops_agent", "run", "--url", url, "--allow", "commands,terminal",
        "--authorized-signers", str(signers), "--data-dir", str(folder),
        env={**os.environ, "CHATOPS_API_KEY": api_key}, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        async with asyncio.timeout(DEADLINE_S):
            await process.wait()


@pytest.fixture
async def guarded(demo: Demo, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Guarded]:
    key = str(tmp_path / "key")
    made = await chatops("keys", "new", "--json", "--signing-key", key)
    assert made.status == 0, made.err
    signers = tmp_path / "signers"
    await asyncio.to_thread(signers.write_text, f"{json.loads(made.out)['public']}\n")
    added = await chatops("add", request.node.name.replace("_", "-"), "--json")
    told = json.loads(added.out)
    server_id = str(told["server"]["id"])
    async with agent(demo.facts["url"], told["key"], signers, tmp_path / "agent"):
        await eventually(lambda: is_online(server_id))
        yield Guarded(server_id, key)


async def is_online(server_id: str) -> bool:
    servers = json.loads((await chatops("servers", "--json")).out)
    return any(server["id"] == server_id and server["status"] == "online" for server in servers)


async def test_only_what_is_signed_runs(guarded: Guarded, demo: Demo, tmp_path: Path) -> None:
    server = guarded.server_id
    bare = await chatops("exec", server, "--", "echo never")
    assert (bare.status, bare.out) == (1, b"")
    assert "only what is signed" in bare.err

    signed = ("--signing-key", guarded.key)
    assert await chatops("exec", server, *signed, "--", "echo signed") == Ran(0, b"signed\n", "")
    # Of two servers one asks for no signature; both get one.
    both = await chatops("exec", server, demo.facts["server_id"], *signed, "--json", "--", "echo both")
    assert (both.status, both.out.count(b'"succeeded"')) == (0, 2), both.err

    other = tmp_path / "other"
    assert (await chatops("keys", "new", "--signing-key", str(other))).status == 0
    stranger = await chatops("exec", server, "--signing-key", str(other), "--", "echo never")
    assert "none of an authorized signer" in stranger.err

    servers = json.loads((await chatops("servers", "--json")).out)
    assert next("signed" in one["capabilities"] for one in servers if one["id"] == server)


async def test_the_hub_s_own_users_run_nothing_without_a_key(guarded: Guarded, demo: Demo) -> None:
    """Who stole an admin's password, or the hub itself, still has no key."""
    async with aiohttp.ClientSession(demo.facts["url"]) as http:
        who = {"username": demo.facts["username"], "password": demo.facts["password"]}
        async with http.post("/api/v1/auth/login", json=who) as answer:
            token = (await answer.json())["access_token"]
        order = {"server_id": guarded.server_id, "command": "echo never"}
        headers = {"Authorization": f"Bearer {token}"}
        async with http.post("/api/v1/commands/", json=order, headers=headers) as answer:
            assert answer.status == 403
            assert (await answer.json())["code"] == "not_allowed"


async def test_a_shell_opens_with_a_signature_only(guarded: Guarded) -> None:
    async with in_terminal("shell", guarded.server_id) as refused:
        await refused.shows(b"only what is signed")
        assert await refused.ends() == 1
    async with in_terminal("shell", guarded.server_id, "--signing-key", guarded.key) as shell:
        shell.type(b"echo op''en; exit 3\r")
        await shell.shows(b"open")
        assert await shell.ends() == 3
