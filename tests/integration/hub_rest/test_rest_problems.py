"""What a bad request gets: always problem+json, always naming what is wrong."""

import asyncio
import logging
from collections import Counter
from pathlib import Path

import aiohttp
import msgspec
import pytest
import yarl
from aiohttp import web

from chatops_server.web.middlewares import add_headers, errors_as_problems
from chatops_wire.codes import ErrorCode
from tests.deadlines import DEADLINE_S, eventually
from tests.integration.hub_rest.conftest import Asker

LOGIN = "/api/v1/auth/login"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("DELETE", "/api/v1/auth/login", 405, "method_not_allowed"),
        ("GET", "/api/v1/servers/srv_none", 404, "not_found"),
        ("GET", "/api/v1/servers/%00%ff", 404, "not_found"),
        ("DELETE", "/api/v1/api-keys/%ff%00", 404, "not_found"),
        ("GET", "/api/v1/metrics/srv_none", 404, "not_found"),
        ("GET", "/api/v1/servers?limit=0", 400, "invalid_request"),
        ("GET", "/api/v1/servers?limit=1001", 400, "invalid_request"),
        ("GET", "/api/v1/servers?limit=many", 400, "invalid_request"),
        ("GET", "/api/v1/servers?cursor=%2B%2B", 400, "invalid_request"),
        ("GET", "/api/v1/servers?cursor=abc", 400, "invalid_request"),
        ("GET", "/api/v1/audit?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", 400, "invalid_request"),
        ("GET", "/api/v1/users?cursor=WzEsMl0", 400, "invalid_request"),
        ("GET", "/api/v1/events?server_id=srv_none", 404, "not_found"),
    ],
)
async def test_paths_and_queries(asker: Asker, method: str, path: str, status: int, code: str) -> None:
    answer = await asker.ask(method, path)
    assert answer.status == status, answer
    if code:
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert set(answer.body) == {"type", "title", "status", "detail", "code"}
        assert (answer.body["status"], answer.code) == (status, code)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "empty"),
        (b"   ", "empty"),
        (b"{", "no valid JSON"),
        (b"\xff\xfe", "no valid JSON"),
        (b'{"username": "\\ud800", "password": "x"}', "no valid JSON"),
        (b'{"x": ' + b"[" * 100_000, "no valid JSON"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"{}", "username: it is missing"),
        (b'{"username": "ann"}', "password: it is missing"),
        (b'{"username": 7, "password": "x"}', "username: expected `str`"),
        (b'{"username": "ann", "password": null}', "password: expected `str`"),
    ],
)
async def test_bodies_that_cannot_be_used(asker: Asker, body: bytes, named: str) -> None:
    answer = await asker.ask("POST", LOGIN, raw=body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert named in answer.body["detail"]


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/users", {"username": "a b", "password": "long enough", "role": "viewer"}, "username: "),
        ("/users", {"username": "ann", "password": "short", "role": "viewer"}, "password: "),
        ("/users", {"username": "ann", "password": "long enough", "role": "king"}, "role: "),
        ("/servers", {"name": ""}, "name: "),
        ("/servers", {"name": "web\n1"}, "name: "),
        ("/servers", {"name": "web-1", "tags": ["ok", "not ok"]}, "tags"),
        ("/api-keys", {"server_id": 5}, "server_id: "),
    ],
)
async def test_fields_that_cannot_be_used_are_named(
    asker: Asker, path: str, body: object, named: str
) -> None:
    answer = await asker.post(path, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.body["detail"].startswith(named)


async def test_a_password_in_a_bad_body_is_not_repeated(asker: Asker) -> None:
    body = {"username": "ann", "password": "secret", "role": "viewer"}
    assert "secret" not in (await asker.post("/users", body)).body["detail"]


async def test_unknown_fields_are_ignored(asker: Asker) -> None:
    assert (await asker.post("/servers", {"name": "web-1", "colour": "red"})).status == 201


async def test_a_body_beyond_the_limit_is_refused(asker: Asker) -> None:
    answer = await asker.ask("POST", LOGIN, raw=b'"' + b"x" * (256 * 1024) + b'"')
    assert (answer.status, answer.code) == (413, "too_large")
    assert "at most 256 KiB" in answer.body["detail"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (
            b"GET /api/v1/servers?q=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: hub\r\n\r\n",
            "longer than 8190 bytes",
        ),
        (b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n", "longer than 8190 bytes"),
        (b"PEEK /api/v1/servers HTTP/1.1\r\nHost: hub\r\n\r\n", "no such method"),
        (b"\x16\x03\x01\x02\x00\x01 hello\r\n\r\n", "https"),
        (b"POST /api/v1/auth/login HTTP/1.1\r\nContent-Length: many\r\n\r\n", "no HTTP request"),
    ],
)
async def test_what_is_no_request_is_a_problem_too(asker: Asker, sent: bytes, told: str) -> None:
    url = yarl.URL(str(asker.http._base_url))  # noqa: SLF001 - where the hub is
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        writer.write(sent)
        async with asyncio.timeout(DEADLINE_S):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"application/problem+json" in head
    assert b"nosniff" in head
    problem = msgspec.json.decode(body)
    assert (problem["status"], problem["code"]) == (400, "invalid_request")
    assert told in problem["detail"]


async def test_a_trailing_slash_is_accepted(asker: Asker) -> None:
    assert (await asker.get("/servers/")).status == 200
    assert (await asker.get("/auth/me/")).status == 200
    assert (await asker.post("/servers/", {"name": "web-1"})).status == 201


async def test_what_can_be_got_can_be_asked_for_by_head(asker: Asker) -> None:
    answer = await asker.ask("HEAD", "/healthz")
    assert (answer.status, answer.body) == (200, "")


async def test_a_wrong_method_says_which_ones_there_are(asker: Asker) -> None:
    answer = await asker.ask("DELETE", "/api/v1/servers")
    assert set(answer.headers["Allow"].split(",")) >= {"GET", "POST"}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer \xe4"])
async def test_headers_without_a_good_token(asker: Asker, header: str) -> None:
    async with asker.http.get("/api/v1/auth/me", headers={"Authorization": header}) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert (await answer.json())["code"] == "unauthorized"


async def test_the_scheme_is_not_told_apart_by_case(asker: Asker) -> None:
    async with asker.http.get(
        "/api/v1/auth/me", headers={"Authorization": f"bearer {asker.token}"}
    ) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/nothing", "/api/v1/servers"])
async def test_every_answer_has_its_security_headers(asker: Asker, path: str) -> None:
    answer = await asker.ask("GET", path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] == "chatops"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_a_body_that_stops_half_way_frees_the_handler(asker: Asker) -> None:
    host, port = asker.http._base_url.host, asker.http._base_url.port  # type: ignore[union-attr]  # noqa: SLF001
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: hub\r\nContent-Length: 100\r\n\r\n{")
    writer.write_eof()
    assert await reader.read() is not None
    writer.close()
    assert (await asker.ask("GET", "/healthz")).status == 200


async def test_our_own_faults_are_bland_outside_and_whole_in_the_log(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError(f"secret of {request.path}")

    told = Counter[ErrorCode]()
    app = web.Application(middlewares=[errors_as_problems(told)])
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/broken", broken)
    runner = web.AppRunner(app)
    await runner.setup()
    path = str(tmp_path / "socket")
    await web.UnixSite(runner, path).start()
    connector = aiohttp.UnixConnector(path)
    async with (
        aiohttp.ClientSession("http://hub", connector=connector) as http,
        http.get("/broken") as answer,
    ):
        problem = await answer.json()
    await runner.cleanup()
    assert (problem["status"], problem["code"]) == (500, "internal")
    assert "secret" not in str(problem)
    assert "secret of /broken" in caplog.text
    assert told == {ErrorCode.INTERNAL: 1}


async def test_who_leaves_before_the_answer_is_no_fault_of_ours(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def late(request: web.Request) -> web.Response:
        asked.set()
        await eventually(lambda: request.transport is None or request.transport.is_closing())
        left.set()
        raise ConnectionResetError("Cannot write to closing transport")

    told = Counter[ErrorCode]()
    app = web.Application(middlewares=[errors_as_problems(told)])
    app.router.add_get("/late", late)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, path := str(tmp_path / "socket")).start()
    _, writer = await asyncio.open_unix_connection(path)
    writer.write(b"GET /late HTTP/1.1\r\nHost: hub\r\n\r\n")
    await asked.wait()
    writer.close()
    await left.wait()
    await runner.cleanup()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert told == {}
