"""Public keys by which a user comes in over ssh: whose they are, and what is none."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chatops_server.services.ssh_keys import MOST_KEYS, fingerprint
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, Asker


def public_line() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


async def test_a_key_is_added_listed_and_taken_back(asker: Asker) -> None:
    line = public_line()
    made = await asker.post(
        "/auth/ssh-keys", {"public_key": f"{line} alice@laptop\n", "password": ADMIN_PASSWORD}
    )
    assert made.status == 201
    blob = base64.b64decode(line.split()[1])
    assert (made.body["name"], made.body["public_key"]) == ("alice@laptop", line)
    assert made.body["fingerprint"] == fingerprint(blob)
    assert made.body["last_used_at"] is None
    again = await asker.post("/auth/ssh-keys", {"public_key": line, "password": ADMIN_PASSWORD})
    assert (again.status, again.code) == (409, "conflict")
    assert [key["id"] for key in (await asker.get("/auth/ssh-keys")).body["items"]] == [made.body["id"]]
    assert (await asker.delete(f"/auth/ssh-keys/{made.body['id']}")).status == 204
    assert (await asker.get("/auth/ssh-keys")).body["items"] == []
    audited = [entry["action"] for entry in (await asker.get("/audit")).body["items"]]
    assert {"ssh_key.create", "ssh_key.delete"} <= set(audited)


async def test_a_key_is_its_users_alone(asker: Asker) -> None:
    line = public_line()
    made = await asker.post("/auth/ssh-keys", {"public_key": line, "password": ADMIN_PASSWORD})
    user_id, token = await asker.user("bob", "viewer")
    assert (await asker.get("/auth/ssh-keys", token=token)).body["items"] == []
    assert (await asker.delete(f"/auth/ssh-keys/{made.body['id']}", token=token)).status == 404
    # Two people may share a machine, and so a key.
    assert (
        await asker.post("/auth/ssh-keys", {"public_key": line, "password": "bob-password"}, token=token)
    ).status == 201
    keys, blob = asker.running.hub.ssh_keys, base64.b64decode(line.split()[1])
    found = await keys.holder("bob", blob)
    assert found is not None
    assert found.id == user_id
    assert await keys.holder("nobody", blob) is None
    await asker.patch(f"/users/{user_id}", {"active": False})
    assert await keys.holder("bob", blob) is None


@pytest.mark.parametrize(
    "text",
    [
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjE=",
        "ssh-dss AAAAB3NzaC1kc3MAAACBAA==",
        "no key at all",
        "ssh-ed25519 \u00e9",
    ],
)
async def test_what_is_no_key_is_refused(asker: Asker, text: str) -> None:
    answer = await asker.post("/auth/ssh-keys", {"public_key": text, "password": ADMIN_PASSWORD})
    assert (answer.status, answer.body["detail"][:11]) == (400, "public_key:")


async def test_a_weak_key_is_refused(asker: Asker) -> None:
    weak = generate_private_key(65537, 1024).public_key()  # noqa: S505 - what is refused
    line = weak.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    answer = await asker.post("/auth/ssh-keys", {"public_key": line, "password": ADMIN_PASSWORD})
    assert (answer.status, "2048" in answer.body["detail"]) == (400, True)


async def test_keys_are_bounded(asker: Asker) -> None:
    for _ in range(MOST_KEYS):
        assert (
            await asker.post("/auth/ssh-keys", {"public_key": public_line(), "password": ADMIN_PASSWORD})
        ).status == 201
    assert (
        await asker.post("/auth/ssh-keys", {"public_key": public_line(), "password": ADMIN_PASSWORD})
    ).status == 409


async def test_a_token_alone_makes_no_way_in(asker: Asker) -> None:
    for password, named in (("wrong", "password: "), (None, "password: ")):
        body = {"public_key": public_line()} | ({} if password is None else {"password": password})
        answer = await asker.post("/auth/ssh-keys", body)
        assert (answer.status, answer.body["detail"][: len(named)]) == (400, named)
    assert (await asker.get("/auth/ssh-keys")).body["items"] == []
