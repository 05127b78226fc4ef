"""What is looked at while something else is: no look undoes another, and no odd answer holds anybody up."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.engine.errors import EngineError
from chatops_wire.containers import DockerCode
from tests.deadlines import DEADLINE_S, MS, eventually
from tests.integration.agent_containers.watching import watching

A, B = "a" * 64, "b" * 64


class _Engine:
    """Lists what is in `ids`; the answer to a list of all waits for `go_on`."""

    def __init__(self) -> None:
        self.ids = [A]
        self.lists = 0
        self.closing = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def listed(self, request: web.Request) -> web.Response:
        chosen = json.loads(request.query.get("filters", "{}")).get("id")
        answer = [{"Id": each, "State": "running"} for each in self.ids if not chosen or each in chosen]
        if not chosen:
            self.lists += 1
            await self.go_on.wait()
        return web.json_response(answer)

    async def inspected(self, request: web.Request) -> web.Response:
        found = request.match_info["id"]
        return web.json_response({"Id": found, "Name": f"/{found[0]}", "State": {"Status": "running"}})

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        await self.closing.wait()
        return response


async def _version(_request: web.Request) -> web.Response:
    return web.json_response({"Version": "9", "ApiVersion": "1.41"})


async def _empty(_request: web.Request) -> web.Response:
    return web.Response(body=b"")


async def _full(_request: web.Request) -> web.Response:
    return web.Response(body=b"full")


@asynccontextmanager
async def _watched(folder: Path, engine: _Engine) -> AsyncIterator[ContainerWatch]:
    app = web.Application()
    app.router.add_get("/version", _version)
    app.router.add_get("/v1.41/containers/json", engine.listed)
    app.router.add_get("/v1.41/containers/{id}/json", engine.inspected)
    app.router.add_get("/v1.41/events", engine.events)
    app.router.add_get("/v1.41/empty", _empty)
    app.router.add_get("/v1.41/full", _full)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(folder / "s")).start()
        async with watching(f"unix://{folder / 's'}") as watch:
            yield watch
    finally:
        engine.closing.set()
        await runner.cleanup()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Short: it is the path of a socket."""
    return tmp_path_factory.mktemp("l")


async def test_a_container_that_comes_while_all_are_listed_is_not_taken_for_removed(folder: Path) -> None:
    engine = _Engine()
    told: list[tuple[str, str]] = []
    async with _watched(folder, engine) as watch:
        watch.listen(lambda action, container: told.append((action, container.name)))
        engine.go_on.clear()
        lists = engine.lists
        listing = asyncio.create_task(watch.inventory.look_at_all())
        await eventually(lambda: engine.lists > lists, what="the list that is answered late")
        engine.ids.append(B)
        looking = asyncio.create_task(watch.inventory.look([B]))
        # It waits for the list; where it did not, it would be through by then.
        await asyncio.wait([looking], timeout=200 * MS)
        engine.go_on.set()
        await asyncio.gather(listing, looking)
        known = watch.inventory.containers
    assert [each.id for each in known or ()] == [A, B]
    assert ("destroy", "b") not in told


@pytest.mark.parametrize(("path", "body"), [("/empty", b""), ("/full", b"full")])
async def test_an_answer_of_a_known_length_has_an_end(folder: Path, path: str, body: bytes) -> None:
    """The connection stays open behind it."""
    async with _watched(folder, _Engine()) as watch:
        stream = watch.engine.stream("short", path, {}, lambda data, _kind: [data])
        try:
            async with asyncio.timeout(DEADLINE_S):
                came: list[bytes] = []
                while pieces := await stream.next():
                    came += pieces
        finally:
            stream.close()
    assert b"".join(came) == body


async def test_an_answer_that_cannot_be_taken_apart_is_an_error_and_no_silence(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def parse(data: bytes, _kind: str) -> list[bytes]:
        raise RecursionError(data)

    async with _watched(folder, _Engine()) as watch:
        stream = watch.engine.stream("full", "/full", {}, parse)
        with pytest.raises(EngineError, match="not understood") as refusal:
            await stream.next()
        stream.close()
    assert refusal.value.code is DockerCode.FAILED
    assert "cannot be read" in caplog.text
