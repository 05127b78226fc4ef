"""The connection in this process, fed by the test instead of by samples."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import aiohttp
import pytest
from aiohttp import web

from chatops_agent.config import endpoint
from chatops_agent.connection import Connection, Greeting, Hub
from chatops_agent.outbox import Outbox
from chatops_agent.spool import MemorySpool
from chatops_wire.agent import (
    Ack,
    ActionRequest,
    AgentInfo,
    AuthSuccess,
    Configure,
    Error,
    Live,
    MetricsBatch,
    Pause,
)
from chatops_wire.codec import encode
from chatops_wire.codes import CloseCode
from chatops_wire.samples import Cpu, Memory, SampleParts
from tests.deadlines import eventually
from tests.integration.agent.hub_double import Call, HubDouble

BODY = encode(
    SampleParts(
        timestamp="2026-01-31T12:00:00.000Z",
        cpu=Cpu(percent=1.0),
        memory=Memory(total=2, used=1, percent=50.0),
    )
)


class Agent:
    """A connection, its outbox, and what it was ordered."""

    def __init__(self, *urls: str, window: int = 600) -> None:
        self.outbox = Outbox(MemorySpool("e1", max_bytes=2**26), window=window)
        self.intervals: list[float | None] = []
        self.allowed: tuple[str, ...] | None = None
        self.requests: list[ActionRequest] = []
        self.reports: deque[bytes] = deque()
        self.disconnects = 0
        self.connection = Connection(
            Hub(tuple(endpoint(url) for url in urls)),
            Greeting("k", AgentInfo(hostname="h"), ("metrics",)),
            self.outbox,
            self,
            chance=lambda: 0.0,
        )
        self._task = asyncio.create_task(self.connection.run(), name="agent-connection")

    async def welcomed(self, server_id: str) -> None:
        pass

    def configure(self, interval_s: float | None) -> None:
        self.intervals.append(interval_s)

    def narrow(self, allowed: tuple[str, ...] | None) -> None:
        self.allowed = allowed

    def handle(self, request: ActionRequest) -> None:
        self.requests.append(request)

    def next_frame(self) -> bytes | None:
        return self.reports.popleft() if self.reports else None

    def disconnected(self) -> None:
        self.disconnects += 1

    def sample(self, count: int = 1) -> None:
        for _ in range(count):
            self.outbox.add(BODY)
        self.connection.notify()

    async def end(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


Connect = Callable[..., Agent]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    agents: list[Agent] = []

    def start(*urls: str, window: int = 600) -> Agent:
        agents.append(Agent(*urls, window=window))
        return agents[-1]

    yield start
    for agent in agents:
        await agent.end()


async def test_what_was_acknowledged_is_not_sent_again(hub: HubDouble, connect: Connect) -> None:
    agent = connect(hub.url)
    call = await hub.called()
    agent.sample(3)
    await eventually(lambda: hub.stored == 3)
    await eventually(lambda: agent.outbox.in_flight == 0)
    await call.ws.close()
    again = await hub.called(2)
    agent.sample()
    await eventually(lambda: hub.stored == 4)
    assert again.sequences == [4]


async def test_what_was_not_acknowledged_comes_again_after_the_hubs_last(
    hub: HubDouble, connect: Connect
) -> None:
    hub.acknowledging = False
    agent = connect(hub.url)
    call = await hub.called()
    agent.sample(5)
    await eventually(lambda: len(call.sequences) == 5)
    hub.stored, hub.acknowledging = 2, True
    await call.ws.close()
    again = await hub.called(2)
    await eventually(lambda: hub.stored == 5)
    assert again.sequences == [3, 4, 5]


async def test_a_hole_is_filled_on_the_hubs_answer(hub: HubDouble, connect: Connect) -> None:
    agent = connect(hub.url)
    call = await hub.called()
    agent.sample()
    await eventually(lambda: hub.stored == 1)
    # Two samples the hub receives and loses; the next it answers as one behind a hole.
    hub.acknowledging = False
    agent.sample(2)
    await eventually(lambda: call.sequences == [1, 2, 3])
    hub.acknowledging = True
    agent.sample()
    await eventually(lambda: hub.stored == 4)
    assert call.sequences == [1, 2, 3, 4, 2, 3, 4]
    assert len(hub.calls) == 1


async def test_while_a_backlog_waits_the_newest_is_shown_live(hub: HubDouble, connect: Connect) -> None:
    hub.acknowledging = False
    agent = connect(hub.url, window=3)
    call = await hub.called()
    agent.sample(3)
    await eventually(lambda: len(call.sequences) == 3)
    agent.sample()
    await eventually(lambda: call.of(Live))
    await call.say(Ack(seq=3))
    await eventually(lambda: call.sequences == [1, 2, 3, 4])
    assert isinstance(call.messages[-1], MetricsBatch)


async def test_nothing_is_sent_during_a_pause(hub: HubDouble, connect: Connect) -> None:
    agent = connect(hub.url)
    call = await hub.called()
    agent.sample()
    await eventually(lambda: call.sequences == [1])
    await call.say(Pause(ms=200, reason="disk_full"))
    # The order of frames tells that the pause has been heard.
    await call.say(Configure(interval_s=7.0))
    await eventually(lambda: agent.intervals == [None, 7.0])
    started = asyncio.get_running_loop().time()
    agent.sample()
    await eventually(lambda: call.sequences == [1, 2])
    assert asyncio.get_running_loop().time() - started > 0.1


async def test_a_pause_of_any_length_is_survived(hub: HubDouble, connect: Connect) -> None:
    agent = connect(hub.url)
    call = await hub.called()
    for length in ("-1", "1" + "0" * 400):
        await call.say('{"type":"pause","ms":' + length + ',"reason":"x"}')
    await call.say(Configure(interval_s=7.0))
    await eventually(lambda: agent.intervals == [None, 7.0])


async def test_the_hub_orders_intervals(hub: HubDouble, connect: Connect) -> None:
    hub.interval_s = 2.0
    agent = connect(hub.url)
    call = await hub.called()
    await call.say(Configure(interval_s=1.0))
    await call.say(Configure(interval_s=None))
    await eventually(lambda: agent.intervals == [2.0, 1.0, None])


async def test_an_error_of_ours_costs_the_connection_only(
    hub: HubDouble, connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = connect(hub.url)
    call = await hub.called()

    def fails(interval_s: float | None) -> None:
        raise LookupError(interval_s)

    with monkeypatch.context() as broken:
        broken.setattr(agent, "configure", fails)
        await call.say(Configure(interval_s=7.0))
        await eventually(lambda: caplog.records)
    await hub.called(2)
    agent.sample()
    await eventually(lambda: hub.stored == 1)
    assert caplog.records[0].getMessage() == "connection ended by an error of the agent"


async def test_an_interval_ends_with_the_connection_that_ordered_it(hub: HubDouble, connect: Connect) -> None:
    hub.interval_s = 1.0
    agent = connect(hub.url)
    call = await hub.called()
    await eventually(lambda: agent.intervals == [1.0])
    await call.ws.close()
    await eventually(lambda: agent.intervals == [1.0, None])


async def test_garbage_changes_nothing(hub: HubDouble, connect: Connect) -> None:
    async def garbage(call: Call) -> None:
        for text in (
            "",
            "{",
            "[]",
            "7",
            '{"type":7}',
            '{"type":"ack"}',
            '{"type":"ack","seq":"x"}',
            "ä" * 999,
        ):
            await call.say(text)
        await call.ws.send_bytes(b"\xff\x00")
        await call.say('{"type":"from_the_future","seq":1}')
        for _ in range(2):
            await call.say(AuthSuccess(server_id="s1", message=""))
        await call.say(Ack(seq=2**63 - 1))
        await call.say(Ack(seq=-5))
        await call.say('{"type":"configure","interval_s":1e-300}')
        await call.say('{"type":"pause","ms":-5,"reason":"x","unknown":[1]}')
        await call.say('{"type":"configure","interval_s":0}')
        await call.say(Error(code="odd", message="but still here"))

    hub.on_auth = garbage
    agent = connect(hub.url)
    call = await hub.called()
    agent.sample(2)
    await eventually(lambda: hub.stored == 2)
    assert call.sequences == [1, 2]
    assert len(hub.calls) == 1


async def test_a_frame_that_is_too_large_costs_the_connection_only(hub: HubDouble, connect: Connect) -> None:
    agent = connect(hub.url)
    call = await hub.called()
    await call.say('{"type":"' + "x" * 2 * 1024 * 1024 + '"}')
    await hub.called(2)
    assert call.ws.close_code == CloseCode.TOO_BIG
    agent.sample()
    await eventually(lambda: hub.stored == 1)


@pytest.mark.parametrize("code", [CloseCode.UNAUTHORIZED, CloseCode.REPLACED])
async def test_a_refused_key_is_an_error_and_waits_a_minute(
    hub: HubDouble, connect: Connect, caplog: pytest.LogCaptureFixture, code: CloseCode
) -> None:
    async def refuse(call: Call) -> None:
        await call.say(Error(code="invalid_key", message="no such key"))
        await call.ws.close(code=code)

    hub.on_auth = refuse
    connect(hub.url)
    record = await eventually(lambda: next((r for r in caplog.records if r.levelno == logging.ERROR), None))
    assert record is not None
    facts = record.__dict__
    assert facts["next_attempt_in_s"] == 60.0
    assert facts["detail"] == "invalid_key: no such key"


async def test_a_hub_that_never_answers_the_key_is_given_up(
    hub: HubDouble, connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(call: Call) -> None:
        del call

    monkeypatch.setattr("chatops_agent.session.AUTH_TIMEOUT_S", 0.05)
    hub.on_auth = silent
    connect(hub.url)
    await hub.called(2)
    assert "no answer to the key" in [record.__dict__.get("detail") for record in caplog.records]


async def test_the_next_address_is_called_when_one_fails(hub: HubDouble, connect: Connect) -> None:
    connect("http://127.0.0.1:9", hub.url)
    await hub.called()


async def test_a_name_that_does_not_exist_is_told(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    connect("http://hub.invalid")
    await eventually(lambda: [r for r in caplog.records if "hub.invalid" in str(r.__dict__.get("detail"))])


async def test_an_address_by_name_is_found(hub: HubDouble, connect: Connect) -> None:
    connect(hub.url.replace("127.0.0.1", "localhost"))
    await hub.called()


async def test_an_address_that_is_no_hub_is_told(
    hub: HubDouble, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    connect(f"{hub.url}/elsewhere")
    await eventually(lambda: caplog.records)
    assert caplog.records[0].__dict__["detail"] == "answers 404 instead of a WebSocket"


async def test_the_key_follows_no_redirect(
    hub: HubDouble, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPFound(hub.url + request.path)

    async with _served(elsewhere) as url:
        connect(url)
        await eventually(lambda: caplog.records)
    assert "redirect" in caplog.records[0].__dict__["detail"]
    assert hub.calls == []


@pytest.mark.parametrize("last_words", ["nothing", "a ping", "a close frame"])
async def test_a_hub_that_stops_reading_is_left_and_called_again(
    connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, last_words: str
) -> None:
    monkeypatch.setattr("chatops_agent.session._SEND_TIMEOUT_S", 0.2)
    stuck, calls = asyncio.Event(), 0

    async def reads_no_more(request: web.Request) -> web.WebSocketResponse:
        nonlocal calls
        calls += 1
        ws = web.WebSocketResponse()
        writer = await ws.prepare(request)
        await ws.receive()
        await ws.send_frame(encode(AuthSuccess(server_id="s", message="")), aiohttp.WSMsgType.TEXT)
        assert request.transport is not None
        request.transport.pause_reading()
        # Once the agent's buffers are full.
        await eventually(lambda: agent.outbox.in_flight > 20)
        match last_words:
            case "a ping":
                await ws.ping()
            case "a close frame":
                assert writer is not None
                await ws.send_frame(b"\x11\x4d", aiohttp.WSMsgType.CLOSE)
            case _:
                pass
        await stuck.wait()
        return ws

    async with _served(reads_no_more) as url:
        agent = connect(url)
        body = BODY[:-1] + b',"x":"' + b"x" * 250_000 + b'"}'
        for _ in range(100):
            agent.outbox.add(body)
        agent.connection.notify()
        await eventually(lambda: calls >= 2)
        stuck.set()
        await agent.end()
    assert "connection lost" in [record.__dict__.get("reason") for record in caplog.records]


def _served(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> "_Served":
    return _Served(handler)


class _Served:
    def __init__(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        app = web.Application()
        app.router.add_get("/{any:.*}", handler)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_exc: object) -> None:
        await self._runner.cleanup()
