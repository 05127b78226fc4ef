"""What many servers answered, with the same answers folded into one. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from chatops_tui.commands.outcome import in_words
from chatops_tui.render.numbers import size
from chatops_tui.render.output_lines import OutputLines
from chatops_wire.commands import CommandFinished, CommandStatus, OutputStream

# Everything has scrolled by already: this is to tell answers apart.
SHOWN_LINES: Final = 5
_NAMES_WIDTH: Final = 100


@dataclass(slots=True)
class _Stream:
    """Of one output only what is needed to compare and to begin to show it."""

    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size: int = 0
    head: list[str] = field(default_factory=list)
    lines: OutputLines = field(default_factory=OutputLines)

    def take(self, data: bytes) -> None:
        self.digest.update(data)
        self.size += len(data)
        if len(self.head) < SHOWN_LINES:
            self.head += [line.text for line in self.lines.feed(data)]

    def begun(self) -> list[str]:
        """Return the first lines."""
        rest = [self.lines.open.text] if len(self.head) < SHOWN_LINES and not self.lines.is_empty else []
        return (self.head + rest)[:SHOWN_LINES]


@dataclass(slots=True)
class Answer:
    """One server's: what it printed, and how it ended."""

    name: str
    status: CommandStatus = "running"
    exit_code: int | None = None
    signal: int | None = None
    reason: str = ""
    """Why there was none: refused, lost, unreachable."""
    _streams: dict[OutputStream, _Stream] = field(default_factory=dict)

    def printed(self, stream: OutputStream, data: bytes) -> None:
        """Take what it printed next."""
        self._streams.setdefault(stream, _Stream()).take(data)

    def ended(self, finished: CommandFinished) -> None:
        """Take how it ended."""
        self.status, self.exit_code, self.signal = finished.status, finished.exit_code, finished.signal

    @property
    def likeness(self) -> tuple[object, ...]:
        """Equal for answers that need not be told apart."""
        outputs = sorted((name, stream.digest.digest()) for name, stream in self._streams.items())
        return (self.status, self.exit_code, self.signal, self.reason, *outputs)

    @property
    def excerpt(self) -> list[str]:
        """The first lines of its output, or else of its complaints."""
        for name in ("stdout", "stderr"):
            stream = self._streams.get(name)
            if stream is not None and (lines := stream.begun()):
                return list(lines)
        return []

    @property
    def output_bytes(self) -> int:
        """How much it printed."""
        return sum(stream.size for stream in self._streams.values())


@dataclass(frozen=True, slots=True)
class Group:
    """Answers that are the same."""

    answers: tuple[Answer, ...]

    @property
    def is_good(self) -> bool:
        """The command succeeded there."""
        return self.answers[0].status == "succeeded"


def folded(answers: Iterable[Answer]) -> list[Group]:
    """Return the groups: what went wrong last, where the eye ends; the largest first."""
    groups: dict[tuple[object, ...], list[Answer]] = {}
    for answer in answers:
        groups.setdefault(answer.likeness, []).append(answer)
    found = [Group(tuple(same)) for same in groups.values()]
    return sorted(found, key=lambda group: (not group.is_good, -len(group.answers)))


def summary(answers: Sequence[Answer]) -> list[str]:
    """Return lines for people; remote text in them still has to be made harmless where it is shown."""
    groups = folded(answers)
    good = sum(len(group.answers) for group in groups if group.is_good)
    of = "1 server" if len(answers) == 1 else f"{len(answers)} servers"
    total = f"{of}: {good} succeeded"
    lines = [total if good == len(answers) else f"{total}, {len(answers) - good} did not"]
    for group in groups:
        lines += _told(group)
    return lines


def _told(group: Group) -> list[str]:
    first = group.answers[0]
    ended = in_words(first.status, first.exit_code, first.signal)
    glyph = "✓" if group.is_good else "✖"
    same = "the same output" if len(group.answers) > 1 and first.output_bytes else ""
    facts = ", ".join(part for part in (ended, first.reason, same) if part)
    lines = [f"{glyph} {len(group.answers)}  {facts}: {_names(group)}"]
    lines += [f"      {text}" for text in first.excerpt]
    if len(first.excerpt) == SHOWN_LINES:
        lines.append(f"      … {size(first.output_bytes)} in all")
    return lines


def _names(group: Group) -> str:
    names = [answer.name for answer in group.answers]
    shown: list[str] = []
    for name in names:
        if sum(map(len, shown)) + len(name) > _NAMES_WIDTH and shown:
            return f"{', '.join(shown)} and {len(names) - len(shown)} more"
        shown.append(name)
    return ", ".join(shown)
