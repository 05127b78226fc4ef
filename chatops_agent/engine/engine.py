"""The engine as the rest of the agent sees it: calls with deadlines, streams, and whether it is there."""

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import ModuleType
from typing import Any, Final, TypeVar

from chatops_agent.actions.processes.lane_pool import LanePool
from chatops_agent.engine.addresses import candidates
from chatops_agent.engine.errors import EngineError
from chatops_agent.engine.execs import Exec
from chatops_agent.engine.streaming import ByteSource, EngineStream
from chatops_agent.lanes import Lane, LaneBusyError
from chatops_wire.containers import DockerCode, EngineState
from chatops_wire.settings import SettingError

T = TypeVar("T")
_Details = list[dict[str, Any] | None]

# What takes milliseconds; longer than this the engine hangs.
READ_WITHIN_S: Final = 8.0
# The lane's own deadline is for a body that drips; the SDK's is for each read.
_MARGIN_S: Final = 1.0
# A stop takes as long as its container does; as many as the hub may ask for at once.
_CHANGES_LANES: Final = 32
# One engine call waits for the next second's tick of old engines; all at once is the only quick way.
_STATISTICS_LANES: Final = 32


@dataclass(frozen=True, slots=True)
class Connected:
    """An engine that has answered."""

    address: str
    version: str
    api_version: str
    generation: int
    """Another one after each loss, so that no thread goes on with an old connection."""


class Engine:
    """Nothing is imported, opened or started until `connect` finds a socket.

    Calls run in private threads, a few at once; a hung engine costs its caller a deadline and nobody else
    anything. Changes and statistics have threads of their own: ten stops that take a minute each do not
    keep a list waiting.
    """

    def __init__(self, setting: str, environ: Mapping[str, str], within_s: float = READ_WITHIN_S) -> None:
        """Prepare.

        Args:
            setting: Where the engine listens, `none`, or empty: look for it.
            environ: As `candidates` and the SDK use it.
            within_s: How long what should take milliseconds may take.
        """
        self._setting = setting
        self._environ = environ
        self.within_s = within_s
        self._connecting = Lane("engine-connect")
        self._own = threading.local()
        self._reads = LanePool("engine-reads", on_end=self._close_own)
        self._changes = LanePool("engine-changes", _CHANGES_LANES, self._close_own)
        self._statistics = LanePool("engine-statistics", _STATISTICS_LANES, self._close_own)
        self._connected: Connected | None = None
        self._generation = 0
        self._reason: str | None = None

    @property
    def connected(self) -> Connected | None:
        """The engine that answered last; None before that, and after it was lost."""
        return self._connected

    def speaks(self, major: int, minor: int) -> bool:
        """Say whether the engine that answered last speaks at least this version of its interface."""
        if self._connected is None:
            return False
        parts = self._connected.api_version.split(".")
        return tuple(int(part) for part in parts if part.isdecimal()) >= (major, minor)

    @property
    def state(self) -> EngineState | None:
        """What the hub is told; None where there is no engine."""
        if self._connected is not None:
            return EngineState(state="available", version=self._connected.version)
        return None if self._reason is None else EngineState(state="unavailable", reason=self._reason)

    async def connect(self) -> Connected | None:
        """Find an engine and ask who it is; None: there is none on this machine.

        Raises:
            EngineError: There is one, and it may not be used or does not answer.
        """
        try:
            async with asyncio.timeout(2 * self.within_s):
                found = await self._connecting.run(self._find)
        except (TimeoutError, LaneBusyError):
            found = EngineError(DockerCode.DOCKER_UNAVAILABLE, "the engine does not answer")
        if isinstance(found, EngineError):
            self._reason = found.message
            raise found
        self._connected, self._reason = found, None
        return found

    def lost(self, reason: str) -> None:
        """Note that it answers no more: calls fail until `connect` has found it again."""
        self._connected, self._reason = None, reason

    async def call(self, job: Callable[[Any], T], within_s: float | None = None) -> T:
        """Return what the job reads with an APIClient, in a thread.

        Raises:
            EngineError: The engine says no, is not there, or is too slow.
        """
        return await self._run(self._reads, job, within_s or self.within_s)

    async def inspect(self, ids: Sequence[str]) -> _Details:
        """Return the details of each container, None for one that is gone by now.

        Raises:
            EngineError: As `call`.
        """
        return await self.call(lambda api: _inspect_each(api, ids))

    async def change(self, job: Callable[[Any], T], within_s: float) -> T:
        """Return what comes of a job that changes something. Cancelling gives up waiting, not the change.

        Raises:
            EngineError: As `call`.
        """
        return await self._run(self._changes, job, within_s)

    async def statistics(self, job: Callable[[Any], T]) -> T:
        """Return what the job reads, many of them at once.

        Raises:
            EngineError: As `call`.
        """
        return await self._run(self._statistics, job, self.within_s)

    def stream(
        self, name: str, path: str, params: Mapping[str, Any], parse: Callable[[bytes, str], list[T]]
    ) -> EngineStream[T]:
        """Return an answer that goes on; nothing is sent before its first `next`."""
        return EngineStream(
            name, partial(self._open, lambda _client: _sdk().StreamRequest(path, params)), parse
        )

    def pull(self, image: str, parse: Callable[[bytes, str], list[T]]) -> EngineStream[T]:
        """Return what the engine says while it pulls an image; closed, it gives up."""
        return EngineStream(
            "pull", partial(self._open, lambda client: _sdk().pull_request(client, image)), parse
        )

    async def begin_exec(
        self, container_id: str, words: Sequence[str], environment: Mapping[str, str], within_s: float
    ) -> Exec:
        """Start a program with a TTY in a running container; its descriptors are the caller's.

        Whoever stops waiting loses them, and so does a deadline: so there is none but that of each of the
        engine's answers.

        Raises:
            EngineError: It is not running, or has no such program; or as `call`.
        """
        return await self._in_lane(
            self._changes, lambda api: _begin_exec(api, container_id, words, environment), within_s
        )

    def close(self) -> None:
        """End the threads; one that hangs is left behind."""
        self._connecting.close()
        for pool in (self._reads, self._changes, self._statistics):
            pool.close()

    async def _run(self, pool: LanePool, job: Callable[[Any], T], within_s: float) -> T:
        try:
            async with asyncio.timeout(within_s + _MARGIN_S):
                return await self._in_lane(pool, job, within_s)
        except TimeoutError:
            raise EngineError(DockerCode.TIMEOUT, "the engine does not answer in time") from None

    async def _in_lane(self, pool: LanePool, job: Callable[[Any], T], within_s: float) -> T:
        connected = self._present()
        try:
            return await pool.run(partial(self._in_thread, connected, job, within_s))
        except LaneBusyError:
            text = "the engine does not answer; earlier requests still wait for it"
            raise EngineError(DockerCode.DOCKER_UNAVAILABLE, text) from None

    def _present(self) -> Connected:
        if self._connected is None:
            text = self._reason or "there is no Docker on this machine"
            raise EngineError(DockerCode.DOCKER_UNAVAILABLE, text)
        return self._connected

    def _in_thread(self, connected: Connected, job: Callable[[Any], T], within_s: float) -> T:
        sdk = _sdk()
        sdk.knock(connected.address)
        client = self._client_of_thread(sdk, connected, within_s)
        # Each thread has its client to itself, so this is for this call alone.
        client.timeout = within_s
        with sdk.told(connected.address):
            return job(client)

    def _client_of_thread(self, sdk: ModuleType, connected: Connected, within_s: float) -> Any:  # noqa: ANN401
        kept: tuple[int, Any] | None = getattr(self._own, "client", None)
        if kept is not None and kept[0] == connected.generation:
            return kept[1]
        self._close_own()
        client = sdk.connect(connected.address, connected.api_version, within_s)
        self._own.client = (connected.generation, client)
        return client

    def _close_own(self) -> None:
        """Close the client of this thread, if it has one."""
        kept: tuple[int, Any] | None = getattr(self._own, "client", None)
        if kept is not None:
            del self._own.client
            kept[1].close()

    def _open(self, request: Callable[[Any], Any]) -> ByteSource:
        sdk, connected = _sdk(), self._present()
        sdk.knock(connected.address)
        client = sdk.connect(connected.address, connected.api_version, self.within_s)
        try:
            source: ByteSource = sdk.OpenStream(connected.address, client, request(client))
        except BaseException:
            client.close()
            raise
        return source

    def _find(self) -> Connected | EngineError | None:
        try:
            addresses = candidates(self._setting, self._environ, _is_socket)
        except SettingError as exc:
            return EngineError(DockerCode.DOCKER_UNAVAILABLE, str(exc))
        first: EngineError | None = None
        for address in addresses:
            try:
                found = _sdk().probe(address, self.within_s)
            except EngineError as exc:
                first = first or exc
            else:
                self._generation += 1
                return Connected(
                    address=address,
                    version=found.version,
                    api_version=self._environ.get("DOCKER_API_VERSION") or found.api_version,
                    generation=self._generation,
                )
        return first


def _is_socket(path: str) -> bool:
    with suppress(OSError):
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - one call, no Path
    return False


def _begin_exec(
    client: Any,  # noqa: ANN401 - the SDK has no types
    container_id: str,
    words: Sequence[str],
    environment: Mapping[str, str],
) -> Exec:
    begun: Exec = _sdk().begin_exec(client, container_id, words, environment)
    return begun


def _inspect_each(client: Any, ids: Sequence[str]) -> _Details:  # noqa: ANN401 - the SDK has no types
    found: _Details = _sdk().inspect_each(client, ids)
    return found


def _sdk() -> ModuleType:
    # 130 ms and 20 MB, in a thread, and only where there is something to speak to.
    from chatops_agent.engine import client  # noqa: PLC0415

    return client
