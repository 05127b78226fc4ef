"""What screens ask of the hub, without knowing how it is reached."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from chatops_tui.relay.place import Place
from chatops_tui.render.recording import Recording
from chatops_tui.store.dashboards import Boards
from chatops_tui.store.log_memory import LogSink
from chatops_tui.store.ranges import Range
from chatops_tui.store.shells import Shell
from chatops_tui.store.spread import EVERYWHERE, Spread
from chatops_tui.store.time_view import Stretch
from chatops_wire.policy import Allowance, PolicyView
from chatops_wire.rest import ServerView
from chatops_wire.rest_moments import MomentView
from chatops_wire.streams import LogSource


class RequestFailedError(Exception):
    """The hub could not be asked, or said no; the text is one sentence, neutralise before drawing."""


class CodeNeededError(RequestFailedError):
    """The password is right, and a code of the second factor is needed too."""


class NewServer(msgspec.Struct, frozen=True):
    """A server, and the key its agent needs: told this once."""

    view: ServerView
    key: str
    is_new: bool = True
    """False: the server was there, and has one key more."""


class NewToken(msgspec.Struct, frozen=True):
    """What lets a machine in that makes itself a server: told this once."""

    line: str
    """The token, and behind a dot the pin of the hub's own certificate."""
    expires_at: str
    """RFC 3339."""
    uses: int = 1
    """How many machines come with it."""


class CurveWish(msgspec.Struct, frozen=True):
    """Some metrics of one server over a range up to now; live samples join them while they are wanted."""

    server_id: str
    range: Range
    metrics: tuple[str, ...]


class ReelWish(msgspec.Struct, frozen=True):
    """A piece of one server's past; `until_ms` is how far of it is seen."""

    server_id: str
    metrics: tuple[str, ...]
    piece: Stretch
    until_ms: int


class Needs(msgspec.Struct, frozen=True):
    """What the visible screen shows; whoever serves it asks the hub for exactly this."""

    watched: frozenset[str] = frozenset()
    """Servers whose every sample is wanted; their agents then sample each second."""
    histories: frozenset[tuple[str, Range]] = frozenset()
    """What a server's own charts show, up to now."""
    timelines: frozenset[str] = frozenset()
    containers: frozenset[str] = frozenset()
    """Servers whose containers are wanted; `EVERYWHERE` for those of all."""
    curves: frozenset[CurveWish] = frozenset()
    reels: frozenset[ReelWish] = frozenset()


class Past(Protocol):
    """Moments that are over. RequestFailedError; cancelling is safe."""

    async def moment(self, server_id: str, at_ms: int) -> MomentView:
        """Return what a server looked like at a moment of its own clock, Unix milliseconds."""
        ...


class Hub(Protocol):
    """The hub as screens see it. Every coroutine raises RequestFailedError; cancelling is safe."""

    @property
    def address(self) -> str:
        """The hub's address."""
        ...

    @property
    def pin(self) -> str:
        """The pin its certificate is known by; empty: an authority vouches for it."""
        ...

    @property
    def past(self) -> Past:
        """What was."""
        ...

    async def sign_in(self, address: str, username: str, password: str, otp: str = "") -> None:
        """Sign in, also at another hub; the fleet follows by the feed. CodeNeededError: again, with `otp`."""
        ...

    async def sign_out(self) -> None:
        """End the session here and at the hub."""
        ...

    async def add_server(self, name: str, tags: tuple[str, ...]) -> NewServer:
        """Add a server and make the key for its agent."""
        ...

    async def enroll_token(self, tags: tuple[str, ...]) -> NewToken:
        """Make what lets one machine in that then makes itself a server with these tags."""
        ...

    async def edit_server(self, server_id: str, name: str, tags: tuple[str, ...]) -> None:
        """Change name and tags."""
        ...

    async def policy(self, server_id: str) -> PolicyView:
        """Return what may be asked of a server's machine, and who decided what."""
        ...

    async def narrow(self, server_id: str, allowed: tuple[Allowance, ...] | None) -> None:
        """Do without the rest of what a server's machine allows; None: without nothing."""
        ...

    async def delete_server(self, server_id: str) -> None:
        """Remove a server; its agent is cut off."""
        ...

    def reconnect_now(self) -> None:
        """Do not wait for the next attempt."""
        ...


class BoardsRead(msgspec.Struct, frozen=True):
    """What the file of dashboards held, and a mark of that state of it."""

    stamp: object
    boards: Boards
    is_missing: bool = False


class BoardFile(Protocol):
    """The file of dashboards."""

    @property
    def path(self) -> str:
        """Where it is, for a person."""
        ...

    async def read(self, stamp: object) -> BoardsRead | None:
        """Return what it holds; None: it is as it was at `stamp`. Whatever is wrong is among the faults."""
        ...


class NoBoards:
    """`BoardFile` where there is none."""

    path = ""

    async def read(self, stamp: object) -> BoardsRead | None:
        """Return nothing."""
        return None if stamp == () else BoardsRead((), Boards(), is_missing=True)


class Commands(Protocol):
    """Commands on servers. What becomes of them is told by the store, also when the hub says no."""

    def start(self, server_id: str, command: str) -> None:
        """Run a command on one server; returns at once."""
        ...

    def start_many(
        self, server_ids: Sequence[str], command: str, batch: int = 0, spread: Spread = EVERYWHERE
    ) -> int:
        """Run a command on several servers, or on some more of a fan-out; returns its number at once.

        Of `spread` counts how many at once and when to stop; which are first is the caller's matter.
        """
        ...

    def stop(self, key: int) -> None:
        """End a run: TERM to the whole group, and asked once more KILL; returns at once."""
        ...

    async def output(self, command_id: str) -> bytes:
        """Return everything the hub has kept of an output; RequestFailedError."""
        ...

    async def recent(self, server_id: str) -> tuple[str, ...]:
        """Return commands run before on a server, "" on any; the newest first; RequestFailedError."""
        ...


class ShellLeft(msgspec.Struct, frozen=True):
    """How this terminal came back from a shell."""

    said: str = ""
    """One sentence for a person, neutralise before drawing; empty: nothing that is not seen anyway."""
    is_well: bool = True
    ends_program: bool = False
    """This program was told to end meanwhile, or its terminal is gone."""


class Shells(Protocol):
    """Terminals on servers. Every coroutine raises RequestFailedError."""

    async def show(self, place: Place) -> ShellLeft:
        """Show a shell in this program's terminal until it ends or is left.

        Nobody else may use the terminal meanwhile (`aside.step_aside`). Cancelling is safe.
        """
        ...

    async def known(self, server_id: str, reachable: Collection[str]) -> tuple[Shell, ...]:
        """Return the newest shells of one server, "" of any; `reachable` agents are asked what still runs."""
        ...

    async def end(self, server_id: str, terminal_id: str) -> None:
        """End a shell and what runs in it, whoever views it."""
        ...

    async def save(self, terminal_id: str, path: Path) -> int:
        """Write a recording to a new file, and return its size in bytes; also OSError."""
        ...

    async def recording(self, terminal_id: str) -> Recording:
        """Return what a shell showed; also when it cannot be understood RequestFailedError."""
        ...

    async def play(self, recording: Recording, title: str) -> ShellLeft:
        """Play a recording in this program's terminal until somebody leaves; as `show`."""
        ...


class Logs(Protocol):
    """Logs of servers."""

    def follow(self, server_id: str, source: LogSource, memory: LogSink) -> Callable[[], None]:
        """Fill `memory` until what is returned is called; RequestFailedError."""
        ...
