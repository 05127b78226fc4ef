"""Containers in the UI for real: engine, agent, hub, and the UI in a terminal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.deadlines import eventually
from tests.docker_engine import (
    DockerEngine,
    _docker_engine_of_the_run,  # noqa: F401 - pytest looks it up here
    docker_engine,  # noqa: F401 - likewise
)
from tests.e2e.test_containers_for_real import stage  # noqa: F401 - likewise
from tests.integration.client.program import Terminal, in_terminal
from tests.integration.hub_commands.conftest import ADMIN_PASSWORD, Stage

TALKS = "n=0; while :; do n=$((n+1)); echo line $n; sleep 1; done"
DOWN = b"\x1b[B"


def of_shop(service: str) -> tuple[str, ...]:
    """Return what compose writes on a container of the project `shop`."""
    labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": service}
    return tuple(word for label in labels.items() for word in ("--label", "=".join(label)))


@asynccontextmanager
async def containers(opened: Stage, home: Path) -> AsyncIterator[Terminal]:
    """The list of all containers, in a terminal."""
    async with opened.http.get("/healthz") as answer:
        url = str(answer.url.origin())
    environ = {
        "CHATOPS_USERNAME": "admin",
        "CHATOPS_PASSWORD": ADMIN_PASSWORD,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
    }
    async with in_terminal("--url", url, size=(80, 24), **environ) as terminal:
        await terminal.shows("● live".encode())
        await terminal.shows(b"web-1")
        terminal.type(b"d")
        await terminal.shows(b"CONTAINER")
        yield terminal


async def answers_yes(terminal: Terminal) -> None:
    """Say yes once the question listens: the key is in the footer then."""
    await terminal.shows(b"Yes")
    terminal.seen.clear()
    terminal.type(b"y")


def started_at(engine: DockerEngine, name: str) -> str:
    return engine.docker("inspect", "--format", "{{.State.StartedAt}}", name)


def states(engine: DockerEngine) -> list[str]:
    return sorted(engine.docker("ps", "--all", "--format", "{{.Names}} {{.State}}").splitlines())


@pytest.fixture
def shop(docker_engine: DockerEngine) -> DockerEngine:  # noqa: F811 - pytest's way
    """An engine with a project of two, of which one cannot be stopped quickly, and one that has failed."""
    docker_engine.run("api", "sh", "-c", f"trap 'exit 0' TERM; {TALKS}", options=of_shop("api"))
    docker_engine.run("worker", "sh", "-c", f"trap 'exit 0' TERM; {TALKS}", options=of_shop("worker"))
    docker_engine.run("failed", "false")
    return docker_engine


async def test_what_runs_is_seen_restarted_and_paused_behind_our_back(
    shop: DockerEngine,
    stage: Stage,  # noqa: F811 - pytest's way
    tmp_path: Path,
) -> None:
    async with containers(stage, tmp_path) as terminal:
        for part in ("▾ ", "shop", "api", "worker", "failed", "exited (1)", "running", "2/2 up"):
            await terminal.shows(part.encode())
        before = started_at(shop, "api")
        terminal.type(DOWN + b"R")
        await terminal.shows(b"Restart?")
        await answers_yes(terminal)
        await terminal.shows(b"Restarted api.")
        assert started_at(shop, "api") != before
        terminal.seen.clear()
        shop.docker("pause", "worker")
        await terminal.shows(b"paused")
        # A project is one thing: the paused one is part of it.
        terminal.seen.clear()
        shop.docker("unpause", "worker")
        terminal.type(b"gS")
        await terminal.shows(b"Stop: 2 containers?")
        await answers_yes(terminal)
        await eventually(lambda: states(shop) == ["api exited", "failed exited", "worker exited"])


async def test_logs_of_a_project_are_read_and_a_shell_is_opened_in_a_container(
    shop: DockerEngine,
    stage: Stage,  # noqa: F811 - pytest's way
    tmp_path: Path,
) -> None:
    assert shop.docker("inspect", "--format", "{{.State.Running}}", "api") == "true"
    async with containers(stage, tmp_path) as terminal:
        await terminal.shows(b"worker")
        terminal.seen.clear()
        terminal.type(b"gl")
        for part in (b"following", b"api", b"worker", b"line 1"):
            await terminal.shows(part)
        terminal.seen.clear()
        terminal.type(b"q")
        await terminal.shows(b"CONTAINER")
        terminal.type(DOWN + b"E")
        await terminal.shows(b"Shell on api on web-1")
        terminal.type(b"echo q$((6*7))\r")
        await terminal.shows(b"q42")
        terminal.seen.clear()
        terminal.type(b"exit\r")
        await terminal.shows(b"CONTAINER")
        terminal.type(b"q")
        terminal.type(b"q")
        assert await terminal.ends() == 0


async def test_one_that_is_removed_while_it_is_looked_at_says_so(
    shop: DockerEngine,
    stage: Stage,  # noqa: F811 - pytest's way
    tmp_path: Path,
) -> None:
    async with containers(stage, tmp_path) as terminal:
        await terminal.shows(b"worker")
        terminal.type(b"g" + DOWN + b"\r")
        await terminal.shows(b"shop / api")
        terminal.type(b"4")
        await terminal.shows(b"com.docker.compose.project")
        terminal.type(b"5")
        await terminal.shows(b"sleep 1")
        terminal.seen.clear()
        shop.docker("rm", "--force", "api")
        await terminal.shows(b"It was removed")
