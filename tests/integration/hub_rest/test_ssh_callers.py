"""Who an ssh connection is: whoever proved it, once, whatever comes after."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import asyncssh
import pytest

from chatops_server.ssh.server import MOST_NOBODIES_OF_ONE, MOST_OF_ONE, Caller, Doorway, listening
from chatops_server.ssh.visits import HubAt, Visits
from tests.deadlines import eventually
from tests.integration.hub_rest.conftest import ADMIN_PASSWORD, Asker


@pytest.fixture
def doorway(asker: Asker, tmp_path: Path) -> Doorway:
    hub = asker.running.hub
    return Doorway(hub.ssh_keys, Visits(hub.accounts, HubAt("http://127.0.0.1:1"), tmp_path / "ui"))


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    yield
    asyncssh.set_log_level("NOTSET")


async def key_of(asker: Asker, token: str | None = "") -> asyncssh.SSHKey:
    """Return a key by which the user of the token comes in."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    line = key.export_public_key().decode()
    body = {"public_key": line, "password": "mallory-password" if token else ADMIN_PASSWORD}
    assert (await asker.post("/auth/ssh-keys", body, token=token)).status == 201
    return key


async def test_who_has_proved_to_be_somebody_stays_that(asker: Asker, doorway: Doorway) -> None:
    user_id, token = await asker.user("mallory", "viewer")
    hers, admins = await key_of(asker, token), await key_of(asker)
    caller = Caller(doorway, set())
    assert await caller.validate_public_key("mallory", hers)
    caller.auth_completed()
    # What asyncssh may still ask of a request that was sent right behind the proof.
    assert not await caller.validate_public_key("admin", admins)
    caller.auth_completed()
    assert caller.user is not None
    assert caller.user.id == user_id
    found = await caller.holder()
    assert found is not None
    assert found.id == user_id


async def test_a_key_that_was_only_looked_at_proves_nothing(asker: Asker, doorway: Doorway) -> None:
    _, token = await asker.user("mallory", "viewer")
    admins, hers = await key_of(asker), await key_of(asker, token)
    caller = Caller(doorway, set())
    assert await caller.validate_public_key("admin", admins)
    assert not await caller.validate_public_key("admin", hers)
    caller.auth_completed()
    assert caller.user is None
    assert await caller.holder() is None


async def test_a_key_that_is_taken_back_opens_nothing_on_an_old_connection(
    asker: Asker, doorway: Doorway, tmp_path: Path
) -> None:
    key = await key_of(asker)
    async with listening(doorway, "127.0.0.1", 0, tmp_path) as port, await come_in(port, key) as line:
        [known] = (await asker.get("/auth/ssh-keys")).body["items"]
        assert (await asker.delete(f"/auth/ssh-keys/{known['id']}")).status == 204
        ran = await line.run(term_type="xterm", stdin=asyncssh.DEVNULL)
        assert ran.exit_status == 1
        assert "lets nobody in" in f"{ran.stderr!s}{ran.stdout!s}"


async def test_connections_without_a_key_leave_room_for_others(
    asker: Asker, doorway: Doorway, tmp_path: Path
) -> None:
    key = await key_of(asker)
    async with listening(doorway, "127.0.0.1", 0, tmp_path) as port, AsyncExitStack() as held:
        for _ in range(MOST_NOBODIES_OF_ONE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            held.push_async_callback(writer.wait_closed)
            held.callback(writer.close)
            assert (await reader.readline()).startswith(b"SSH-2.0-ChatOps")
        with pytest.raises((asyncssh.Error, OSError)):
            await come_in(port, key)
        await held.aclose()

        async def is_in() -> bool:
            try:
                (await come_in(port, key)).abort()
            except (asyncssh.Error, OSError):
                return False
            return True

        await eventually(is_in)


async def test_one_user_does_not_take_all_connections(asker: Asker, doorway: Doorway, tmp_path: Path) -> None:
    key = await key_of(asker)
    async with listening(doorway, "127.0.0.1", 0, tmp_path) as port, AsyncExitStack() as held:
        for _ in range(MOST_OF_ONE):
            held.callback((await come_in(port, key)).abort)
        # Let in, and put out.
        await (await come_in(port, key)).wait_closed()


async def come_in(port: int, key: asyncssh.SSHKey) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        "127.0.0.1",
        port,
        username="admin",
        client_keys=[key],
        known_hosts=None,
        agent_path=None,
        config=None,
    )
