"""Stands in for a hub with more machines than the machine that measures could simulate beside the UI.

`python -m bench.fleet_double --servers 5000` speaks the client's protocol: a session for anybody, the fleet,
and each second new samples of a fifth of it, as agents at 5 s send them; of a watched server one each second.
The updates are made beforehand, only their time is new, so that it takes next to nothing from the UI.
"""

import argparse
import asyncio
import contextlib
import itertools
import sys
import time
from typing import Final

import msgspec
from aiohttp import web

from bench.machines import Machine, fleet
from chatops_wire.client import (
    Authenticated,
    AuthToken,
    Fleet,
    FleetUpdate,
    MetricsEvent,
    Ping,
    Pong,
    Result,
    Subscribe,
    Unsubscribe,
)
from chatops_wire.codec import encode, from_client
from chatops_wire.rest import History, LatestView, Page, ServerView, Tokens, UserView
from chatops_wire.times import format_ms

_USER: Final = UserView(id="usr_double", username="admin", role="admin")
_PARTS: Final = 5
"""Agents at 5 s: so many updates until each has sent."""
_VARIANTS: Final = 4
_THEN: Final = "2001-01-01T00:00:00.000Z"
"""Stands in what was made beforehand where the time of sending belongs."""
_POINTS: Final = tuple(range(10, 70))


class FleetDouble:
    """One fleet, and whoever looks at it."""

    def __init__(self, machines: tuple[Machine, ...]) -> None:
        """Make what will be sent."""
        self._machines = {_id(machine): machine for machine in machines}
        self._fleet = encode(Fleet(servers=tuple(_view(one, 0, recent=True) for one in machines)))
        self._updates = [
            encode(FleetUpdate(servers=tuple(_view(one, variant) for one in machines[part::_PARTS])))
            for variant in range(_VARIANTS)
            for part in range(_PARTS)
        ]
        self._listeners: dict[web.WebSocketResponse, set[str]] = {}

    def app(self) -> web.Application:
        """Return it as a program to serve."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/api/v1/auth/{way}", self._session),
                web.get("/api/v1/auth/me", self._me),
                web.get("/api/v1/metrics/{id}/history", self._history),
                web.get("/api/v1/ws", self._socket),
                web.get("/api/v1/{rest:.*}", self._nothing),
            ]
        )
        return app

    async def run(self) -> None:
        """Tell everybody what is new, each second, until cancelled."""
        for update in itertools.cycle(self._updates):
            now_ms = time.time_ns() // 1_000_000
            frame = _now(update, now_ms)
            for ws, watched in list(self._listeners.items()):
                with contextlib.suppress(ConnectionError):
                    await ws.send_str(frame)
                    for server_id in watched:
                        await ws.send_str(encode(self._sample(server_id, now_ms)).decode())
            await asyncio.sleep(1 - time.time() % 1)

    def _sample(self, server_id: str, now_ms: int) -> MetricsEvent:
        sample = self._machines[server_id].sample(1, now_ms)
        return MetricsEvent(**{**msgspec.structs.asdict(sample), "server_id": server_id, "seq": 1})

    async def _session(self, _request: web.Request) -> web.Response:
        return _answer(Tokens(access_token="double", refresh_token="double"))  # noqa: S106 - of nobody

    async def _me(self, _request: web.Request) -> web.Response:
        return _answer(_USER)

    async def _history(self, request: web.Request) -> web.Response:
        start, end = request.query["start"], request.query["end"]
        server_id = request.match_info["id"]
        return _answer(History(server_id=server_id, start=start, end=end, step_s=5.0, tier="raw", series=()))

    async def _nothing(self, _request: web.Request) -> web.Response:
        return _answer(Page[ServerView](items=()))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        decoder = from_client()
        async for frame in ws:
            await self._hear(ws, decoder.decode(frame.data))
        self._listeners.pop(ws, None)
        return ws

    async def _hear(self, ws: web.WebSocketResponse, message: object) -> None:
        match message:
            case AuthToken():
                await ws.send_str(encode(Authenticated(user=_USER)).decode())
            case Ping():
                await ws.send_str(encode(Pong(id=message.id)).decode())
            case Subscribe() | Unsubscribe():
                await ws.send_str(encode(Result(id=message.id)).decode())
                await self._take(ws, message)
            case _:
                pass

    async def _take(self, ws: web.WebSocketResponse, wish: Subscribe | Unsubscribe) -> None:
        if wish.topic == "fleet" and isinstance(wish, Subscribe):
            await ws.send_str(_now(self._fleet, time.time_ns() // 1_000_000))
            self._listeners[ws] = set()
        elif wish.topic == "metrics" and wish.server_id in self._machines:
            watched = self._listeners.setdefault(ws, set())
            if isinstance(wish, Subscribe):
                watched.add(wish.server_id)
            else:
                watched.discard(wish.server_id)


def _id(machine: Machine) -> str:
    return f"srv_{machine.name}"


def _view(machine: Machine, variant: int, *, recent: bool = False) -> ServerView:
    sample = machine.sample(1, 1_700_000_000_000 + variant * 40_000)
    known = msgspec.structs.asdict(sample)
    parts = {name: known[name] for name in LatestView.__struct_fields__ if name in known}
    return ServerView(
        id=_id(machine),
        name=machine.name,
        tags=machine.kind.tags,
        status="online",
        last_seen=_THEN,
        owner_id=_USER.id,
        capabilities=("commands", "terminal", "docker", "logs"),
        host=machine.info,
        latest=LatestView(**{**parts, "timestamp": _THEN}),
        created_at=format_ms(1_700_000_000_000),
        role="admin",
        cpu_recent=_POINTS if recent else msgspec.UNSET,
    )


def _now(frame: bytes, now_ms: int) -> str:
    return frame.replace(_THEN.encode(), format_ms(now_ms).encode()).decode()


def _answer(content: msgspec.Struct) -> web.Response:
    return web.Response(body=encode(content), content_type="application/json")


async def _serve(servers: int) -> None:
    double = FleetDouble(fleet(servers))
    runner = web.AppRunner(double.app(), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"double: listening on http://127.0.0.1:{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await double.run()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.fleet_double", description=__doc__)
    parser.add_argument("--servers", type=int, default=5000, metavar="N")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args().servers))


if __name__ == "__main__":
    main()
