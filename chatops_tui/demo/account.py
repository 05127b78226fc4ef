"""What the demo needs of its hub: a session, this machine as a server, a key for its agent, a sample."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from chatops_tui.client.connect import Hub
from chatops_tui.client.conversation import FeedEvent
from chatops_tui.client.errors import InvalidCredentialsError
from chatops_tui.client.interests import FLEET, Interest, metrics
from chatops_tui.demo.errors import DemoError
from chatops_tui.demo.home import Home
from chatops_wire.client import Fleet, FleetUpdate, MetricsEvent
from chatops_wire.keys import parse
from chatops_wire.rest import ServerView
from chatops_wire.times import parse_ms


@dataclass(frozen=True, slots=True)
class Account:
    """This machine at the hub; `is_new`: its key was made just now."""

    server_id: str
    is_new: bool


async def sign_in(hub: Hub, username: str, home: Home) -> None:
    """Sign in as the admin the hub made at its first start.

    Raises:
        DemoError: Its password is another one by now.
        HubError: As `Session.login`.
    """
    try:
        await hub.session.login(username, home.password())
    except InvalidCredentialsError as exc:
        fault = f"{home.folder} no longer knows the admin's password"
        raise DemoError(f"{fault}; remove the folder to begin anew") from exc


async def account(hub: Hub, home: Home) -> Account:
    """Return this machine's server, made and remembered unless it is there with a key that still works."""
    server_id = await _server_id(hub, home.server_id())
    if await _is_valid(hub, server_id, home.key()):
        return Account(server_id, is_new=False)
    created = await hub.rest.create_api_key(server_id, "demo")
    home.remember(server_id, created.key)
    return Account(server_id, is_new=True)


async def agent_online(hub: Hub, server_id: str) -> None:
    """Return once the server's agent is connected. Cancelling is safe."""

    def is_online(event: FeedEvent) -> bool:
        match event:
            case Fleet() | FleetUpdate():
                return any(view.id == server_id and view.status == "online" for view in event.servers)
            case _:
                return False

    await _told(hub, {FLEET}, is_online)


async def first_sample(hub: Hub, server_id: str, since_ms: int) -> None:
    """Return once the server has a sample of `since_ms` (Unix ms) or later. Cancelling is safe."""

    def is_fresh(event: FeedEvent) -> bool:
        match event:
            case MetricsEvent():
                return event.server_id == server_id
            case Fleet() | FleetUpdate():
                return any(view.id == server_id and _is_live(view, since_ms) for view in event.servers)
            case _:
                return False

    await _told(hub, {FLEET, metrics(server_id)}, is_fresh)


async def _told(hub: Hub, interests: set[Interest], is_it: Callable[[FeedEvent], bool]) -> None:
    """Return once the feed has delivered what is waited for."""
    told = asyncio.Event()

    def deliver(event: FeedEvent) -> None:
        if is_it(event):
            told.set()

    hub.feed.set_interests(interests)
    async with asyncio.TaskGroup() as tasks:
        feed = tasks.create_task(hub.feed.run(deliver), name="demo-feed")
        await told.wait()
        feed.cancel()


async def _server_id(hub: Hub, remembered: str) -> str:
    name = _host_name()
    known = {view.id: view.name for view in await hub.rest.servers()}
    if remembered in known:
        return remembered
    # A first start that was killed half-way has left it without having noted it.
    namesakes = [server_id for server_id, known_name in known.items() if known_name == name]
    return namesakes[0] if namesakes else (await hub.rest.create_server(name, ["demo"])).id


async def _is_valid(hub: Hub, server_id: str, key: str) -> bool:
    ours = parse(key)
    keys = await hub.rest.api_keys(server_id)
    return ours is not None and any(known.active and known.prefix == ours.prefix for known in keys)


def _is_live(view: ServerView, since_ms: int) -> bool:
    return view.status == "online" and view.latest is not None and parse_ms(view.latest.timestamp) >= since_ms


def _host_name() -> str:
    return socket.gethostname().split(".", 1)[0] or "localhost"
