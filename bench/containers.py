"""Containers through hub and agent: the list, how soon a change is seen, and how fast a log comes.

A real engine with 30 idle containers, a real agent and hub, and one client on this machine; beside them the
engine's own answers. Needs root, dockerd and a static busybox. Linux only.
"""

import argparse
import asyncio
import contextlib
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp
import msgspec

from bench.docker_engine import DockerEngine, obstacle
from bench.figures import Figure, progress, publish
from bench.programs import listening, new_server, post, running
from chatops_wire.client import AuthToken, ContainerMessage, LogLines, Subscribe
from chatops_wire.codec import encode, to_client
from chatops_wire.streams import LogSource

Socket = aiohttp.ClientWebSocketResponse[Literal[True]]

# The project's bars (docs/performance.md).
LIST_BAR_MS: Final = 20.0
CHANGE_BAR_MS: Final = 1000.0
LINES_BAR: Final = 50_000.0
COUNT: Final = 30
TURNS: Final = 100
CHANGES: Final = 40
LINES: Final = 300_000
_KNOWN_WITHIN_S: Final = 60.0
_WRITER: Final = "writer"
_LINE: Final = "a line of a log that is about as long as the lines of logs are"


@dataclass(frozen=True, slots=True)
class Place:
    """A hub with one agent, and the engine that looks after."""

    url: str
    token: str
    server_id: str
    engine: DockerEngine


def main() -> None:
    """Measure and publish."""
    argparse.ArgumentParser(prog="python -m bench.containers", description=__doc__).parse_args()
    reason = obstacle()
    if reason:
        progress(reason)
        sys.exit(1)
    with _engine() as engine, _place(engine) as place:
        publish(asyncio.run(_measured(place)))


@contextlib.contextmanager
def _engine() -> Iterator[DockerEngine]:
    # Not the usual folder: the path of a socket has 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="cbe"))
    engine = DockerEngine(folder)
    try:
        progress(f"an engine with {COUNT} containers")
        engine.start()
        engine.import_image()
        for number in range(COUNT):
            engine.run(f"idle-{number}", "sleep", "100000")
        yield engine
        engine.clear()
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _place(engine: DockerEngine) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        password = secrets.token_urlsafe()
        hub = ("chatops_server", "run", "--port", "0", "--data-dir", f"{folder}/hub")
        with listening(hub, {"CHATOPS_ADMIN_PASSWORD": password}) as (url, _pid):
            token = post(url, "/auth/login", {"username": "admin", "password": password})["access_token"]
            server_id, key = new_server(url, token, "bench")
            agent = ("chatops_agent", "run", "--url", url, "--data-dir", f"{folder}/agent", "--allow", "all")
            with running((*agent, "--docker-host", engine.host), {"CHATOPS_API_KEY": key}):
                yield Place(url, token, server_id, engine)


async def _measured(place: Place) -> list[Figure]:
    connector = aiohttp.UnixConnector(str(place.engine.socket))
    async with (
        aiohttp.ClientSession(place.url, headers={"Authorization": f"Bearer {place.token}"}) as hub,
        aiohttp.ClientSession("http://engine", connector=connector) as own,
    ):
        await _until_known(hub, place)
        return [
            *await _list(hub, own, place),
            *await _changes(hub, own, place),
            *await _log(hub, place),
        ]


async def _list(hub: aiohttp.ClientSession, own: aiohttp.ClientSession, place: Place) -> list[Figure]:
    progress("the list")

    async def ours() -> int:
        return len(await _items(hub, place))

    async def engines() -> int:
        async with own.get("/containers/json", params={"all": "1"}) as answer:
            return len(await answer.json())

    by_engine, by_hub = await _median_ms(engines), await _median_ms(ours)
    return [
        Figure(name=f"list of {COUNT} containers, the engine's own", value=by_engine, unit="ms"),
        Figure(name="the same through the hub", value=by_hub, unit="ms"),
        Figure(name="above the engine's own", value=max(0.0, by_hub - by_engine), unit="ms", bar=LIST_BAR_MS),
    ]


async def _median_ms(ask: Callable[[], Awaitable[int]]) -> float:
    took = []
    for _ in range(TURNS):
        began = time.perf_counter()
        if await ask() != COUNT:
            raise RuntimeError("the list does not hold every container")
        took.append(time.perf_counter() - began)
    return sorted(took)[TURNS // 2] * 1000


async def _changes(hub: aiohttp.ClientSession, own: aiohttp.ClientSession, place: Place) -> list[Figure]:
    progress("changes behind the hub's back")
    took = []
    async with hub.ws_connect("/api/v1/ws") as ws:
        await _subscribe(ws, place, Subscribe(id=1, topic="containers"))
        for number in range(CHANGES):
            action, state = ("pause", "paused") if number % 2 == 0 else ("unpause", "running")
            began = time.perf_counter()
            async with own.post(f"/containers/idle-0/{action}") as answer:
                answer.raise_for_status()
            while (await _next(ws, ContainerMessage)).container.state != state:
                pass
            took.append((time.perf_counter() - began) * 1000)
    return [
        Figure(name="change behind our back to client, median", value=sorted(took)[CHANGES // 2], unit="ms"),
        Figure(name="the same, slowest", value=max(took), unit="ms", bar=CHANGE_BAR_MS),
    ]


async def _log(hub: aiohttp.ClientSession, place: Place) -> list[Figure]:
    progress(f"a log of {LINES:,} lines")
    script = f"sleep 3; yes '{_LINE}' | head -n {LINES}; sleep 100000"
    await asyncio.to_thread(place.engine.run, _WRITER, "sh", "-c", script)
    lines, first, last = 0, 0.0, 0.0
    async with hub.ws_connect("/api/v1/ws", max_msg_size=0) as ws:
        source = LogSource(container=_WRITER, tail=10_000)
        await _subscribe(ws, place, Subscribe(id=1, topic="logs", server_id=place.server_id, source=source))
        while lines < LINES:
            message = await _next(ws, LogLines)
            last = time.perf_counter()
            first = first or last
            lines += len(message.lines)
    rate = lines / (last - first)
    return [Figure(name="log followed", value=rate, unit="lines/s", bar=LINES_BAR, bar_is="at least")]


async def _subscribe(ws: Socket, place: Place, request: Subscribe) -> None:
    for message in (AuthToken(token=place.token), request):
        await ws.send_str(encode(message).decode())
        answer = await ws.receive_json(loads=msgspec.json.decode)
        if answer["type"] not in ("auth_success", "result"):
            raise RuntimeError(f"the hub says {answer}")


async def _next(ws: Socket, kind: type[Any]) -> Any:  # noqa: ANN401 - a message of that kind
    while True:
        message = to_client().decode((await ws.receive()).data)
        if isinstance(message, kind):
            return message


async def _items(hub: aiohttp.ClientSession, place: Place) -> list[dict[str, Any]]:
    async with hub.get("/api/v1/docker/containers", params={"server_id": place.server_id}) as answer:
        return list(msgspec.json.decode(await answer.read())["items"])


async def _until_known(hub: aiohttp.ClientSession, place: Place) -> None:
    async with asyncio.timeout(_KNOWN_WITHIN_S):
        while True:
            if len(await _items(hub, place)) == COUNT:
                return
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    main()
