"""Commands typed before: one back, one forth, and search."""

from collections.abc import Iterable
from typing import Final

# What a search goes through without a pause.
MOST: Final = 1000


class Recall:
    """A history without repetitions, the newest last, and a place in it."""

    def __init__(self) -> None:
        self._commands: dict[str, None] = {}
        self._place = 0
        """Steps back from what is being typed."""
        self._draft = ""

    def add(self, command: str) -> None:
        """Remember a command as the newest, and go back to the line being typed."""
        self._commands.pop(command, None)
        self._commands[command] = None
        while len(self._commands) > MOST:
            del self._commands[next(iter(self._commands))]
        self._place, self._draft = 0, ""

    def load(self, older: Iterable[str]) -> None:
        """Take commands from before this session, the newest first; what is known already stays newer."""
        before = [command for command in dict.fromkeys(older) if command not in self._commands]
        self._commands = dict.fromkeys([*reversed(before), *self._commands])

    def back(self, typed: str) -> str:
        """Return the command before the shown one; `typed` is what the line holds. At the end it stays."""
        return self._step(1, typed)

    def forth(self, typed: str) -> str:
        """Return the command after the shown one, and at last what was being typed."""
        return self._step(-1, typed)

    def matching(self, words: str) -> list[str]:
        """Return the commands that hold every word, the newest first."""
        wanted = words.lower().split()
        return [one for one in reversed(self._commands) if all(word in one.lower() for word in wanted)]

    def _step(self, step: int, typed: str) -> str:
        if self._place == 0:
            self._draft = typed
        commands = list(self._commands)
        self._place = min(len(commands), max(0, self._place + step))
        return commands[-self._place] if self._place else self._draft
