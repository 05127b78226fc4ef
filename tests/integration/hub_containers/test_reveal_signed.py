"""The values of a container's environment, asked for with an operator's signature."""

import asyncio
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import to_builtins

from chatops_agent.actions.signed import refused
from chatops_agent.signers import Clock, SignatureGate, Signers
from chatops_tui.signing.key_file import FileKey
from chatops_tui.signing.signer import Signer
from chatops_wire.codec import to_agent
from chatops_wire.containers import DockerCommand
from chatops_wire.signing import Request, Signature, docker_params, fingerprint
from tests.integration.hub_commands.conftest import Answer, Stage
from tests.integration.hub_containers.conftest import WEB, answered, audited, code, with_containers

INSPECT = {"Id": WEB["id"], "Name": "/web", "Config": {"Image": "nginx", "Env": ["PASSWORD=hunter2"]}}
NOW_MS = 1_760_000_000_000
KEY = Ed25519PrivateKey.generate()


async def signed(server_id: str, container: str) -> Signature:
    request = Request("docker", server_id, docker_params("inspect", container, {"reveal": True}))
    return await Signer(FileKey(KEY), lambda: NOW_MS).sign(request)


def gate(server_id: str) -> SignatureGate:
    raw = KEY.public_key().public_bytes_raw()
    return SignatureGate(Signers({fingerprint(raw): raw}), lambda: server_id, Clock(lambda: NOW_MS, 0))


async def revealed(stage: Stage, signature: Signature | None) -> tuple[DockerCommand, Answer]:
    agent = await with_containers(stage, WEB)
    body = {} if signature is None else {"signature": to_builtins(signature)}
    path = f"/docker/containers/web/reveal?server_id={stage.server_id}"
    asked = asyncio.create_task(stage.ask("POST", path, body))
    order: dict[str, Any] = await answered(agent, data=INSPECT)
    command = to_agent().decode(msgspec.json.encode(order).decode())
    assert isinstance(command, DockerCommand)
    return command, await asked


async def test_what_was_signed_reaches_the_agent_as_it_was_signed(stage: Stage) -> None:
    command, answer = await revealed(stage, await signed(stage.server_id, "web"))
    # By the name it was signed with; the machine lets it pass, once.
    door = gate(stage.server_id)
    assert refused(door, command) is None
    again = refused(door, command)
    assert again is not None
    assert again.code == "not_allowed"
    assert answer.body["Config"]["Env"] == ["PASSWORD=hunter2"]
    assert [entry[2] for entry in await audited(stage, "container.reveal")] == ["sent", "ok"]


@pytest.mark.parametrize("meant", ["another machine", "another container", "nothing signed"])
async def test_the_machine_refuses_what_was_signed_for_something_else(stage: Stage, meant: str) -> None:
    signature = None
    if meant != "nothing signed":
        server_id = "srv_other" if meant == "another machine" else stage.server_id
        signature = await signed(server_id, "db" if meant == "another container" else "web")
    command, _ = await revealed(stage, signature)
    closing = refused(gate(stage.server_id), command)
    assert closing is not None
    assert closing.code == "not_allowed"


async def test_it_is_for_admins(stage: Stage) -> None:
    await with_containers(stage, WEB)
    token = await stage.user("olga", "operator", "operator")
    path = f"/docker/containers/web/reveal?server_id={stage.server_id}"
    assert code(await stage.ask("POST", path, {}, token=token)) == (403, "forbidden")
