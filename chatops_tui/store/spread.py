"""How a command is spread over many servers: how many at once, when to stop, on which first."""

from typing import Final

import msgspec

# Servers that begin at once: quick for a team's fleet, and no stampede on what they share.
USUAL_AT_ONCE: Final = 20
MOST_AT_ONCE: Final = 100
# More than any fleet has.
_MOST: Final = 100_000


class Spread(msgspec.Struct, frozen=True):
    """The default is all of them, some at a time, whatever happens."""

    at_once: int = USUAL_AT_ONCE
    stop_after: int | None = None
    """Once so many have failed no more are begun; None: never."""
    first: int = 0
    """So many go ahead, and the others wait until somebody has looked; 0: none."""

    @property
    def said(self) -> str:
        """What a person reads before the command is run."""
        parts = [f"first {self.first}, the rest when you say so"] if self.first else []
        parts.append(f"{self.at_once} at once")
        if self.stop_after:
            parts.append(f"stop after {self.stop_after} failed")
        return ", ".join(parts)


EVERYWHERE: Final = Spread()


def spread_of(at_once: str, stop_after: str, first: str) -> Spread | str:
    """Return what was typed, empty fields being the default, or what is wrong with it."""
    numbers: dict[str, int] = {}
    for name, text, least, most in (
        ("At once", at_once, 1, MOST_AT_ONCE),
        ("Stop after", stop_after, 1, _MOST),
        ("First", first, 0, _MOST),
    ):
        typed = text.strip()
        if not typed:
            continue
        if not (typed.isascii() and typed.isdigit() and least <= int(typed) <= most):
            return f"{name} takes a number from {least} to {most}, or nothing."
        numbers[name] = int(typed)
    return Spread(numbers.get("At once", USUAL_AT_ONCE), numbers.get("Stop after"), numbers.get("First", 0))
