"""The client against the hub itself: what the double promises is what the hub does."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chatops_tui.client.connect import Hub, open_hub
from chatops_tui.client.conversation import FeedEvent, InterestRefused
from chatops_tui.client.errors import ConflictError, NotFoundError, SignInNeededError
from chatops_tui.client.http import HistoryQuery
from chatops_tui.client.interests import EVENTS, FLEET, metrics
from chatops_tui.client.link import LinkState
from chatops_tui.client.session_memory import SessionMemory
from chatops_wire.client import EventMessage, Fleet, FleetUpdate
from chatops_wire.rest import ServerPatch
from tests.deadlines import DEADLINE_S, eventually

ADMIN, PASSWORD = "admin", "a long password"


@asynccontextmanager
async def hub_process(data_dir: Path, port: int = 0) -> AsyncIterator[str]:
    """Yield the address of a hub that is listening."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chatops_server", "run", "--port", str(port), "--data-dir", str(data_dir)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"CHATOPS_ADMIN_PASSWORD": PASSWORD},
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(3 * DEADLINE_S):
            line = (await process.stdout.readline()).decode()
        yield line.removeprefix("chatops-server listening on ").strip()
    finally:
        process.terminate()
        async with asyncio.timeout(3 * DEADLINE_S):
            await process.wait()
            # The transport closes a moment after the process: wait for its pipe, or it warns.
            await process.stdout.read()


@pytest.fixture
async def real_hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A client signed in to a hub of its own."""
    async with hub_process(tmp_path / "hub") as url, open_hub(url, SessionMemory()) as hub:
        await hub.session.login(ADMIN, PASSWORD)
        yield hub


@asynccontextmanager
async def listening(hub: Hub, events: list[FeedEvent]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        feed = tasks.create_task(hub.feed.run(events.append))
        yield
        feed.cancel()


def of(kind: type[FeedEvent], events: list[FeedEvent]) -> list[FeedEvent]:
    return [event for event in events if isinstance(event, kind)]


def kinds(events: list[FeedEvent]) -> set[str]:
    return {state.kind for state in events if isinstance(state, LinkState)}


async def test_every_call_is_understood(real_hub: Hub) -> None:
    rest = real_hub.rest
    assert (await rest.me()).username == ADMIN
    created = await rest.create_server("db-1", ["prod"])
    with pytest.raises(ConflictError):
        await rest.create_server("db-1")
    changed = await rest.patch_server(created.id, ServerPatch(name="db-2", tags=()))
    assert (changed.name, changed.tags) == ("db-2", ())
    key = await rest.create_api_key(created.id, "agent")
    assert key.key.startswith(key.prefix)
    assert [known.id for known in await rest.api_keys(created.id)] == [key.id]
    assert [(server.id, server.name) for server in await rest.servers()] == [(created.id, "db-2")]
    with pytest.raises(NotFoundError) as caught:
        await rest.latest(created.id)
    assert caught.value.code == "no_metrics"
    history = await rest.history(HistoryQuery(created.id, ("cpu.percent",), 0, 60_000))
    assert history.series[0].points == ()
    assert await rest.events(limit=5)
    assert [user.username for user in await rest.users()] == [ADMIN]
    await rest.delete_server(created.id)
    assert await rest.servers() == ()


async def test_the_feed_tells_what_changes(real_hub: Hub) -> None:
    events: list[FeedEvent] = []
    real_hub.feed.set_interests({FLEET, EVENTS, metrics("srv_none")})
    async with listening(real_hub, events):
        await eventually(lambda: of(Fleet, events) and of(InterestRefused, events))
        created = await real_hub.rest.create_server("db-1")
        await eventually(lambda: of(FleetUpdate, events) and of(EventMessage, events), what=f"{events}")
        await eventually(lambda: any(event.rtt_ms for event in events if isinstance(event, LinkState)))

    update = of(FleetUpdate, events)[0]
    assert isinstance(update, FleetUpdate)
    assert [server.id for server in update.servers] == [created.id]
    assert [refused.code for refused in events if isinstance(refused, InterestRefused)] == ["not_found"]


async def test_the_feed_outlives_a_restart_of_the_hub(tmp_path: Path) -> None:
    """The session too: nobody signs in again."""
    events: list[FeedEvent] = []
    async with AsyncExitStack() as first_run:
        url = await first_run.enter_async_context(hub_process(tmp_path / "hub"))
        async with open_hub(url, SessionMemory()) as hub:
            await hub.session.login(ADMIN, PASSWORD)
            hub.feed.set_interests({FLEET})
            async with listening(hub, events):
                await eventually(lambda: of(Fleet, events))
                await first_run.aclose()
                await eventually(lambda: "reconnecting" in kinds(events))
                async with hub_process(tmp_path / "hub", urlsplit(url).port or 0):
                    hub.feed.reconnect_now()
                    await eventually(lambda: len(of(Fleet, events)) == 2, deadline_s=3 * DEADLINE_S)

    assert kinds(events) == {"connecting", "live", "reconnecting"}


async def test_a_session_is_renewed_and_ends_with_its_logout(real_hub: Hub) -> None:
    session = real_hub.session
    first = await session.token()
    second = await session.token(rejected=first)
    assert first != second
    assert (await real_hub.rest.me()).username == ADMIN
    spare = session.hand_over()
    await session.adopt(ADMIN, spare)
    await session.logout()
    await session.adopt(ADMIN, spare)
    with pytest.raises(SignInNeededError, match="the session has ended"):
        await session.token(rejected=spare.access_token)
