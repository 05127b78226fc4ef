"""Shells between hub and screens: shown in this terminal, and what became of each in a sentence."""

import os
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from chatops_tui.relay.place import Place
from chatops_tui.requests import RequestFailedError, ShellLeft

if TYPE_CHECKING:
    from chatops_tui.client.terminals import Terminals
    from chatops_tui.relay.shell import Left

T = TypeVar("T")

_TERM: Final = "xterm-256color"


class Desk(Protocol):
    """The link, as far as shells need it."""

    @property
    def terminals(self) -> "Terminals":
        """Terminals over the live connection; RequestFailedError while there is none."""
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
            is_utf8="utf" in (sys.stdout.encoding or "").lower(),
        )
        try:
            left = await self._desk.ask(show_shell(self._desk.terminals, place, manner))
        except NoTerminalError as exc:
            raise RequestFailedError(f"Not here: {exc}.") from exc
        return told(left, place.server_name)


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
