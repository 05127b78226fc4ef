"""A small hub that speaks the contract with a made-up fleet (`served_fleet` shows it)."""

import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from aiohttp import WSCloseCode, web

from chatops_wire.client import (
    Authenticated,
    AuthToken,
    ClientError,
    EventMessage,
    Fleet,
    FleetUpdate,
    MetricsEvent,
    Ping,
    Pong,
    Result,
    Subscribe,
    Unsubscribe,
)
from chatops_wire.client_terminals import CloseTerminal, ListTerminals
from chatops_wire.codec import encode, from_client
from chatops_wire.codes import CloseCode, ErrorCode
from chatops_wire.rest import (
    ApiKeyCreate,
    ApiKeyCreated,
    EventView,
    History,
    Login,
    Page,
    RefreshToken,
    Series,
    ServerCreate,
    ServerPatch,
    ServerView,
    Tokens,
    UserView,
)
from chatops_wire.times import format_ms, parse_ms
from tests.tui.screens import synthetic
from tests.tui.screens.access_double import AccessDouble
from tests.tui.screens.alert_double import AlertDouble
from tests.tui.screens.audit_double import AuditDouble
from tests.tui.screens.command_double import CommandDouble
from tests.tui.screens.docker_double import DockerDouble
from tests.tui.screens.enrol_double import EnrolDouble
from tests.tui.screens.json_answers import answer, problem, read
from tests.tui.screens.log_double import LogDouble
from tests.tui.screens.past_double import moment_of
from tests.tui.screens.policy_double import PolicyDouble
from tests.tui.screens.shell_double import ShellDouble
from tests.tui.screens.synthetic import FLEET, Machine

USER = UserView(id="u1", username="admin", role="admin")
PASSWORD = "secret-password"  # noqa: S105 - the double's only password
KEY = "chops_abcdefghij_" + "k" * 52 + "_01234567"

Topic = tuple[str, str | None]
"""A topic, and the server or the command it is about."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(eq=False)
class Client:
    """One connected terminal and what it asked for."""

    ws: web.WebSocketResponse
    topics: set[Topic] = field(default_factory=set)


class HubDouble:
    """The fleet, who is connected, and what shall go wrong."""

    def __init__(
        self, machines: tuple[Machine, ...] = FLEET, now_ms: Callable[[], int] | None = None
    ) -> None:
        self.machines = {machine.id: machine for machine in machines}
        self.now_ms = now_ms or (lambda: int(time.time() * 1000))
        self.clients: set[Client] = set()
        self.logins = 0
        self.refuse_login: tuple[int, ErrorCode] | None = None
        self.access = AccessDouble()
        self.enrolling = EnrolDouble()
        self.keys_made: list[ApiKeyCreate] = []
        self.otp = ""
        """The code a login needs; empty: none."""
        self.accepts_tokens = True
        self.refuses_keys = False
        self.presented: list[str] = []
        """The tokens of the feeds, in the order they came."""
        self.latest_asked: list[str] = []
        self.histories: list[tuple[str, int]] = []
        self.moments: list[tuple[str, int]] = []
        """Those asked for, by server."""
        self.refuses_moments = False
        self.serial = 0
        self.commands = CommandDouble(self._send, answer, problem)
        self.logs = LogDouble(self._send, self.now_ms)
        self.docker = DockerDouble(self._send, self.now_ms)
        self.shells = ShellDouble(self.now_ms, problem)
        self.alerts = AlertDouble(self._send, self.now_ms)
        self.audit = AuditDouble()
        self.policy = PolicyDouble()
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        app = web.Application(middlewares=[self._guard])
        prefix = "/api/v1"
        app.add_routes(
            [
                web.post(f"{prefix}/auth/login", self._login),
                web.post(f"{prefix}/auth/refresh", self._refresh),
                web.post(f"{prefix}/auth/logout", self._no_content),
                web.get(f"{prefix}/auth/me", self._me),
                web.get(f"{prefix}/servers", self._servers),
                web.post(f"{prefix}/servers", self._create),
                web.patch(f"{prefix}/servers/{{id}}", self._patch),
                web.delete(f"{prefix}/servers/{{id}}", self._delete),
                web.post(f"{prefix}/api-keys", self._key),
                web.get(f"{prefix}/metrics/{{id}}/history", self._history),
                web.get(f"{prefix}/metrics/{{id}}/at", self._moment),
                web.get(f"{prefix}/metrics/{{id}}", self._latest),
                web.get(f"{prefix}/events", self._events),
                web.get(f"{prefix}/ws", self._socket),
                *self.commands.routes(),
                *self.docker.routes(),
                *self.shells.routes(),
                *self.alerts.routes(),
                *self.access.routes(),
                *self.enrolling.routes(),
                *self.audit.routes(),
                *self.policy.routes(),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port or self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away; `start` brings it back on the same port."""
        for client in list(self.clients):
            await client.ws.close(code=WSCloseCode.GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def tick(self) -> None:
        """Send what a hub sends in a second: one update of the fleet, one sample of each watched server."""
        now = self.now_ms()
        online = [machine for machine in self.machines.values() if machine.status == "online"]
        update = FleetUpdate(servers=tuple(synthetic.view(machine, now) for machine in online))
        await self._send(("fleet", None), update)
        for machine in online:
            await self._send(("metrics", machine.id), self._whole(machine, now))

    async def change(self, machine: Machine) -> None:
        """Put a machine in place of the one with its id and tell everybody."""
        self.machines[machine.id] = machine
        await self._send(("fleet", None), FleetUpdate(servers=(synthetic.view(machine, self.now_ms()),)))

    async def forget(self, machine_id: str) -> None:
        """Remove a machine and tell everybody."""
        self.machines.pop(machine_id)
        await self._send(("fleet", None), FleetUpdate(servers=(), removed=(machine_id,)))

    async def say(self, machine_id: str, message: str) -> None:
        """Add an entry to the timeline."""
        self.serial += 1
        event = EventView(
            id=f"e{self.serial}",
            ts=format_ms(self.now_ms()),
            kind="agent_connected",
            server_id=machine_id,
            user_id=None,
            message=message,
            data={},
        )
        await self._send(("events", None), EventMessage(event=event))

    async def end_sessions(self) -> None:
        """From now on every token is refused, and open connections are closed."""
        self.accepts_tokens = False
        for client in list(self.clients):
            await client.ws.close(code=CloseCode.UNAUTHORIZED)

    async def _send(self, topic: Topic, message: msgspec.Struct) -> None:
        frame = encode(message).decode()
        for client in list(self.clients):
            if topic in client.topics and not client.ws.closed:
                with contextlib.suppress(ConnectionError):
                    await client.ws.send_str(frame)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        is_open = request.path.endswith(("/auth/login", "/auth/refresh", "/ws"))
        if not is_open and not self.accepts_tokens:
            return problem(401, ErrorCode.UNAUTHORIZED)
        if "id" in request.match_info and request.match_info["id"] not in self.machines:
            return problem(404, ErrorCode.NOT_FOUND)
        return await handler(request)

    def _whole(self, machine: Machine, now_ms: int) -> MetricsEvent:
        sample = synthetic.whole(machine, now_ms)
        docker = self.docker
        return msgspec.structs.replace(
            sample, containers=docker.of(machine.id), engine=docker.engine(machine.id)
        )

    def _tokens(self) -> Tokens:
        self.serial += 1
        return Tokens(access_token=f"access-{self.serial}", refresh_token=f"refresh-{self.serial}")

    async def _login(self, request: web.Request) -> web.Response:
        self.logins += 1
        if self.refuse_login is not None:
            return problem(*self.refuse_login)
        body = await read(request, Login)
        if (body.username, body.password) != (USER.username, PASSWORD):
            return problem(401, ErrorCode.INVALID_CREDENTIALS)
        if self.otp and body.otp is None:
            return problem(401, ErrorCode.OTP_REQUIRED)
        if self.otp and body.otp != self.otp:
            return problem(401, ErrorCode.INVALID_CREDENTIALS)
        self.accepts_tokens = True
        return answer(self._tokens())

    async def _refresh(self, request: web.Request) -> web.Response:
        await read(request, RefreshToken)
        return answer(self._tokens()) if self.accepts_tokens else problem(401, ErrorCode.TOKEN_EXPIRED)

    async def _no_content(self, _request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _me(self, _request: web.Request) -> web.Response:
        return answer(USER)

    def _views(self, *, recent: bool = False) -> tuple[ServerView, ...]:
        now = self.now_ms()
        return tuple(synthetic.view(machine, now, recent=recent) for machine in self.machines.values())

    async def _servers(self, _request: web.Request) -> web.Response:
        return answer(Page(items=self._views(recent=True)))

    async def _create(self, request: web.Request) -> web.Response:
        body = await read(request, ServerCreate)
        if any(machine.name == body.name for machine in self.machines.values()):
            return problem(409, ErrorCode.CONFLICT, f"a server named {body.name} exists already")
        machine = Machine(body.name, body.tags, 5, 10, 10, status="never")
        await self.change(machine)
        return answer(synthetic.view(machine, self.now_ms()), status=201)

    async def _patch(self, request: web.Request) -> web.Response:
        body = await read(request, ServerPatch)
        old = self.machines[request.match_info["id"]]
        tags = old.tags if body.tags is msgspec.UNSET else body.tags
        if body.policy is not msgspec.UNSET:
            self.policy.narrowed = body.policy.allowed
            old = replace(old, policy=self.policy.summary, capabilities=self.policy.left)
        await self.change(replace(old, tags=tags))
        return answer(synthetic.view(self.machines[old.id], self.now_ms()))

    async def _delete(self, request: web.Request) -> web.Response:
        await self.forget(request.match_info["id"])
        return web.Response(status=204)

    async def _key(self, request: web.Request) -> web.Response:
        body = await read(request, ApiKeyCreate)
        if self.refuses_keys:
            return problem(500, ErrorCode.INTERNAL)
        self.keys_made.append(body)
        which: dict[str, Any] = {"id": "k1", "server_id": body.server_id, "name": body.name}
        made_at = format_ms(self.now_ms())
        key = ApiKeyCreated(
            **which, prefix=KEY[:16], created_at=made_at, last_used_at=None, active=True, key=KEY
        )
        return answer(key, status=201)

    async def _history(self, request: web.Request) -> web.Response:
        machine = self.machines[request.match_info["id"]]
        start, end = parse_ms(request.query["start"]), parse_ms(request.query["end"])
        self.histories.append((machine.id, end - start))
        step_ms = max(5000, -(-(end - start) // int(request.query.get("points", "300")) // 1000) * 1000)
        series = tuple(
            Series(metric=name, unit="percent", points=synthetic.points(machine, name, start, end, step_ms))
            for name in request.query.getall("metric")
        )
        return answer(
            History(
                server_id=machine.id,
                start=request.query["start"],
                end=request.query["end"],
                step_s=step_ms / 1000,
                tier="raw",
                series=series,
            )
        )

    async def _moment(self, request: web.Request) -> web.Response:
        machine, ts_ms = self.machines[request.match_info["id"]], int(request.query["ts"])
        self.moments.append((machine.id, ts_ms))
        if self.refuses_moments:
            return problem(404, ErrorCode.NO_METRICS)
        alerts = tuple(self.alerts.all.values())
        return answer(moment_of(machine, ts_ms, self.docker.of(machine.id), alerts))

    async def _latest(self, request: web.Request) -> web.Response:
        machine = self.machines[request.match_info["id"]]
        self.latest_asked.append(machine.id)
        if machine.status == "never":
            return problem(404, ErrorCode.NO_METRICS)
        return answer(synthetic.whole(machine, self.now_ms()))

    async def _events(self, request: web.Request) -> web.Response:
        now = self.now_ms()
        told = (
            ("agent_disconnected", "agent disconnected", 4000),
            ("agent_connected", "agent connected", 90),
        )
        items = tuple(
            EventView(
                id=f"old{n}",
                ts=format_ms(now - ago_s * 1000),
                kind=kind,
                server_id=request.query.get("server_id"),
                user_id=None,
                message=message,
                data={},
            )
            for n, (kind, message, ago_s) in enumerate(reversed(told))
        )
        return answer(Page(items=items))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        client = Client(ws)
        decoder = from_client()
        try:
            async for frame in ws:
                await self._handle(client, decoder.decode(frame.data))
        finally:
            self.clients.discard(client)
        return ws

    async def _handle(self, client: Client, message: object) -> None:
        match message:
            case AuthToken():
                self.presented.append(message.token)
                if not self.accepts_tokens:
                    await client.ws.close(code=CloseCode.UNAUTHORIZED)
                    return
                self.clients.add(client)
                await client.ws.send_str(encode(Authenticated(user=USER)).decode())
            case Subscribe() if message.command_id in self.commands.forgotten:
                refusal = ClientError(id=message.id, code=ErrorCode.NOT_FOUND, message="no such command")
                await client.ws.send_str(encode(refusal).decode())
            case Subscribe():
                client.topics.add(topic_of(message))
                await client.ws.send_str(encode(Result(id=message.id)).decode())
                await self._welcome(client, message)
            case Unsubscribe():
                client.topics.discard(topic_of(message))
                await client.ws.send_str(encode(Result(id=message.id)).decode())
            case ListTerminals() | CloseTerminal():
                await client.ws.send_str(self.shells.answer(message).decode())
            case Ping():
                await client.ws.send_str(encode(Pong(id=message.id)).decode())
            case _:
                raise AssertionError(message)

    async def _welcome(self, client: Client, message: Subscribe) -> None:
        if message.topic == "fleet":
            await client.ws.send_str(encode(Fleet(servers=self._views(recent=True))).decode())
        if message.command_id is not None:
            for told in self.commands.told(message.command_id):
                await client.ws.send_str(encode(told).decode())
        machine = self.machines.get(message.server_id or "")
        if message.topic == "metrics" and machine is not None and machine.status == "online":
            await client.ws.send_str(encode(self._whole(machine, self.now_ms())).decode())


def topic_of(message: Subscribe | Unsubscribe) -> Topic:
    if message.source is not None:
        return message.topic, message.source.path or message.source.unit or message.source.container
    return message.topic, message.command_id or message.server_id
