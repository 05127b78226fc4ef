"""The log of a container: its last lines, or followed over its restarts and those of its engine."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatops_agent.actions.containers import moments
from chatops_agent.actions.containers.log_frames import LogFrames
from chatops_agent.actions.containers.rules import name
from chatops_agent.actions.containers.work import inspected
from chatops_agent.actions.logs.log_paths import LogRefusedError
from chatops_agent.actions.logs.stream import Sink
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.engine.errors import EngineError
from chatops_agent.engine.streaming import EngineStream
from chatops_wire.codes import Refusal
from chatops_wire.containers import DockerCode
from chatops_wire.streams import MAX_TAIL, LogLine, LogSource

_ALL_TOLD: Final = "that is all there is"
_REMOVED: Final = "the container was removed"
_REFUSALS: Final = {
    DockerCode.NOT_ALLOWED: Refusal.NOT_ALLOWED,
    DockerCode.NOT_FOUND: Refusal.NOT_FOUND,
    DockerCode.BAD_REQUEST: Refusal.INVALID_REQUEST,
    DockerCode.BUSY: Refusal.BUSY,
}
# The engine ended the answer though the container runs on: not again at once.
_AGAIN_AFTER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Span:
    """Which lines: of those between two moments, the last so many."""

    tail: int
    since_ns: int | None = None
    until_ns: int | None = None

    @classmethod
    def of(cls, tail: int, since: str | float | None, until: str | float | None) -> "Span":
        """Return the span between two moments as people write them.

        Raises:
            EngineError: One is no moment.
        """
        now_ns = time.time_ns()
        first, last = (None if each is None else moments.nanoseconds(each, now_ns) for each in (since, until))
        return cls(tail, first, last)

    def parameters(self, *, follow: bool) -> dict[str, Any]:
        """Return the parameters of the engine."""
        given: dict[str, Any] = {
            "stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow), "tail": self.tail,
        }  # fmt: skip
        if self.since_ns is not None:
            given["since"] = moments.parameter(self.since_ns)
        if self.until_ns is not None:
            given["until"] = moments.parameter(self.until_ns)
        return given


class ContainerLogSource:
    """Follows one container, whatever it is called later; one that takes its name is another."""

    def __init__(self, watch: ContainerWatch, container: str, span: Span, *, follows: bool) -> None:
        self._watch = watch
        self._container = container
        self._span = span
        self._follows = follows

    async def follow(self, sink: Sink) -> str:
        """Hand on lines; a container that is not running is waited for. Cancelled, let go of it all.

        Raises:
            LogRefusedError: There is no such container, no engine, or its log cannot be read.
        """
        try:
            details = await inspected(self._watch, name(self._container, "container"))
            return await self._follow(details, sink)
        except EngineError as exc:
            raise LogRefusedError(_REFUSALS.get(exc.code, Refusal.UNAVAILABLE), exc.message) from exc

    async def _follow(self, details: Mapping[str, Any], sink: Sink) -> str:
        frames = LogFrames(has_tty=has_tty(details))
        container_id = str(details["Id"])
        given = self._span.parameters(follow=self._follows)
        began_ns = time.time_ns()
        while True:
            stream = opened(self._watch, container_id, given, frames)
            try:
                while lines := await stream.next():
                    await sink.put(lines)
            finally:
                stream.close()
            if not self._follows or self._is_past():
                return _ALL_TOLD
            if not await self._runs_again(container_id, details):
                return _REMOVED
            details = await inspected(self._watch, container_id)
            newest = moments.of_line(frames.newest)
            # From the line after the last one, without holes and without any of them twice.
            if newest is not None:
                given["since"] = moments.parameter(newest + 1)
            elif given["tail"] == 0:
                # No line has come, and there may be old ones nobody wants.
                given["since"] = moments.parameter(max(began_ns, self._span.since_ns or 0))
            given["tail"] = "all"
            frames = LogFrames(has_tty=has_tty(details))

    def _is_past(self) -> bool:
        return self._span.until_ns is not None and self._span.until_ns <= time.time_ns()

    async def _runs_again(self, container_id: str, before: Mapping[str, Any]) -> bool:
        """Wait until it has been started since; False: it was removed."""
        inventory = self._watch.inventory
        while True:
            changed = inventory.changed
            try:
                details = await inspected(self._watch, container_id)
            except EngineError as exc:
                if exc.code is DockerCode.NOT_FOUND:
                    return False
                # The engine is away; it comes back, or whoever follows gives up.
            else:
                state = details.get("State", {})
                if state.get("Running"):
                    if state.get("StartedAt") == before.get("State", {}).get("StartedAt"):
                        await asyncio.sleep(_AGAIN_AFTER_S)
                    return True
            await changed.wait()


def log_source(watch: ContainerWatch, source: LogSource) -> ContainerLogSource:
    """Return what follows the log of a container as the hub asks for it.

    Raises:
        LogRefusedError: `since` or `until` is no moment.
    """
    try:
        span = Span.of(min(source.tail, MAX_TAIL), source.since, source.until)
    except EngineError as exc:
        raise LogRefusedError(Refusal.INVALID_REQUEST, exc.message) from exc
    return ContainerLogSource(watch, source.container or "", span, follows=source.follow)


def has_tty(details: Mapping[str, Any]) -> bool:
    """Say whether a container has a terminal: its log has another form."""
    return (details.get("Config") or {}).get("Tty") is True


def opened(
    watch: ContainerWatch, container_id: str, given: Mapping[str, Any], frames: LogFrames
) -> EngineStream[LogLine]:
    """Return the log of this container as a stream of lines."""
    return watch.engine.stream(
        f"log-{container_id[:12]}", f"/containers/{container_id}/logs", given, frames.feed
    )
