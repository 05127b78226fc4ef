"""A hub that was taken over asks a whole agent, in a process of its own, for everything it can think of.

Whatever it says, the marks it tries to leave on the machine are not there afterwards, every request is told
that it is not allowed, and the agent still does what its policy allows.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from chatops_tui.signing.key_file import FileKey, public_line
from chatops_tui.signing.signer import Signer
from chatops_wire.agent import Narrow
from chatops_wire.commands import Command, CommandAttach, CommandResponse
from chatops_wire.signing import Request, Signature, command_params, docker_params, terminal_params
from chatops_wire.streams import StreamData
from tests.docker_engine import DockerEngine
from tests.integration.agent.agent_process import AgentProcess
from tests.integration.agent.hub_double import HubDouble, serving
from tests.integration.agent_actions.hostile_side import Hostile

ECHO = "/bin/echo"
Start = Callable[..., Awaitable[Hostile]]


@pytest.fixture
async def double() -> AsyncIterator[HubDouble]:
    async with serving(HubDouble()) as served:
        yield served


@pytest.fixture
async def hostile(double: HubDouble, tmp_path: Path) -> AsyncIterator[Start]:
    """Start an agent with this policy, connected to a hub in the wrong hands."""
    started: list[AgentProcess] = []

    async def start(policy: str, **options: str) -> Hostile:
        path = tmp_path / "policy.toml"
        path.write_text(policy)
        path.chmod(0o644)
        started.append(await AgentProcess.start(double.url, policy=str(path), **options))
        return Hostile(await double.called(), started[-1], tmp_path / "mark")

    yield start
    for process in started:
        await process.end()


LISTED = f"""
allow = ["commands", "logs"]
[[command]]
run = ["{ECHO}", "still", "here"]
[[command]]
run = ["{ECHO}", {{ pattern = '[a-z.]+' }}]
[[command]]
run = ["/usr/bin/env", {{ pattern = '[^;]*' }}]
[logs]
paths = ["LOGS"]
units = ['nginx\\.service']
"""


async def test_no_command_beyond_the_list_is_run(hostile: Start, tmp_path: Path) -> None:
    hub = await hostile(LISTED.replace("LOGS", str(tmp_path)))
    mark = hub.mark
    texts = [
        f"touch {mark}",
        f"/bin/sh -c 'touch {mark}'",
        f"echo a; touch {mark}",
        f"echo a && touch {mark}",
        f"echo a || touch {mark}",
        f"echo a & touch {mark}",
        f"echo a | tee {mark}",
        f"echo a > {mark}",
        f"echo a\ntouch {mark}",
        f"echo a\r\ntouch {mark}",
        f"echo $(touch {mark})",
        f"echo `touch {mark}`",
        f"echo ${{IFS}}$(touch${{IFS}}{mark})",
        f"echo <(touch {mark})",
        f"X=$(touch {mark}) echo a",
        f"echo a # \n touch {mark}",
        f"echo 'a'\\''; touch {mark}",
        f"exec touch {mark}",
        f"eval touch {mark}",
        f"../../bin/touch {mark}",
        f"env --chdir=/ touch {mark}",
        f"env -S'touch {mark}'",
        "echo A",
        "echo --help",
        "echo " + "a" * 300_000,
        "echo 'a",
        "echo a b",
    ]
    for text in texts:
        answer = await hub.command(text)
        assert (answer.status, answer.code) == ("refused", "not_allowed"), text[:80]
    argvs: list[tuple[str, ...]] = [
        ("touch", str(mark)),
        ("/bin/sh", "-c", f"touch {mark}"),
        (ECHO, "a\n"),
        (ECHO, f"a;touch {mark}"),
        (ECHO, ""),
        (ECHO,),
        ("/usr/bin/env", "-Stouch"),
        ("/usr/bin/env", "a\nb"),
        ("/proc/self/exe", "a"),
        ("echo\n", "a"),
    ]
    for argv in argvs:
        answer = await hub.command(argv=argv)
        assert (answer.status, answer.code) == ("refused", "not_allowed"), argv
    await hub.did_nothing()


async def test_a_nul_is_refused_and_a_text_beside_argv_runs_nothing(hostile: Start, tmp_path: Path) -> None:
    hub = await hostile(LISTED.replace("LOGS", str(tmp_path)))
    for fields in ({"text": "echo a\0b"}, {"argv": (ECHO, "a\0")}, {"argv": (f"{ECHO}\0x", "a")}):
        answer = await hub.command(**fields)
        assert (answer.status, answer.code) == ("refused", "invalid_request"), fields
    done = await hub.command(f"touch {hub.mark}", argv=(ECHO, "a"))
    assert done.status == "succeeded"
    assert hub.output(done.command_id) == b"a\n"
    await hub.did_nothing()


async def test_a_listed_command_is_not_given_another_meaning(hostile: Start, tmp_path: Path) -> None:
    hub = await hostile(LISTED.replace("LOGS", str(tmp_path)))
    evil = tmp_path / "echo"
    evil.write_text(f"#!/bin/sh\ntouch {hub.mark}\n")
    evil.chmod(0o755)
    meanings: list[dict[str, Any]] = [
        {"env": {"PATH": str(tmp_path)}},
        {"env": {"LD_PRELOAD": str(tmp_path / "evil.so")}},
        {"env": {"BASH_ENV": str(evil), "ENV": str(evil)}},
        {"cwd": str(tmp_path)},
        {"stdin": f"touch {hub.mark}\n"},
        {"stdin_data": b"x"},
    ]
    for fields in meanings:
        answer = await hub.command("echo a", **fields)
        assert (answer.status, answer.code) == ("refused", "not_allowed"), fields
    # By its path, whatever lies elsewhere under its name.
    done = await hub.command("echo a")
    assert hub.output(done.command_id) == b"a\n"
    await hub.did_nothing()


async def test_nothing_else_is_opened_either(hostile: Start, tmp_path: Path) -> None:
    hub = await hostile(LISTED.replace("LOGS", str(tmp_path)))
    assert (await hub.terminal()).code == "not_allowed"
    assert (await hub.terminal(container="web")).code == "not_allowed"
    assert (await hub.terminal(attach=True)).code == "not_found"
    for action in ("start", "stop", "remove", "image_pull", "volume_prune", "project_stop", "rename"):
        assert (await hub.docker(action, "web")).code == "not_allowed", action
    await hub.call.say(CommandAttach(command_id="nobody", after_seq=0))
    assert (await hub.answered(CommandResponse, command_id="nobody")).status == "lost"
    await hub.did_nothing()


async def test_no_log_beyond_the_folders_and_units_is_read(hostile: Start, tmp_path: Path) -> None:
    logs, secret = tmp_path / "logs", tmp_path / "secret"
    logs.mkdir()
    secret.write_text("do not read me\n")
    (logs / "link").symlink_to(secret)
    (logs / "folder").symlink_to(tmp_path)
    hub = await hostile(LISTED.replace("LOGS", str(logs)))
    paths = [
        str(secret),
        f"{logs}/../secret",
        f"{logs}/./../secret",
        f"{logs}//../secret",
        f"{logs}/link",
        f"{logs}/folder/secret",
        str(logs),
        "/etc/shadow",
        "/proc/self/environ",
        f"/proc/self/root{secret}",
    ]
    for path in paths:
        assert (await hub.log(path=path)).code == "not_allowed", path
    assert (await hub.log(path="secret")).code == "invalid_request"
    assert (await hub.log(path=f"{logs}/a\0b")).code == "invalid_request"
    for unit in (
        "sshd.service",
        "nginx.service\n",
        "nginx.service --unit=sshd.service",
        "nginxXservice",
        "*",
    ):
        assert (await hub.log(unit=unit)).code == "not_allowed", unit
    assert (await hub.log(container="web")).code in {"unavailable", "not_found"}
    assert hub.call.of(StreamData) == []
    await hub.did_nothing()


async def test_what_is_no_message_changes_nothing(hostile: Start, tmp_path: Path) -> None:
    hub = await hostile(LISTED.replace("LOGS", str(tmp_path)))
    frames: list[object] = [
        {"type": "allow", "allowed": ["all"]},
        {"type": "narrow", "allowed": ["root"]},
        {"type": "narrow", "allowed": "all"},
        {"type": "configure", "interval_s": 1, "allow": ["terminal"]},
        {"type": "auth_success", "server_id": "s1", "message": "", "policy": {"allowed": ["terminal"]}},
        {"type": "command", "command_id": "x", "argv": "touch"},
        {"type": "command", "command_id": "y" * 500, "command": f"touch {hub.mark}"},
        {"type": "command", "command": f"touch {hub.mark}"},
        [],
        "command",
    ]
    for frame in frames:
        await hub.call.say(json.dumps(frame))
    # The hub may narrow, and lift what it narrowed; it never widens.
    await hub.call.say(Narrow(allowed=("docker", "commands", "terminal", "logs")))
    assert (await hub.terminal()).code == "not_allowed"
    await hub.call.say(Narrow(allowed=()))
    assert (await hub.command("echo still here")).code == "not_allowed"
    await hub.call.say(Narrow(allowed=None))
    assert (await hub.terminal()).code == "not_allowed"
    await hub.did_nothing()


# Signatures


@dataclass
class Operator:
    """Somebody with a key, whose requests a hub may have kept."""

    signer: Signer

    async def signs(self, order: Command, server_id: str = "s1", *, at_ms: int | None = None) -> Command:
        signer = self.signer if at_ms is None else Signer(self.signer.key, lambda: at_ms)
        request = Request("command", server_id, command_params(order))
        return replace(order, signature=await signer.sign(request))

    async def signs_other(self, action: Any, params: dict[str, Any]) -> Signature:  # noqa: ANN401 - an Action
        return await self.signer.sign(Request(action, "s1", params))


@asynccontextmanager
async def signing(start: Start, folder: Path, signed: str) -> AsyncIterator[tuple[Hostile, Operator]]:
    key = Ed25519PrivateKey.generate()
    signers = folder / "signers"
    signers.write_text(public_line(key, "operator") + "\n")
    signers.chmod(0o644)
    policy = f'allow = ["all"]\nauthorized_signers = "{signers}"\nsigned = {signed}\n'
    hub = await start(policy, docker_host="none")
    yield hub, Operator(Signer(FileKey(key), lambda: time.time_ns() // 1_000_000))


async def test_what_is_not_signed_for_this_machine_now_and_once_is_not_run(
    hostile: Start, tmp_path: Path
) -> None:
    async with signing(hostile, tmp_path, '["commands"]') as (hub, operator):
        touch = Command(command_id="c", command=f"touch {hub.mark}")
        now_ms = time.time_ns() // 1_000_000
        good = await operator.signs(Command(command_id="c", command="echo still here"))
        stranger = Operator(Signer(FileKey(Ed25519PrivateKey.generate()), lambda: now_ms))
        attempts = {
            "unsigned": touch,
            "of another request": replace(touch, signature=good.signature),
            "for another machine": await operator.signs(touch, "s2"),
            "for no machine": await operator.signs(touch, ""),
            "late": await operator.signs(touch, at_ms=now_ms - 600_000),
            "before the agent began": await operator.signs(touch, at_ms=now_ms - 100_000),
            "from the future": await operator.signs(touch, at_ms=now_ms + 600_000),
            "by a stranger": await stranger.signs(touch),
            "with more arguments": replace(
                await operator.signs(replace(touch, command="")), command=touch.command
            ),
            "with a variable": replace(await operator.signs(touch), env={"X": "1"}),
            "with input": replace(await operator.signs(touch), stdin="x"),
            "in another folder": replace(await operator.signs(touch), cwd="/"),
        }
        for name, order in attempts.items():
            answer = await hub.command(
                order.command, argv=order.argv, env=order.env, cwd=order.cwd, stdin=order.stdin,
                signature=order.signature,
            )  # fmt: skip
            assert (answer.status, answer.code) == ("refused", "not_allowed"), name
        once = await hub.command(good.command, signature=good.signature)
        assert once.status == "succeeded"
        again = await hub.command(good.command, signature=good.signature)
        assert (again.code, again.message) == ("not_allowed", "the signature has been used")
        assert not hub.mark.exists()


async def test_only_what_the_policy_names_need_be_signed(hostile: Start, tmp_path: Path) -> None:
    async with signing(hostile, tmp_path, '["terminal", "docker"]') as (hub, operator):
        # Commands are not among it.
        await hub.did_nothing()
        assert (await hub.terminal()).code == "not_allowed"
        assert (await hub.terminal(container="web")).code == "not_allowed"
        elsewhere = await operator.signs_other("terminal", terminal_params(None))
        assert (await hub.terminal(container="web", signature=elsewhere)).code == "not_allowed"
        assert (await hub.docker("stop", "web")).code == "not_allowed"
        other = await operator.signs_other("docker", docker_params("stop", "db", {}))
        assert (await hub.docker("stop", "web", signature=other)).code == "not_allowed"
        good = await operator.signs_other("docker", docker_params("stop", "web", {}))
        # Good, and there is no engine here.
        assert (await hub.docker("stop", "web", signature=good)).code == "docker_unavailable"
        assert (await hub.docker("stop", "web", signature=good)).message == "the signature has been used"
        reveal = {"reveal": True}
        assert (await hub.docker("inspect", "web", params=reveal)).code == "not_allowed"
        assert not hub.mark.exists()


# Containers


async def test_on_a_read_only_machine_no_container_is_changed_or_entered(
    hostile: Start, docker_engine: DockerEngine
) -> None:
    await asyncio.to_thread(docker_engine.run, "web-1", "sleep", "600")
    policy = f'allow = ["docker_read", "commands"]\n[[command]]\nrun = ["{ECHO}", "still", "here"]\n'
    hub = await hostile(policy, docker_host=docker_engine.host)
    assert (await hub.docker("inspect", "web-1")).success
    assert (await hub.docker("logs", "web-1")).success
    for action in (
        "stop", "kill", "restart", "pause", "remove", "rename", "image_remove", "image_prune", "volume_prune",
        "network_remove", "project_stop", "image_pull",
    ):  # fmt: skip
        assert (await hub.docker(action, "web-1", params={"force": True})).code == "not_allowed", action
    assert (await hub.docker("inspect", "web-1", params={"reveal": True})).code == "not_allowed"
    assert (await hub.docker("inspect", "../images/x")).code == "bad_request"
    assert (await hub.terminal(container="web-1")).code == "not_allowed"
    listed = (await hub.docker("list", "")).data["containers"]
    assert [(each["name"], each["state"]) for each in listed] == [("web-1", "running")]
    await hub.did_nothing()


async def test_containers_beyond_the_list_are_not_touched_by_whatever_name(
    hostile: Start, docker_engine: DockerEngine
) -> None:
    await asyncio.to_thread(docker_engine.run, "web-1", "sleep", "600")
    await asyncio.to_thread(docker_engine.run, "db", "sleep", "600")
    policy = (
        'allow = ["docker", "commands"]\n'
        f'[[command]]\nrun = ["{ECHO}", "still", "here"]\n'
        '[docker]\ncontainers = ["web-[0-9]+"]\n'
    )
    hub = await hostile(policy, docker_host=docker_engine.host)
    known = {each["name"]: each["id"] for each in (await hub.docker("list", "")).data["containers"]}
    for reference in ("db", known["db"], known["db"][:12]):
        for action in ("inspect", "top", "logs", "stop", "kill", "remove", "restart"):
            assert (await hub.docker(action, reference)).code == "not_allowed", (reference, action)
        assert (await hub.terminal(container=reference)).code == "not_allowed"
        assert (await hub.log(container=reference)).code == "not_allowed"
    # Nor is one given a name that stands on the list, or another's.
    assert (await hub.docker("rename", "db", params={"name": "web-2"})).code == "not_allowed"
    assert (await hub.docker("rename", "web-1", params={"name": "other"})).code == "not_allowed"
    assert (await hub.docker("inspect", "web-1")).success
    listed = (await hub.docker("list", "")).data["containers"]
    assert {(each["name"], each["state"]) for each in listed} == {("web-1", "running"), ("db", "running")}
    await hub.did_nothing()
