"""Takes the hub's requests about containers and their engine: which are done, and which refused."""

import logging
from typing import Any, Final

from msgspec import Struct

from chatops_agent.actions.containers import rules
from chatops_agent.actions.containers.changes import ContainerChanges
from chatops_agent.actions.containers.holdings import Holdings
from chatops_agent.actions.containers.pull_lines import PullProgress
from chatops_agent.actions.containers.pulls import pull
from chatops_agent.actions.containers.reading import ContainerReading
from chatops_agent.actions.containers.rules import Order
from chatops_agent.actions.containers.work import Answer, Work
from chatops_agent.actions.waiting import Wait
from chatops_agent.actions.workshop import Workshop
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.engine.errors import EngineError
from chatops_agent.policy import Policy
from chatops_wire.agent import MAX_FRAME_BYTES
from chatops_wire.codec import encode
from chatops_wire.containers import (
    Container,
    ContainerEvent,
    DockerCancel,
    DockerCode,
    DockerCommand,
    DockerProgress,
    DockerResponse,
)

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 32
# Changes the hub has not been told of; beyond that the oldest are left out, as samples tell the state anyway.
MOST_EVENTS: Final = 256

_GIVEN_UP: Final = "given up; what the engine had begun to change it may still carry out"

DockerMessage = DockerCommand | DockerCancel


class DockerRequests:
    """All requests that are being carried out, and the changes nobody asked for."""

    def __init__(self, shop: Workshop, watch: ContainerWatch, policy: Policy) -> None:
        """Begin; changes are told from now on.

        Args:
            shop: Whose turn it is to send.
            watch: The engine and its containers.
            policy: What this machine allows.
        """
        self._shop = shop
        self._watch = watch
        self._policy = policy
        self._requests: dict[str, _Request] = {}
        self._events: dict[tuple[str, str], ContainerEvent] = {}
        self._quiet = watch.listen(self._changed)
        self._work: dict[str, Work] = {
            **ContainerReading(watch).work,
            **ContainerChanges(watch).work,
            **Holdings(watch.engine).work,
        }

    def handle(self, message: DockerMessage) -> None:
        """Do what the hub asks for, or begin to."""
        if isinstance(message, DockerCommand):
            self._begin(message)
        elif (request := self._requests.get(message.command_id)) is not None:
            request.give_up()

    def disconnected(self) -> None:
        """Give up what is only read or pulled; the engine goes on with what it has begun to change."""
        for request in self._requests.values():
            request.give_up()
        self._requests.clear()
        self._events.clear()

    def close(self) -> None:
        """Forget everything; no task of a request may be left."""
        self._quiet()
        self._requests.clear()
        self._events.clear()

    def next_message(self) -> Struct | None:
        """Return the oldest change that has not been told, and count it as told."""
        if not self._events:
            return None
        return self._events.pop(next(iter(self._events)))

    def _changed(self, action: str, container: Container) -> None:
        # The same action of the same container again: the newest state is enough.
        self._events.pop((container.id, action), None)
        self._events[container.id, action] = ContainerEvent(action=action, container=container)
        if len(self._events) > MOST_EVENTS:
            del self._events[next(iter(self._events))]
        self._shop.rota.ready(self)

    def _begin(self, command: DockerCommand) -> None:
        try:
            order = rules.checked(command.action, command.container_id, command.params, self._policy)
        except EngineError as exc:
            self._refuse(command.command_id, exc)
            return
        if command.command_id in self._requests or len(self._requests) >= MOST_AT_ONCE:
            text = f"{len(self._requests)} requests are being carried out here already"
            self._refuse(command.command_id, EngineError(DockerCode.BUSY, text))
            return
        request = self._requests[command.command_id] = _Request()
        self._shop.begin(self._conduct(command.command_id, order, request), f"docker-{order.action}")

    async def _conduct(self, command_id: str, order: Order, request: "_Request") -> None:
        outcome: Answer | EngineError = EngineError(DockerCode.FAILED, "an error of the agent's own")
        try:
            async with request.wait.within(0 if request.is_given_up else None):
                outcome = await self._do(command_id, order)
            if request.is_given_up and isinstance(outcome, EngineError):
                outcome = EngineError(DockerCode.FAILED, _GIVEN_UP)
        except EngineError as exc:
            outcome = exc
        finally:
            # Not where the hub that asked is gone.
            if self._requests.get(command_id) is request:
                del self._requests[command_id]
                self._answer(command_id, outcome)

    async def _do(self, command_id: str, order: Order) -> Answer:
        if order.action == "image_pull":
            return await pull(self._watch.engine, order, lambda how_far: self._tell(command_id, how_far))
        return await self._work[order.action](order)

    def _tell(self, command_id: str, how_far: PullProgress) -> None:
        self._shop.rota.answer(
            DockerProgress(
                command_id=command_id, text=how_far.text, current=how_far.current, total=how_far.total
            )
        )

    def _answer(self, command_id: str, outcome: Answer | EngineError) -> None:
        if isinstance(outcome, EngineError):
            self._refuse(command_id, outcome)
            return
        response = DockerResponse(command_id=command_id, success=True, data=_valid(outcome))
        if len(encode(response)) > MAX_FRAME_BYTES:
            text = "the answer is longer than a frame of the protocol"
            self._refuse(command_id, EngineError(DockerCode.FAILED, text))
            return
        self._shop.rota.answer(response)

    def _refuse(self, command_id: str, exc: EngineError) -> None:
        log.debug("docker request not carried out", extra={"code": exc.code.value, "detail": exc.message})
        self._shop.rota.answer(
            DockerResponse(
                command_id=command_id, success=False, message=_text(exc.message), code=exc.code.value
            )
        )


class _Request:
    """One that is being carried out."""

    def __init__(self) -> None:
        self.wait = Wait()
        self.is_given_up = False

    def give_up(self) -> None:
        """Wait for it no longer."""
        self.is_given_up = True
        self.wait.end()


def _valid(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the same without lone surrogates, which JSON of the engine may hold and UTF-8 may not."""
    if isinstance(part, str):
        return _text(part)
    if isinstance(part, dict):
        return {_text(str(key)): _valid(value) for key, value in part.items()}
    return [_valid(each) for each in part] if isinstance(part, list | tuple) else part


def _text(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
