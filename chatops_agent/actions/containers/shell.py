"""A shell in a container: an exec of its engine on the one side, the line of a terminal on the other."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from chatops_agent.actions.containers.rules import name
from chatops_agent.actions.containers.work import find
from chatops_agent.actions.processes.child import Exit
from chatops_agent.actions.processes.environment import COOKIE
from chatops_agent.actions.processes.inlet import Inlet
from chatops_agent.actions.processes.outlet import Outlet
from chatops_agent.actions.processes.spawning import NotStartedError
from chatops_agent.actions.terminals.pseudo_terminal import INPUT_LIMIT, Size
from chatops_agent.actions.terminals.shell import Shell
from chatops_agent.actions.workshop import Workshop, new_cookie
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.engine.errors import EngineError
from chatops_agent.engine.execs import Exec, ExecEnd
from chatops_wire.codes import Refusal
from chatops_wire.containers import DockerCode

# Whichever there is; the one that people are used to first.
_SHELL: Final = ("sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi")
# For each of the two answers of the engine that it takes.
_START_WITHIN_S: Final = 10.0
_END_WITHIN_S: Final = 3.5
_REFUSALS: Final = {
    DockerCode.NOT_FOUND: Refusal.NOT_FOUND,
    DockerCode.BAD_REQUEST: Refusal.INVALID_REQUEST,
    DockerCode.NOT_ALLOWED: Refusal.NOT_ALLOWED,
}
# An engine may not know at once what it has just started: Docker's own client tries as often, in this rhythm.
_FIRST_PAUSES_S: Final = tuple(0.01 * number for number in range(1, 10))
_SIZED_WITHIN_S: Final = 1.0
# Between the two sizes that make a full-screen program draw again.
_ROW_LESS: Final = 1


class ContainerShell:
    """Starts a shell in one container, as the user that container has."""

    def __init__(self, shop: Workshop, watch: ContainerWatch, container: str) -> None:
        self._shop = shop
        self._watch = watch
        self._container = container

    async def open(self, size: Size, term: str, take: Callable[[bytes], None]) -> Shell:
        """Start it.

        Raises:
            NotStartedError: No such container, it does not run, there is no shell in it, or no engine.
        """
        try:
            one = await find(self._watch, name(self._container, "container"))
            cookie = new_cookie()
            environment = {"TERM": term, COOKIE: cookie}
            ending = _Ending(one.id, f"{COOKIE}={cookie}")
            begun = await self._begin(ending, environment)
        except EngineError as exc:
            code = _REFUSALS.get(exc.code, Refusal.UNAVAILABLE)
            raise NotStartedError(exc.message, code=code) from exc
        line = ExecLine(self._watch, self._shop, begun, take)
        line.resize(size)
        shell = _ExecShell(self._watch, line, ending.of(begun))
        try:
            # What is typed at once shall find the size.
            with suppress(TimeoutError):
                async with asyncio.timeout(_SIZED_WITHIN_S):
                    await line.settled.wait()
        except BaseException:
            line.close()
            self._shop.begin(shell.give_up(), "exec-end")
            raise
        return shell

    async def _begin(self, ending: "_Ending", environment: Mapping[str, str]) -> Exec:
        """Start it in a task of its own, so that one that nobody waits for any more is ended too."""
        begun: asyncio.Future[Exec] = asyncio.get_running_loop().create_future()

        async def begin() -> None:
            engine = self._watch.engine
            try:
                found = await engine.begin_exec(ending.container_id, _SHELL, environment, _START_WITHIN_S)
            except EngineError as exc:
                if not begun.cancelled():
                    begun.set_exception(exc)
                return
            if not begun.cancelled():
                begun.set_result(found)
                return
            os.close(found.output)
            os.close(found.input)
            with suppress(EngineError):
                await engine.change(ending.of(found).carry_out, _END_WITHIN_S)

        self._shop.begin(begin(), "exec-begin")
        try:
            async with asyncio.timeout(2 * _START_WITHIN_S):
                return await begun
        except TimeoutError:
            raise EngineError(DockerCode.TIMEOUT, "the engine does not start a shell in time") from None


@dataclass(frozen=True, slots=True)
class _Ending:
    container_id: str
    mark: str

    def of(self, begun: Exec) -> ExecEnd:
        return ExecEnd(begun.exec_id, self.container_id, self.mark)


class ExecLine:
    """Our end of the connection that an exec speaks over."""

    def __init__(
        self, watch: ContainerWatch, shop: Workshop, begun: Exec, take: Callable[[bytes], None]
    ) -> None:
        self._watch = watch
        self._shop = shop
        self._exec_id = begun.exec_id
        # Both ends of one socket: closed apart, and hung up once both are.
        self.output = Inlet(begun.output, take)
        self.input = Outlet(begun.input, INPUT_LIMIT)
        self._size: Size | None = None
        self._wanted: list[Size] = []
        self._resizing = self._is_sized = False
        self.settled = asyncio.Event()
        """Set once the sizes wanted so far have been told, or could not be."""
        if begun.early:
            take(begun.early)

    def resize(self, size: Size) -> None:
        """Have this size soon; of several in between only the last."""
        self._want([size])

    def nudge(self, size: Size) -> None:
        """Have this size soon, and have a full-screen program draw everything even if it is the same."""
        other = Size.within(size.cols, size.rows - _ROW_LESS)
        self._want([other, size] if size == self._size else [size])

    def close(self) -> None:
        """Hang up. The engine tells the shell nothing of it: whoever closes ends it as well."""
        self._wanted.clear()
        self.output.close()
        self.input.close()

    def _want(self, sizes: list[Size]) -> None:
        self._wanted = sizes
        if not self._resizing:
            self._resizing = True
            self.settled.clear()
            self._shop.begin(self._settle(), "exec-resize")

    async def _settle(self) -> None:
        try:
            while self._wanted:
                self._size = self._wanted.pop(0)
                await self._tell(self._size)
        except EngineError:
            # It has ended; that is told by its output.
            return
        finally:
            self._resizing = False
            self.settled.set()

    async def _tell(self, size: Size) -> None:
        job = partial(_resize, self._exec_id, size)
        for pause_s in () if self._is_sized else _FIRST_PAUSES_S:
            with suppress(EngineError):
                await self._watch.engine.call(job)
                self._is_sized = True
                return
            await asyncio.sleep(pause_s)
        await self._watch.engine.call(job)
        self._is_sized = True


def _resize(exec_id: str, size: Size, api: Any) -> None:  # noqa: ANN401 - the SDK has no types
    api.exec_resize(exec_id, height=size.rows, width=size.cols)


class _ExecShell:
    def __init__(self, watch: ContainerWatch, line: ExecLine, ending: ExecEnd) -> None:
        self._watch = watch
        self.line = line
        self._ending = ending

    @property
    def ended(self) -> asyncio.Event:
        # The engine ends the connection when the shell has exited, and never before.
        return self.line.output.ended

    async def give_up(self) -> None:
        await self.end()

    async def end(self) -> Exit:
        try:
            code = await self._watch.engine.change(self._ending.carry_out, _END_WITHIN_S)
        except EngineError:
            # The engine is away, and the shell with it, or the container was removed.
            return Exit()
        return Exit(signal=signal.SIGKILL) if code is None else Exit(code=code)
