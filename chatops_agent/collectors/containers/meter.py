"""What containers use: off their control groups where this agent sees them, else asked of the engine."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

from msgspec.structs import replace

from chatops_agent.collectors.containers.cgroup_files import CgroupFiles, Place, UnreadableError
from chatops_agent.collectors.containers.description import Described
from chatops_agent.collectors.containers.inventory import Inventory
from chatops_agent.collectors.containers.readings import Life, Readings
from chatops_agent.collectors.containers.usage import Rates, Usage, from_engine
from chatops_agent.engine.engine import Engine
from chatops_agent.engine.errors import EngineError
from chatops_agent.episodes import Episode
from chatops_wire.containers import Container
from chatops_wire.times import parse_ms

log = logging.getLogger(__name__)

# The engine's own statistics cost it ten times what the files cost us, so they are asked for rarely.
_ASK_EVERY_S: Final = 5.0
_ASK_OFTEN_S: Final = 2.0
# From API 1.44 (Engine 25) it answers at once; before, each answer waits for the next second's tick, and
# only all together come within one (moby#46448).
_AT_ONCE_FROM: Final = (1, 44)
_FEW: Final = 8


class Meter:
    """Reads in one thread (`collect`) and asks in the event loop (`run`); both only ever add readings."""

    def __init__(self, engine: Engine, inventory: Inventory, files: Callable[[], CgroupFiles]) -> None:
        """Prepare.

        Args:
            engine: Asked for what cannot be read.
            inventory: Which containers there are.
            files: Makes the reader, in the thread that reads.
        """
        self._engine = engine
        self._inventory = inventory
        self._make_files = files
        self._files: CgroupFiles | None = None
        self._places: dict[Life, Place | None] = {}
        self._read = Readings()
        self._asked = Readings()
        self._unreadable: tuple[Described, ...] = ()
        self._ask_every_s = _ASK_EVERY_S
        self._episode = Episode(log, "the engine tells no statistics", "the engine tells statistics again")

    def configure(self, interval_s: float | None) -> None:
        """Ask more often while samples are wanted every second or two."""
        self._ask_every_s = _ASK_OFTEN_S if interval_s and interval_s <= _ASK_OFTEN_S else _ASK_EVERY_S

    def collect(self, now: float) -> tuple[Container, ...] | None:
        """Read what can be read, and return every container; None: no engine answers. For one thread."""
        known = self._inventory.containers
        if known is None:
            return None
        if self._files is None:
            self._files = self._make_files()
        running = [each for each in known if each.runs]
        unreadable = []
        for each in running:
            usage = self._usage(self._files, each)
            if usage is None:
                unreadable.append(each)
            else:
                self._read.note(each.life, usage, now)
        self._unreadable = tuple(unreadable)
        lives = {each.life for each in running}
        self._read.keep(lives)
        for life in self._places.keys() - lives:
            del self._places[life]
        return tuple(self.complete(each) for each in known)

    def complete(self, described: Described) -> Container:
        """Return a container with the newest numbers there are of it, and its status in words."""
        status = described.worded(time.time_ns() // 1_000_000)
        found = self._read.get(described.life) or self._asked.get(described.life) if described.runs else None
        if found is None:
            return replace(described.facts, status=status)
        return _with_numbers(described.facts, status, *found)

    async def run(self) -> NoReturn:
        """Ask the engine about what cannot be read, until cancelled."""
        while True:
            await asyncio.sleep(self._ask_every_s)
            wanted = self._unreadable
            self._asked.keep({each.life for each in wanted})
            if not wanted or self._engine.connected is None:
                continue
            most = _FEW if self._engine.speaks(*_AT_ONCE_FROM) else len(wanted)
            turns = asyncio.Semaphore(most)
            async with asyncio.TaskGroup() as tasks:
                for each in wanted:
                    tasks.create_task(self._ask(each, turns), name=f"statistics-{each.facts.name}")

    def _usage(self, files: CgroupFiles, each: Described) -> Usage | None:
        if each.life not in self._places:
            self._places[each.life] = None
            with suppress(UnreadableError):
                self._places[each.life] = files.find(each.id, each.pid, has_network=each.has_network)
        place = self._places[each.life]
        try:
            return None if place is None else files.read(place)
        except UnreadableError:
            # It has just ended; the engine will tell.
            return None

    async def _ask(self, each: Described, turns: asyncio.Semaphore) -> None:
        async with turns:
            try:
                # Before 1.41 there is no such thing; then each answer takes two seconds.
                options = {"one_shot": True} if self._engine.speaks(1, 41) else {}
                usage, read_at = await self._engine.statistics(
                    lambda api: _understood(api.stats(each.id, stream=False, **options))
                )
            except EngineError as exc:
                self._episode.fail(exc.code.value, detail=exc.message)
                return
        self._episode.recover()
        if read_at is not None:
            self._asked.note(each.life, usage, read_at)


def _understood(stats: object) -> tuple[Usage, float | None]:
    """Return a reading and the engine's own time of it; None: it does not run (any more)."""
    if not isinstance(stats, dict):
        return Usage(), None
    try:
        return from_engine(stats), parse_ms(str(stats.get("read"))) / 1000
    except ValueError:
        return Usage(), None


def _with_numbers(facts: Container, status: str, usage: Usage, rate: Rates) -> Container:
    return replace(
        facts,
        status=status,
        cpu_percent=_rounded(rate.cpu_percent),
        memory_used=usage.memory.used,
        memory_anon=usage.memory.anon,
        memory_file=usage.memory.file,
        memory_shmem=usage.memory.shmem,
        rx_bps=_rounded(rate.rx_bps),
        tx_bps=_rounded(rate.tx_bps),
        read_bps=_rounded(rate.read_bps),
        write_bps=_rounded(rate.write_bps),
        pids=usage.pids,
        throttled_percent=_rounded(rate.throttled_percent),
    )


def _rounded(value: float | None) -> float | None:
    # More digits are noise, and bytes in every sample.
    return None if value is None else round(value, 2)
