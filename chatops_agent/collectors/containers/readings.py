"""The newest reading of each container, and the rates since the one before. Pure."""

from collections.abc import Collection

from chatops_agent.collectors.containers.usage import Rates, Usage, rates

# What tells one run of a container from the next (Described.life): counters begin anew with each.
Life = tuple[str, int | None]


class Readings:
    """Remembers two readings of each life, as counters, and what they mean."""

    def __init__(self) -> None:
        # Together, as one thread notes and forgets what others look up.
        self._last: dict[Life, tuple[Usage, float, Rates]] = {}

    def note(self, life: Life, usage: Usage, at_s: float) -> None:
        """Take a reading.

        Args:
            life: Whose.
            usage: What was read.
            at_s: When, by the clock of whatever was read; one that has not advanced tells nothing.
        """
        before = self._last.get(life)
        if before is None:
            self._last[life] = (usage, at_s, Rates())
        elif at_s > before[1]:
            self._last[life] = (usage, at_s, rates(before[0], usage, at_s - before[1]))

    def get(self, life: Life) -> tuple[Usage, Rates] | None:
        """Return the newest reading and its rates; None: there is none."""
        found = self._last.get(life)
        return None if found is None else (found[0], found[2])

    def keep(self, lives: Collection[Life]) -> None:
        """Forget all others."""
        for life in self._last.keys() - lives:
            del self._last[life]
