"""Commands under way: who runs them, what they said, and what the hub waits for."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from chatops_server.broker.run_output import RunOutput
from chatops_server.broker.sessions import AgentSession
from chatops_wire.commands import WINDOW_BYTES, CommandFinished, CommandResponse


@dataclass(slots=True, eq=False)
class Run:
    """One command that was sent, or is about to be."""

    id: str
    num: int
    """Its number in the database."""
    server_id: str
    user_id: str | None
    address: str | None
    """Where the user asked from; None after a restart of the hub."""
    timeout_s: float
    shown: str
    """The command in one short line, for people."""
    batch_id: str | None = None
    output: RunOutput = field(default_factory=RunOutput)
    session: AgentSession | None = None
    """The connection it is told over; None while its agent is away."""
    sent_at: float | None = None
    """Loop time; None while it waits its turn in a batch."""
    gives_up_at: float | None = None
    """Loop time at which nothing is expected of the agent any more; None while it waits its turn."""
    response: CommandResponse | None = None
    """What the agent, or the hub in its place, said of the end; perhaps not stored yet."""
    result: CommandResponse | None = None
    """The end that was stored."""
    finished: CommandFinished | None = None
    """The same, for followers."""
    is_cancelled: bool = False
    """Somebody asked for its end."""
    is_forced: bool = False
    is_disowned: bool = False
    """Another hub sees to it now, since it took this one for gone."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set with `finished`."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Tells the run's keeper to look."""
    has_room: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the keeper whenever it has moved output out of memory."""
    next_part: int = 0
    """Under which number the next piece of its output goes into the database."""
    owed: int = 0
    """Bytes that came and for which no credit was given yet."""

    @property
    def is_waiting(self) -> bool:
        """Whether it has its turn in a batch still before it."""
        return self.sent_at is None and self.response is None and not self.is_disowned

    @property
    def waits_for_agent(self) -> bool:
        """Whether it goes on, or may, and its agent is away."""
        return self.session is None and self.sent_at is not None and self.response is None

    @property
    def owes_credit(self) -> bool:
        """Whether half of the window is used."""
        return self.owed >= WINDOW_BYTES // 2

    def respond(self, response: CommandResponse) -> None:
        """Take the end; the first one counts."""
        if self.response is None:
            self.response = response
            self.wake.set()


class Runs:
    """All runs under way. For the event loop's thread only; nothing here waits."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(tuple(self._runs.values()))

    def get(self, command_id: str) -> Run | None:
        """Return a run, None when it has ended or never was."""
        return self._runs.get(command_id)

    def add(self, run: Run) -> None:
        """Take up a run."""
        self._runs[run.id] = run

    def remove(self, run: Run) -> None:
        """Forget a run; unknown ones are ignored."""
        self._runs.pop(run.id, None)

    def on(self, server_id: str) -> list[Run]:
        """Return the runs of one server."""
        return [run for run in self._runs.values() if run.server_id == server_id]

    def count_of(self, user_id: str | None) -> int:
        """Return how many runs a user has."""
        return sum(run.user_id == user_id for run in self._runs.values())
