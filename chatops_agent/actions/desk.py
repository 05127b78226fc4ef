"""The front door of everything the hub may ask of this machine."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, assert_never

from chatops_agent.actions.commands.registry import Allowed, Clocks, Commands
from chatops_agent.actions.containers.log_source import log_source
from chatops_agent.actions.containers.registry import DockerRequests
from chatops_agent.actions.containers.shell import ContainerShell
from chatops_agent.actions.logs.registry import Readable, Streams
from chatops_agent.actions.narrowing import forbidden
from chatops_agent.actions.rota import Rota
from chatops_agent.actions.signed import refused
from chatops_agent.actions.terminals.registry import Places, Terminals
from chatops_agent.actions.terminals.shell import LoginShell
from chatops_agent.actions.terminals.terminal import Patience
from chatops_agent.actions.waiting import after_cancellation
from chatops_agent.actions.workshop import Containment, Workshop
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.engine.addresses import NONE
from chatops_agent.policy import Policy
from chatops_agent.signers import NO_GATE, SignatureGate
from chatops_wire.agent import ActionRequest
from chatops_wire.codec import encode
from chatops_wire.commands import Command, CommandAttach, CommandCancel, CommandCredit, CommandForget
from chatops_wire.containers import DockerCancel, DockerCommand
from chatops_wire.policy import allows
from chatops_wire.streams import StreamClose, StreamCredit, StreamOpen
from chatops_wire.terminals import (
    TerminalClose,
    TerminalCredit,
    TerminalData,
    TerminalDetach,
    TerminalList,
    TerminalOpen,
    TerminalResize,
)

log = logging.getLogger(__name__)

# A few frames to a hub that reads; of the 5 s that the program has to end.
_TOLD_WITHIN_S: Final = 1.0


@dataclass(frozen=True)
class Surroundings:
    """Where a desk works."""

    containment: Containment = field(default_factory=Containment)
    """How processes are kept together."""
    patience: Patience = field(default_factory=Patience)
    """How long terminals may be left alone."""
    data_dir: Path | None = None
    """Where ids of commands are kept for the next agent; None: nowhere."""
    gate: SignatureGate = NO_GATE
    """Whether a request is signed as this machine asks for."""
    watch: ContainerWatch | None = None
    """The engine and its containers, followed by somebody else; None: there are none."""


class Desk:
    """Takes requests, and has what is to be told about them ready when the connection wants it.

    Nothing is pushed: whoever speaks to the hub asks for the next frame when it has nothing more urgent and
    the hub reads. Until then it waits here, and whatever makes it has to wait as well.
    """

    def __init__(
        self, policy: Policy, wake: Callable[[], None], surroundings: Surroundings | None = None
    ) -> None:
        """Prepare; `run` does the work.

        Args:
            policy: What this machine allows.
            wake: Called whenever there may be a frame.
            surroundings: Where it works; None: on any machine, with no containers.
        """
        around = surroundings or Surroundings()
        # Who runs no commands has nothing to contain, and adopts nobody.
        loose = Containment(adopting=False, cgroups=False)
        self._containment = around.containment if policy.allows("commands") else loose
        self._gate = around.gate
        self._narrowed_to: tuple[str, ...] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._open = asyncio.Event()
        self._silent = asyncio.Event()
        self._wake = wake
        self.parted = asyncio.Event()
        """Set at the end of `run`: nothing runs any more, and the hub was told as far as it listens."""
        self._rota = Rota(wake)
        self._shop = Workshop(self._rota, self._begin)
        clocks = Clocks(_unix_ms, time.monotonic)
        self._commands = Commands(
            self._shop, clocks, Allowed(policy.allows("commands"), policy.commands), around.data_dir
        )
        watch = around.watch or ContainerWatch(NONE, {})
        self._docker = DockerRequests(self._shop, watch, policy)
        places = Places(
            host=LoginShell(self._shop, policy.login) if policy.allows("terminal") else None,
            container=partial(ContainerShell, self._shop, watch) if policy.allows_exec else None,
        )
        self._terminals = Terminals(self._shop, around.patience, places)
        self._streams = Streams(
            self._shop,
            Readable(policy.log_paths, policy.log_units) if policy.allows("logs") else None,
            partial(log_source, watch) if policy.allows("logs") or policy.allows("docker_read") else None,
        )

    async def run(self) -> NoReturn:
        """Work until cancelled; then end all that runs, within 4 s."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                await self._shop.open(self._containment)
                await self._commands.open()
                self._open.set()
                await asyncio.get_running_loop().create_future()
        finally:
            after_cancellation()
            self._tasks = None
            await self._tell_rest()
            self.parted.set()
            self._commands.close()
            self._terminals.close()
            self._streams.close()
            self._docker.close()
            await self._shop.close()
        raise AssertionError("the group above ends only by being cancelled")

    async def _tell_rest(self) -> None:
        """Let the hub hear how its commands ended, as far as it listens."""
        if not self._commands.owe_result:
            return
        self._silent.clear()
        self._wake()
        with suppress(TimeoutError):
            async with asyncio.timeout(_TOLD_WITHIN_S):
                await self._silent.wait()

    def handle(self, request: ActionRequest) -> None:
        """Do what the hub asks for, or begin to; what comes of it is told by `next_frame`."""
        # Before its signature: what is refused here has not used that up.
        closing = forbidden(self._narrowed_to, request)
        if closing is None:
            closing = refused(self._gate, request)
            if closing is not None:
                log.warning(
                    "request without a good signature refused", extra={"kind": type(request).__name__}
                )
        if closing is not None:
            self._rota.answer(closing)
            return
        match request:
            case Command() | CommandCredit() | CommandCancel() | CommandAttach() | CommandForget():
                self._commands.handle(request)
            case (
                TerminalOpen() | TerminalData() | TerminalResize() | TerminalCredit()
                | TerminalDetach() | TerminalClose() | TerminalList()
            ):  # fmt: skip
                self._terminals.handle(request)
            case StreamOpen() | StreamCredit() | StreamClose():
                self._streams.handle(request)
            case DockerCommand() | DockerCancel():
                self._docker.handle(request)
            case _:
                assert_never(request)

    def narrow(self, allowed: tuple[str, ...] | None) -> None:
        """Of what this machine allows do no more than this; None: all of it. Nothing is ever added.

        Terminals and logs that are open beyond that end; commands that run go on.
        """
        self._narrowed_to = allowed
        logs = allows(allowed, "logs")
        self._terminals.narrow(host=allows(allowed, "terminal"), container=allows(allowed, "docker"))
        self._streams.narrow(own=logs, container=logs or allows(allowed, "docker_read"))

    def next_frame(self) -> bytes | None:
        """Return what to send to the hub now, one frame of the protocol; None: nothing."""
        message = self._rota.next_message()
        if message is None:
            self._silent.set()
            return None
        return encode(message)

    def disconnected(self) -> None:
        """Go on without a connection. Runs and terminals wait to be attached again; log streams end."""
        self._narrowed_to = None
        self._commands.disconnected()
        self._terminals.disconnected()
        self._streams.disconnected()
        self._docker.disconnected()
        self._rota.clear()

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        if self._tasks is None:
            # Not running: nobody would end what is begun now.
            work.close()
            return
        self._tasks.create_task(self._guarded(work), name=name)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await self._open.wait()
            await work
        except Exception:
            # An error of ours costs this one request, never the agent.
            log.exception("request ended by an error of the agent")
        finally:
            # If it has not even begun.
            work.close()


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000
