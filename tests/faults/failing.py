"""A hub that ends by a power cut."""

import asyncio
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import power
from tests.faults.assault import Hub


@dataclass
class FailingHub(Hub):
    """A hub whose end is a power cut: its files are then what the disk may hold."""

    lost_writes: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - the same each time
    _starts: int = 0

    async def start(self) -> None:
        self._starts += 1
        self.environ["POWER_LOG"] = str(self._log)
        self.data.mkdir(exist_ok=True)
        await asyncio.to_thread(power.snapshot, self.data, self._aside)
        await super().start()

    async def end(self, number: int = signal.SIGKILL) -> None:
        await super().end(number)
        self.lost_writes += await asyncio.to_thread(
            power.after_the_cut, self._aside, self._log, self.data, self._chance
        )

    @property
    def _log(self) -> Path:
        return self.data.with_name(f"power-{self._starts}.log")

    @property
    def _aside(self) -> Path:
        return self.data.with_name("before")
