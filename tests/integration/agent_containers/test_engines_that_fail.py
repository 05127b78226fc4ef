"""Engines that hang, lie, are missing or may not be used: nobody else waits for them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chatops_agent.collectors.sampling import this_machine
from chatops_agent.engine.engine import Engine
from chatops_agent.engine.errors import EngineError, unavailable
from chatops_wire.containers import DockerCode, EngineState
from tests.deadlines import MS, eventually
from tests.integration.agent_actions.hub_side import hub_side
from tests.integration.agent_containers.watching import asked, watching
from tests.project import ROOT

SHORT_S = 300 * MS


@pytest.fixture
def address(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an engine of a test's own listens; the path of a socket must be short."""
    return tmp_path_factory.mktemp("e") / "s"


@asynccontextmanager
async def _engine(address: Path, answer: Callable[[str], bytes | None]) -> AsyncIterator[None]:
    """An engine that answers each request line with these bytes, or None: never."""
    held: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            body = answer(line.decode())
            if body is not None:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()

    server = await asyncio.start_unix_server(serve, address)
    try:
        yield
    finally:
        server.close()
        for writer in held:
            writer.close()
        await server.wait_closed()


def _only_its_version(line: str) -> bytes | None:
    return json.dumps({"Version": "9", "ApiVersion": "1.41"}).encode() if "/version" in line else None


@pytest.mark.parametrize("answer", [lambda _line: None, _only_its_version], ids=["never", "only who it is"])
async def test_an_engine_that_hangs_delays_neither_samples_nor_answers(
    address: Path, answer: Callable[[str], bytes | None]
) -> None:
    loop = asyncio.get_running_loop()
    async with _engine(address, answer), watching(f"unix://{address}", SHORT_S) as watch:
        sampling = await asyncio.to_thread(this_machine, watch)
        async with hub_side(watch=watch) as hub:
            await sampling.sample(loop.time())
            sample = await sampling.sample(loop.time())
            response = await asked(hub, "list")
            await eventually(lambda: watch.state, what="why there are no containers")
        sampling.close()
    assert sample is not None
    assert sample.containers is None
    assert response.code in {"docker_unavailable", "timeout"}
    assert watch.state is not None
    assert (watch.state.state, "does not answer" in watch.state.reason) == ("unavailable", True)


async def test_an_engine_that_has_not_answered_is_away_and_not_its_caller_in_a_hurry(address: Path) -> None:
    heard: list[str] = []

    def answer(line: str) -> bytes | None:
        heard.extend([line] if "/info" in line else [])
        return _only_its_version(line)

    engine = Engine(f"unix://{address}", {})
    async with _engine(address, answer):
        try:
            await engine.connect()
            asking = [asyncio.create_task(engine.call(lambda api: api.info())) for _ in range(8)]
            await eventually(lambda: len(heard) == len(asking), what="a request of each thread")
            for each in asking:
                each.cancel()
            await asyncio.wait(asking)
            # Every thread still waits for an answer that nobody wants any more.
            with pytest.raises(EngineError, match="does not answer") as refused:
                await engine.call(lambda api: api.info())
        finally:
            engine.close()
    assert refused.value.code is DockerCode.DOCKER_UNAVAILABLE


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"nonsense", b'{"ApiVersion": 5}', b'{"Components": [1]}']
)
async def test_an_engine_that_answers_nonsense_is_none(address: Path, body: bytes) -> None:
    async with _engine(address, lambda _line: body), watching(f"unix://{address}") as watch:
        assert watch.inventory.containers is None


async def test_podman_is_told_by_its_name(address: Path) -> None:
    facts = {"Version": "4.9", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]}

    def answer(line: str) -> bytes | None:
        if "/events" in line:
            return None
        return json.dumps(facts).encode() if "/version" in line else b"[]"

    async with _engine(address, answer), watching(f"unix://{address}") as watch:
        assert watch.inventory.containers == ()
        assert watch.state == EngineState(state="available", version="podman 4.9")


async def test_without_an_engine_there_is_none_and_that_is_no_fault(tmp_path: Path) -> None:
    async with watching("none") as watch, hub_side(watch=watch) as hub:
        response = await asked(hub, "list")
        assert (response.code, response.message) == (
            "docker_unavailable",
            "there is no Docker on this machine",
        )
        assert watch.state is None
    async with watching(f"unix://{tmp_path}/nothing") as watch:
        assert watch.state is not None
        assert watch.state.reason == f"no engine listens on unix://{tmp_path}/nothing"


def test_who_may_not_use_the_engine_is_told_what_to_do() -> None:
    told = unavailable("unix:///var/run/docker.sock", PermissionError(13, "Permission denied"))
    assert told.code is DockerCode.DOCKER_UNAVAILABLE
    assert "as much power as root" in told.message


async def test_without_a_socket_the_sdk_is_never_loaded() -> None:
    """It would cost an agent that has no engine as much memory as all the rest of it."""
    script = (
        "import asyncio, sys\n"
        "from chatops_agent.actions.desk import Desk\n"
        "from chatops_agent.collectors.containers.watch import ContainerWatch\n"
        "async def main():\n"
        "    watch = ContainerWatch('none', {})\n"
        "    task = asyncio.ensure_future(watch.run())\n"
        "    await watch.inventory.first_look(5)\n"
        "    task.cancel()\n"
        "    print([name for name in ('docker', 'requests', 'urllib3') if name in sys.modules])\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert said.strip() == b"[]"
