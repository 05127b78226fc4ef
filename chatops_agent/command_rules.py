"""Lists of allowed commands: which program, with which arguments; run as they stand, by no shell. Pure."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chatops_agent.patterns import Pattern
from chatops_wire.commands import Command

_MOST_CHARS: Final = 4096
_MOST_SHOWN: Final = 160


class NotListedError(Exception):
    """A command that the list does not allow; the text says why, for whoever asked."""


@dataclass(frozen=True, slots=True)
class CommandRule:
    """One allowed command."""

    program: str
    """Its absolute path; whatever the order's PATH would find, this runs."""
    arguments: tuple[str | Pattern, ...] = ()
    """As many as there are; a text is meant exactly."""
    cwd: str | None = None
    """The only folder it may be run in besides the home of the agent's user."""
    stdin: bool = False
    """Whether it may be given input."""
    env: frozenset[str] = frozenset()
    """The only variables that may be set for it; others decide what a program does (LD_PRELOAD, PATH)."""

    @property
    def text(self) -> str:
        """Return it as people read it; what is a pattern stands between slashes."""
        words = (
            f"/{each.text}/" if isinstance(each, Pattern) else shlex.quote(each) for each in self.arguments
        )
        return " ".join((shlex.quote(self.program), *words))

    def matches(self, argv: Sequence[str]) -> bool:
        """Say whether these words are this command."""
        if not argv or argv[0] not in (self.program, os.path.basename(self.program)):  # noqa: PTH119 - no file
            return False
        given = argv[1:]
        return len(given) == len(self.arguments) and all(
            _matches(wanted, word) for wanted, word in zip(self.arguments, given, strict=True)
        )


def listed(order: Command, rules: Sequence[CommandRule]) -> tuple[str, ...]:
    """Return the words to run, the program by its path.

    A command that came as one text is split as a shell would split it, and nothing else of a shell's is done:
    `;`, `$( )`, `|` and line ends are letters of arguments, or split words.

    Raises:
        NotListedError: No rule allows it, or none with this input, folder or environment.
    """
    argv = order.argv or _words(order.command)
    found = [rule for rule in rules if rule.matches(argv)]
    if not found:
        raise NotListedError(f"{_shown(argv)} is not on this machine's list of commands")
    for rule in found:
        complaint = _complaint(rule, order)
        if not complaint:
            return (rule.program, *argv[1:])
    raise NotListedError(f"{_shown(argv)} is allowed here, but {_complaint(found[0], order)}")


def _matches(wanted: str | Pattern, word: str) -> bool:
    if isinstance(wanted, str):
        return wanted == word
    # What is meant as a name is never an option, unless the pattern itself begins like one.
    return wanted.matches(word) and (not word.startswith("-") or wanted.text.startswith("-"))


def _complaint(rule: CommandRule, order: Command) -> str:
    if order.cwd is not None and order.cwd != rule.cwd:
        return f"not in the folder {order.cwd[:_MOST_SHOWN]!r}"
    if not rule.stdin and (order.stdin or order.stdin_data):
        return "not with input"
    strange = sorted(set(order.env) - rule.env)
    return f"not with the variable {strange[0][:_MOST_SHOWN]!r}" if strange else ""


def _words(command: str) -> tuple[str, ...]:
    if len(command) > _MOST_CHARS:
        raise NotListedError(f"a command of more than {_MOST_CHARS} characters is on no list")
    try:
        return tuple(shlex.split(command))
    except ValueError as exc:
        raise NotListedError("a quote is not closed, so no command on the list is meant") from exc


def _shown(argv: Sequence[str]) -> str:
    return repr(" ".join(argv)[:_MOST_SHOWN])
