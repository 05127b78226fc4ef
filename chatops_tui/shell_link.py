"""Shells between hub and screens: shown in this terminal, and what became of each in a sentence."""

import asyncio
import os
import sys
from collections.abc import Collection, Coroutine
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, TypeVar

from chatops_tui.relay.place import Place
from chatops_tui.render.recording import Recording, RecordingError, understood
from chatops_tui.requests import RequestFailedError, ShellLeft
from chatops_tui.store.playback import Playback
from chatops_tui.store.shells import Shell, merged
from chatops_wire.client_terminals import TerminalEntry

if TYPE_CHECKING:
    from chatops_tui.client.http import Rest
    from chatops_tui.client.terminals import Terminals
    from chatops_tui.relay.shell import Left

T = TypeVar("T")

_TERM: Final = "xterm-256color"
# Beyond these one searches the audit log.
_NEWEST: Final = 200


class Desk(Protocol):
    """The link, as far as shells need it."""

    @property
    def terminals(self) -> "Terminals":
        """Terminals over the live connection; RequestFailedError while there is none."""
        ...

    @property
    def rest(self) -> "Rest":
        """The hub's REST interface; RequestFailedError while there is none."""
        ...

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request; RequestFailedError."""
        ...


class ShellLink:
    """`requests.Shells`."""

    def __init__(self, desk: Desk, *, allows_clipboard: bool = False) -> None:
        self._desk = desk
        self._allows_clipboard = allows_clipboard

    async def show(self, place: Place) -> ShellLeft:
        """Show a shell in this program's terminal until it ends or is left; RequestFailedError."""
        from chatops_tui.relay.local import NoTerminalError  # noqa: PLC0415 - see hub_link: aiohttp is slow
        from chatops_tui.relay.shell import Manner, show_shell  # noqa: PLC0415 - likewise

        manner = Manner(
            term=os.environ.get("TERM") or _TERM,
            allows_clipboard=self._allows_clipboard,
            is_utf8=_is_utf8(),
        )
        try:
            left = await self._desk.ask(show_shell(self._desk.terminals, place, manner))
        except NoTerminalError as exc:
            raise RequestFailedError(f"Not here: {exc}.") from exc
        return told(left, place.server_name)

    async def known(self, server_id: str, reachable: Collection[str]) -> tuple[Shell, ...]:
        """Return the newest shells of one server, "" of any; `reachable` agents are asked what still runs."""
        views = await self._desk.ask(self._desk.rest.terminals.newest(server_id, limit=_NEWEST))
        concerned = {view.server_id for view in views} | ({server_id} if server_id else set())
        running = dict(await asyncio.gather(*map(self._running, sorted(concerned & set(reachable)))))
        return merged(views, {one: entries for one, entries in running.items() if entries is not None})

    async def end(self, server_id: str, terminal_id: str) -> None:
        """End a shell and what runs in it, whoever views it."""
        await self._desk.ask(self._desk.terminals.end(server_id, terminal_id))

    async def save(self, terminal_id: str, path: Path) -> int:
        """Write a recording to a new file, and return its size in bytes; also OSError."""
        # Exclusively: what came into being since somebody looked is not overwritten either.
        file = await asyncio.to_thread(path.open, "xb")
        try:
            return await self._desk.ask(self._desk.rest.terminals.fetch(terminal_id, file))
        except BaseException:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise
        finally:
            await asyncio.to_thread(file.close)

    async def recording(self, terminal_id: str) -> Recording:
        """Return what a shell showed; also when it cannot be understood RequestFailedError."""
        file = await asyncio.to_thread(TemporaryFile)
        try:
            await self._desk.ask(self._desk.rest.terminals.fetch(terminal_id, file))
            return await asyncio.to_thread(_understood, file)
        except RecordingError as exc:
            raise RequestFailedError(f"The recording cannot be played: {exc}.") from exc
        except OSError as exc:
            raise RequestFailedError(f"There is no room for the recording: {exc.strerror}.") from exc
        finally:
            await asyncio.to_thread(file.close)

    async def play(self, recording: Recording, title: str) -> ShellLeft:
        """Play a recording in this program's terminal until somebody leaves."""
        from chatops_tui.relay.local import NoTerminalError  # noqa: PLC0415 - likewise
        from chatops_tui.relay.player import play  # noqa: PLC0415 - likewise

        try:
            played = await play(recording, title, Playback(recording), is_utf8=_is_utf8())
        except NoTerminalError as exc:
            raise RequestFailedError(f"Not here: {exc}.") from exc
        return ShellLeft(ends_program=played.kind != "left")

    async def _running(self, server_id: str) -> tuple[str, tuple[TerminalEntry, ...] | None]:
        try:
            return server_id, await self._desk.ask(self._desk.terminals.listed(server_id))
        except RequestFailedError:
            # It went away, or does not allow it any more: what it runs is not known.
            return server_id, None


def _understood(file: IO[bytes]) -> Recording:
    file.seek(0)
    return understood(file)


def _is_utf8() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()


def told(left: "Left", server_name: str) -> ShellLeft:
    """Return what is said of a shell that was shown."""
    match left.kind:
        case "detached" if left.reason:
            return ShellLeft(
                f"The shell on {server_name} was not left as it should be: {left.reason}", is_well=False
            )
        case "detached":
            return ShellLeft(f"The shell on {server_name} runs on. S lists it.")
        case "ended" if left.code is not None:
            return ShellLeft(f"The shell on {server_name} ended: {left.reason or left.code}", is_well=False)
        case "ended":
            status = f" with {left.exit_code}" if left.exit_code else ""
            return ShellLeft(f"The shell on {server_name} ended{status}.")
        case "lost":
            return ShellLeft(f"{server_name}: {left.reason}", is_well=False)
        case "hangup" | "signal":
            return ShellLeft(ends_program=True)
