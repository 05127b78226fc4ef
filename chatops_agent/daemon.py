"""The agent put together: tasks that sample this machine, do what is asked of it, and speak to the hub."""

import asyncio
import logging
import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NoReturn

from msgspec.structs import replace

from chatops_agent.actions.desk import Desk, Surroundings
from chatops_agent.actions.waiting import after_cancellation
from chatops_agent.actions.workshop import Containment
from chatops_agent.collectors.containers.watch import ContainerWatch
from chatops_agent.collectors.sampling import Sampling, this_machine
from chatops_agent.config import Config
from chatops_agent.connection import Connection, Greeting, Hub, Trusted, trust
from chatops_agent.episodes import Episode
from chatops_agent.frames import encode_sample
from chatops_agent.identity import Identity
from chatops_agent.key_store import Configured, KeyStore
from chatops_agent.outbox import Outbox
from chatops_agent.sampler import Sampler
from chatops_agent.schedule import Schedule
from chatops_agent.signers import Clock, SignatureGate
from chatops_agent.spool import MemorySpool
from chatops_agent.spool_keeper import SpoolKeeper, new_epoch, open_spool
from chatops_wire.agent import ActionRequest, AgentInfo
from chatops_wire.samples import SampleParts
from chatops_wire.version import VERSION

log = logging.getLogger(__name__)

_LOOK_WITHIN_S: Final = 1.0
# Most commands obey TERM at once. Of the 5 s that the program has to end; parting from the hub takes up to 2.
_PARTED_WITHIN_S: Final = 2.5


def serve(config: Config) -> None:
    """Run the agent until SIGTERM or SIGINT; ends within 5 s of it.

    Raises:
        SettingError: The file of certificates holds none.
    """
    trusted = trust(config.tls_ca, config.tls_pin)

    async def until_stopped() -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)
        stop_ignoring_signals()
        sampling = this_machine(watch)
        try:
            await _run(config, sampling, watch, trusted)
        finally:
            sampling.close()
            watch.close()

    watch = ContainerWatch(config.docker_host, os.environ, names=config.policy.containers)
    with suppress(asyncio.CancelledError):
        asyncio.run(until_stopped())
    log.info("agent stopped")


def stop_ignoring_signals() -> None:
    """See to it that programs started from here obey interrupts, quits and hangups.

    A process started by `nohup` or behind an `&` ignores these, and whatever it starts would inherit that: a
    shell in which Ctrl-C does nothing. A handler is not inherited, and this one does nothing here either.
    """
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)


async def _run(config: Config, sampling: Sampling, watch: ContainerWatch, trusted: Trusted) -> None:
    log.info(
        "agent started",
        extra={"version": VERSION, "interval_s": config.interval_s, "allowed": sorted(config.policy.allowed)},
    )
    keeper = await open_spool(config.data_dir, config.spool_mb)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch.run(), name="agent-containers")
            # The greeting tells of the engine; one that hangs is not waited for.
            await watch.inventory.first_look(_LOOK_WITHIN_S)
            identity = await asyncio.to_thread(Identity, config.data_dir if config.signers else None)
            keys = await asyncio.to_thread(
                KeyStore, Configured(config.api_key, config.key_file), config.data_dir
            )
            here = _Machine(sampling, watch, keeper, identity, keys)
            await _speak(config, here, trusted)
    finally:
        if keeper is not None:
            await keeper.close()


@dataclass(frozen=True, slots=True)
class _Machine:
    """What there is to tell of this machine."""

    sampling: Sampling
    watch: ContainerWatch
    keeper: SpoolKeeper | None
    identity: Identity
    keys: KeyStore

    async def facts(self) -> AgentInfo:
        """Return what changes at most at a restart."""
        engine = self.watch.engine.connected
        return replace(await self.sampling.facts(), docker_version=engine.version if engine else "")


def _gate(config: Config, identity: Identity) -> SignatureGate:
    clock = Clock(_unix_ms, _unix_ms())
    return SignatureGate(config.signers, lambda: identity.server_id, clock, config.policy.signed)


def _unix_ms() -> int:
    return time.time_ns() // 1_000_000


async def _speak(config: Config, here: _Machine, trusted: Trusted) -> NoReturn:
    keeper = here.keeper
    # In memory, the spool is lost with the process: each start is a new epoch.
    outbox = Outbox(MemorySpool(new_epoch()) if keeper is None else keeper.spool)
    sampler = Sampler(here.sampling, Schedule(config.interval_s, phase=random.random()))  # noqa: S311 - no secret
    gate = _gate(config, here.identity)
    policy = config.policy
    greeting = Greeting(config.api_key, await here.facts(), policy.capabilities, policy.told, here.keys)
    oversize = Episode(log, "samples are sent without some parts", "samples are whole again")

    def wake() -> None:
        connection.notify()

    around = Surroundings(
        containment=Containment(outside=config.outside), data_dir=config.data_dir, watch=here.watch, gate=gate
    )
    desk = Desk(config.policy, wake, around)
    orders = _Orders(sampler, here.watch, desk, here.identity)
    connection = Connection(Hub(config.endpoints, trusted), greeting, outbox, orders)

    async def deliver(sample: SampleParts) -> None:
        body, omitted = encode_sample(sample)
        if omitted:
            oversize.fail("too large", parts=omitted)
        else:
            oversize.recover()
        if keeper is not None:
            await keeper.save(body)
        outbox.add(body)
        connection.notify()

    async with asyncio.TaskGroup() as tasks:
        # First, so that it is there when the hub speaks.
        tasks.create_task(desk.run(), name="agent-actions")
        if keeper is not None:
            tasks.create_task(keeper.serve(connection.notify), name="agent-spool")
        tasks.create_task(sampler.run(deliver), name="agent-sampler")
        tasks.create_task(_until_parted(connection, desk.parted), name="agent-connection")
    raise AssertionError("all tasks run until they are cancelled")


async def _until_parted(connection: Connection, parted: asyncio.Event) -> None:
    """Keep connected until cancelled, and then until the hub has heard how its commands ended."""
    running = asyncio.create_task(connection.run(), name="agent-speaking")
    try:
        await asyncio.wait({running})
    except asyncio.CancelledError:
        after_cancellation()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTED_WITHIN_S):
                await parted.wait()
        raise
    finally:
        running.cancel()
        await asyncio.wait({running})
    running.result()


@dataclass(frozen=True, slots=True)
class _Orders:
    """What the hub orders, to whoever carries it out."""

    sampler: Sampler
    watch: ContainerWatch
    desk: Desk
    identity: Identity

    async def welcomed(self, server_id: str) -> None:
        await self.identity.meet(server_id)

    def configure(self, interval_s: float | None) -> None:
        self.sampler.configure(interval_s)
        self.watch.configure(interval_s)

    def narrow(self, allowed: tuple[str, ...] | None) -> None:
        self.desk.narrow(allowed)

    def handle(self, request: ActionRequest) -> None:
        self.desk.handle(request)

    def next_frame(self) -> bytes | None:
        return self.desk.next_frame()

    def disconnected(self) -> None:
        self.desk.disconnected()
