"""Requests to engines: one answer each, in time, from the agent that was asked."""

import asyncio
from typing import Any

import msgspec
import pytest

from chatops_server.broker.sessions import AgentSession, AgentSessions
from chatops_server.errors import (
    AgentOfflineError,
    AgentTimeoutError,
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
)
from chatops_server.services.containers.relay import MAX_ON_A_SERVER, EngineRelay, Order, Request
from chatops_wire.containers import DockerProgress, DockerResponse
from tests.broker_builders import fleet_of, state_of
from tests.deadlines import DEADLINE_S, eventually

ORDER = Order("stop", "web", {"timeout_s": 3})
SOON_S = 0.02


class Scene:
    """A server with one agent, and what that was sent."""

    def __init__(self) -> None:
        self.state = state_of(fleet_of())
        self.sessions = AgentSessions()
        self.session = self.connect()
        self.relay = EngineRelay(self.sessions)

    def connect(self) -> AgentSession:
        session = AgentSession(self.state, "key_1", 1, lambda: False)
        with self.sessions.attempt() as attempt:
            self.sessions.register(session, attempt)
        return session

    def sent(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(frame) for frame in self.session.outbox.take()]

    def answer(self, request: Request, *, success: bool = True, **more: Any) -> None:  # noqa: ANN401
        self.relay.hear(self.session, DockerResponse(command_id=request.id, success=success, **more))


@pytest.fixture
def scene() -> Scene:
    return Scene()


async def test_an_answer_gives_its_data(scene: Scene) -> None:
    with scene.relay.request(scene.state) as request:
        asking = asyncio.create_task(request.ask(ORDER, DEADLINE_S))
        [order] = await eventually(scene.sent)
        scene.answer(request, data={"container": None})
        assert await asking == {"container": None}
    assert order == {
        "type": "docker_command",
        "command_id": request.id,
        "action": "stop",
        "container_id": "web",
        "params": {"timeout_s": 3},
        "signature": None,
    }


async def test_without_an_answer_in_time_it_is_given_up_and_the_agent_told(scene: Scene) -> None:
    with scene.relay.request(scene.state) as request, pytest.raises(AgentTimeoutError):
        await request.ask(ORDER, SOON_S)
    assert [frame["type"] for frame in scene.sent()] == ["docker_cancel", "docker_command"]


async def test_progress_is_passed_on(scene: Scene) -> None:
    heard: list[str] = []
    with scene.relay.request(scene.state, lambda told: heard.append(told.text)) as request:
        asking = asyncio.create_task(request.ask(ORDER, DEADLINE_S))
        for text in ("a", "b"):
            scene.relay.hear(scene.session, DockerProgress(command_id=request.id, text=text))
        scene.answer(request)
        await asking
    assert heard == ["a", "b"]


async def test_who_stops_waiting_gives_it_up(scene: Scene) -> None:
    with scene.relay.request(scene.state) as request:
        asking = asyncio.create_task(request.ask(ORDER, DEADLINE_S))
        await eventually(scene.sent)
        asking.cancel()
        await asyncio.wait({asking})
    assert [frame["type"] for frame in scene.sent()] == ["docker_cancel"]


async def test_only_the_agent_that_was_asked_answers_and_once(scene: Scene) -> None:
    with scene.relay.request(scene.state) as request:
        other = AgentSession(scene.state, "key_2", 1, lambda: False)
        scene.relay.hear(other, DockerResponse(command_id=request.id, success=True))
        assert request.answer is None
        scene.answer(request, success=False, message="first", code="not_found")
        scene.answer(request)
        with pytest.raises(NotFoundError, match="first"):
            await request.ask(ORDER, DEADLINE_S)


async def test_an_agent_that_leaves_ends_what_it_was_asked_for(scene: Scene) -> None:
    with scene.relay.request(scene.state) as request:
        scene.relay.disconnected(scene.session)
        with pytest.raises(AgentOfflineError):
            await request.ask(ORDER, DEADLINE_S)


async def test_an_answer_after_the_end_is_not_heard(scene: Scene) -> None:
    with scene.relay.request(scene.state) as request:
        pass
    scene.answer(request)
    assert request.answer is None


def test_so_many_at_once_and_no_more(scene: Scene) -> None:
    held = [scene.relay.request(scene.state) for _ in range(MAX_ON_A_SERVER)]
    for each in held:
        each.__enter__()
    with pytest.raises(TooManyRequestsError), scene.relay.request(scene.state):
        pass
    held[0].__exit__(None, None, None)
    with scene.relay.request(scene.state) as request:
        scene.answer(request)
        assert request.answer is not None


def test_without_an_agent_there_is_nobody_to_ask(scene: Scene) -> None:
    scene.sessions.unregister(scene.session)
    with pytest.raises(AgentOfflineError), scene.relay.request(scene.state):
        pass


async def test_a_reason_without_a_code_is_a_conflict(scene: Scene) -> None:
    with scene.relay.request(scene.state) as request:
        scene.answer(request, success=False, message="Container web is not paused")
        with pytest.raises(ConflictError, match="is not paused"):
            await request.ask(ORDER, DEADLINE_S)
