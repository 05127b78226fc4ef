"""Pulls of images: begun by one request, told to whoever follows the server's containers, cancelled."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.server_state import ServerState
from chatops_server.broker.topics import Topics
from chatops_server.domain.permissions import Principal, ServerAction
from chatops_server.errors import AgentOfflineError, ChatopsError, NotFoundError
from chatops_server.services.access import Caller, server_for
from chatops_server.services.containers.deeds import Deeds
from chatops_server.services.containers.engines import checked_name
from chatops_server.services.containers.records import Asked
from chatops_server.services.containers.relay import Order, Request
from chatops_wire.client import PullFinished, PullProgress
from chatops_wire.containers import DockerProgress
from chatops_wire.rest_docker import PullBegun, PullOrder, pull_params

# From one progress to the next: a registry behind a slow line may be silent for minutes.
_SILENT_S: Final = 300.0
# A layer that comes in pieces of 16 KiB; nobody reads faster.
_TELL_EVERY_S: Final = 0.25
# Of the engine's words; they go to everybody who follows the server's containers.
_TEXT_CHARS: Final = 200


@dataclass(slots=True, eq=False)
class _Pull:
    asked: Asked
    request: Request
    image: str
    told_at: float = field(default=float("-inf"))

    @property
    def state(self) -> ServerState:
        return self.asked.state


class Pulls:
    """All pulls under way. For the event loop's thread only."""

    def __init__(self, fleet: Fleet, topics: Topics, deeds: Deeds, now: Callable[[], float]) -> None:
        """Take the loop's clock as `now`."""
        self._fleet = fleet
        self._topics = topics
        self._deeds = deeds
        self._now = now
        self._pulls: dict[str, _Pull] = {}

    async def begin(self, order: PullOrder, principal: Principal, caller: Caller) -> PullBegun:
        """Begin to pull an image and return when that is written down and sent.

        Raises:
            InvalidRequestError: That is no name of an image.
            NotFoundError, ForbiddenError: The server is not the user's to see, or to operate.
            AgentOfflineError, TooManyRequestsError, StorageError: Nothing was begun.
        """
        image, params = checked_name(order.image), pull_params(order.image)
        state = server_for(self._fleet, principal, order.server_id, ServerAction.OPERATE).state
        asked = Asked(state, caller, "image.pull", "pull", image, params)
        begun: asyncio.Future[_Pull] = asyncio.get_running_loop().create_future()
        if (
            self._deeds.errands.start(
                self._pulled(asked, Order("image_pull", image, params, order.signature), begun), "pull"
            )
            is None
        ):
            raise AgentOfflineError
        pull = await begun
        return PullBegun(command_id=pull.request.id, server_id=state.id, image=image)

    async def cancel(self, command_id: str, principal: Principal, caller: Caller) -> None:
        """Ask for the end of a pull; its end is told like any.

        Raises:
            NotFoundError, ForbiddenError: No such pull, or not the user's to end.
        """
        pull = self._pulls.get(command_id)
        if pull is None:
            raise NotFoundError("no such pull is under way")
        server_for(self._fleet, principal, pull.state.id, ServerAction.OPERATE)
        deed = Asked(pull.state, caller, "image.cancel_pull", "cancel the pull of", pull.image, {})
        await self._deeds.records.asked(deed)
        pull.request.give_up()

    async def _pulled(self, asked: Asked, order: Order, begun: "asyncio.Future[_Pull]") -> None:
        pull: _Pull | None = None

        def progressed(progress: DockerProgress) -> None:
            if pull is not None:
                self._tell_progress(pull, progress)

        try:
            with self._deeds.relay.request(asked.state, progressed) as request:
                await self._deeds.records.asked(asked)
                pull = self._pulls[request.id] = _Pull(asked, request, order.place)
                if not begun.done():
                    begun.set_result(pull)
                try:
                    await self._deeds.asked(request, order, _SILENT_S)
                finally:
                    del self._pulls[request.id]
        except ChatopsError as exc:
            if pull is None:
                _fail(begun, exc)
            else:
                await self._deeds.records.failed(asked, exc)
                self._tell_end(pull, exc)
            return
        finally:
            # After a defect too nobody shall wait for ever.
            begun.cancel()
        await self._deeds.records.done(asked)
        self._tell_end(pull, None)

    def _tell_progress(self, pull: _Pull, progress: DockerProgress) -> None:
        now = self._now()
        if now - pull.told_at < _TELL_EVERY_S:
            return
        pull.told_at = now
        message = PullProgress(
            server_id=pull.state.id,
            command_id=pull.request.id,
            image=pull.image,
            text=progress.text[:_TEXT_CHARS],
            current=progress.current,
            total=progress.total,
        )
        self._topics.publish_containers(pull.state.id, message)

    def _tell_end(self, pull: _Pull, error: ChatopsError | None) -> None:
        message = PullFinished(
            server_id=pull.state.id,
            command_id=pull.request.id,
            image=pull.image,
            success=error is None,
            code=None if error is None else error.code,
            message="" if error is None else error.detail,
        )
        self._topics.publish_containers(pull.state.id, message)


def _fail(begun: "asyncio.Future[_Pull]", error: ChatopsError) -> None:
    if not begun.done():
        begun.set_exception(error)
