"""The newest reading of each container, and the rates since the one before. Pure."""

from collections.abc import Collection

from chatops_agent.collectors.containers.usage import Rates, Usage, rates

# What tells one run of a container from the next (Described.life): counters begin anew with each.
Life = tuple[str, int | None]


class Readings:
    """Remembers two readings of each life, as counters, and what they mean."""

    def __init__(self) -> None:
        self._last: dict[Life, tuple[Usage, float]] = {}
        self._rates: dict[Life, Rates] = {}

    def note(self, life: Life, usage: Usage, at_s: float) -> None:
        """Take a reading.

        Args:
            life: Whose.
            usage: What was read.
            at_s: When, by the clock of whatever was read; one that has not advanced tells nothing.
        """
        before = self._last.get(life)
        if before is None:
            self._rates[life] = Rates()
        elif at_s > before[1]:
            self._rates[life] = rates(before[0], usage, at_s - before[1])
        else:
            return
        self._last[life] = (usage, at_s)

    def get(self, life: Life) -> tuple[Usage, Rates] | None:
        """Return the newest reading and its rates; None: there is none."""
        found = self._last.get(life)
        return None if found is None else (found[0], self._rates[life])

    def keep(self, lives: Collection[Life]) -> None:
        """Forget all others."""
        for life in self._last.keys() - lives:
            del self._last[life], self._rates[life]
