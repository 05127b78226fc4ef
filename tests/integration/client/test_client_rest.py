"""REST calls: paging, errors by kind, and a sentence for whatever goes wrong."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from chatops_tui.client.connect import Hub, open_hub
from chatops_tui.client.errors import (
    ConflictError,
    ForbiddenError,
    HubAnswerError,
    HubFailedError,
    HubRefusedError,
    HubUnreachableError,
    InvalidCredentialsError,
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
)
from chatops_tui.client.http import HistoryQuery
from chatops_tui.client.session_memory import SessionMemory
from chatops_tui.client.wire import Limits
from tests.integration.client.conftest import Served
from tests.integration.client.contract_hub import HubDouble, problem, sample


async def test_a_list_is_followed_to_its_end(hub: Hub, double: HubDouble) -> None:
    servers = await hub.rest.servers()

    assert [f"srv_{number}" for number in range(5)] == [server.id for server in servers]
    assert sum(path.startswith("/api/v1/servers") for _, path in double.seen) == 3


async def test_a_hub_that_repeats_its_cursor_is_left(hub: Hub, double: HubDouble) -> None:
    async def endless(_request: web.Request) -> web.Response:
        return web.json_response({"items": [], "next": "again"})

    double.override = endless
    assert await hub.rest.servers() == ()


async def test_a_server_is_made_and_removed(hub: Hub) -> None:
    created = await hub.rest.create_server("db-1", ["prod", "db"])

    assert (created.name, created.tags) == ("db-1", ("prod", "db"))
    await hub.rest.delete_server(created.id)
    with pytest.raises(NotFoundError, match="not found: no such server"):
        await hub.rest.delete_server(created.id)


async def test_an_id_stays_one_segment_of_the_path(hub: Hub, double: HubDouble) -> None:
    """Whatever an id holds, it cannot lead to another resource."""
    with pytest.raises(HubAnswerError):
        await hub.rest.latest("../users?x=1")
    assert double.seen[-1] == ("GET", "/api/v1/metrics/..%2Fusers%3Fx=1")


async def test_history_names_its_metrics_and_range(hub: Hub, double: HubDouble) -> None:
    asked: list[str] = []

    async def history(request: web.Request) -> web.Response:
        asked.append(str(request.url.relative()))
        series = [{"metric": "cpu.percent", "unit": "percent", "points": [[1000, 2, 1, 3]]}]
        times = {"start": "2026-01-31T12:00:00.000Z", "end": "2026-01-31T12:05:00.000Z"}
        return web.json_response({"server_id": "srv_1", "step_s": 5, "tier": "raw", "series": series} | times)

    double.override = history
    query = HistoryQuery("srv_1", ("cpu.percent", "disk.percent:/var"), 0, 300_000, points=50)
    answer = await hub.rest.history(query)

    assert answer.series[0].points == ((1000, 2.0, 1.0, 3.0),)
    fields = "metric=cpu.percent&metric=disk.percent:/var"
    times = "start=1970-01-01T00:00:00.000Z&end=1970-01-01T00:05:00.000Z"
    assert asked == [f"/api/v1/metrics/srv_1/history?{fields}&{times}&points=50"]


async def test_the_latest_sample_is_typed(hub: Hub, double: HubDouble) -> None:
    async def latest(_request: web.Request) -> web.Response:
        return web.json_response(sample(server_id="srv_1", seq=7, an_unknown_field=1))

    double.override = latest
    answer = await hub.rest.latest("srv_1")

    assert (answer.seq, answer.cpu.percent) == (7, 12.5)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request", InvalidRequestError),
        (413, "too_large", InvalidRequestError),
        (403, "forbidden", ForbiddenError),
        (404, "not_found", NotFoundError),
        (409, "conflict", ConflictError),
        (500, "internal", HubFailedError),
        (503, "agent_offline", HubFailedError),
    ],
)
async def test_a_problem_becomes_its_error(
    hub: Hub, double: HubDouble, status: int, code: str, kind: type[HubRefusedError]
) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return problem(status, code, "name is taken")

    double.override = refuse
    with pytest.raises(kind) as caught:
        await hub.rest.me()

    error = caught.value
    assert (status, code, "name is taken") == (error.status, error.code, error.detail)
    assert "name is taken" in str(error)


async def test_too_many_logins_say_how_long_to_wait(served: Served) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return problem(429, "too_many_requests", "", {"Retry-After": "42"})

    served.double.override = refuse
    async with open_hub(served.url, SessionMemory()) as hub:
        with pytest.raises(TooManyRequestsError, match="try again in 42 s"):
            await hub.session.login("ada", "x")


async def test_a_wrong_password_is_told_in_words(served: Served) -> None:
    async with open_hub(served.url, SessionMemory()) as hub:
        with pytest.raises(InvalidCredentialsError, match="user name or password is wrong"):
            await hub.session.login("ada", "nonsense")


async def test_a_hub_that_is_down_is_named(served: Served) -> None:
    await served.stop()
    async with open_hub(served.url, SessionMemory()) as hub:
        with pytest.raises(HubUnreachableError) as caught:
            await hub.session.login("ada", "x")
    assert f"cannot reach the hub at {served.url}: nothing listens there (connection refused)" == str(
        caught.value
    )


async def test_an_unknown_host_is_told_in_words() -> None:
    async with open_hub("http://hub.invalid:8765", SessionMemory()) as hub:
        with pytest.raises(HubUnreachableError, match="no such host name is known"):
            await hub.session.login("ada", "x")


async def test_https_to_a_plain_hub_is_told_in_words(served: Served) -> None:
    async with open_hub(served.url.replace("http", "https"), SessionMemory()) as hub:
        with pytest.raises(HubUnreachableError, match="perhaps the address begins with http://"):
            await hub.session.login("ada", "x")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed the connection before it had answered"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "its answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "closed the connection before it had answered"),
    ],
)
async def test_a_stranger_at_the_address_is_told_in_words(answer: bytes, reason: str) -> None:
    async with _stranger(answer) as url, open_hub(url, SessionMemory()) as hub:
        with pytest.raises(HubUnreachableError, match=reason):
            await hub.session.login("ada", "x")


async def test_a_hub_that_never_answers_is_given_up() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with open_hub(url, SessionMemory(), Limits(answer_within_s=0.05)) as hub:
            with pytest.raises(HubUnreachableError, match="no answer in time"):
                await hub.session.login("ada", "x")
    finally:
        listener.close()


async def test_an_answer_of_another_kind_is_no_hub(hub: Hub, double: HubDouble) -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    double.override = page
    with pytest.raises(HubAnswerError, match="does not answer like a ChatOps hub"):
        await hub.rest.me()


async def test_a_redirect_is_not_followed_with_the_token(hub: Hub, double: HubDouble) -> None:
    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPFound("https://elsewhere.example/")

    double.override = redirect
    with pytest.raises(HubAnswerError, match=r"it points to https://elsewhere\.example/"):
        await hub.rest.me()


async def test_a_proxy_without_its_hub_is_unreachable(hub: Hub, double: HubDouble) -> None:
    async def bad_gateway(_request: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>502</html>")

    double.override = bad_gateway
    with pytest.raises(HubUnreachableError, match="status 502"):
        await hub.rest.me()


async def test_an_answer_without_end_is_refused(served: Served) -> None:
    async def huge(_request: web.Request) -> web.Response:
        return web.Response(body=b"[" * 10_000)

    served.double.override = huge
    async with open_hub(served.url, SessionMemory(), Limits(answer_bytes=5_000)) as hub:
        with pytest.raises(HubAnswerError, match="too large"):
            await hub.session.login("ada", "x")


@asynccontextmanager
async def _stranger(answer: bytes) -> AsyncIterator[str]:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as listener:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
