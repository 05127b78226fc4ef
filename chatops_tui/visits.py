"""Visits to shells: the UI steps aside, says afterwards how it went, and ends if it was told to meanwhile."""

from collections.abc import Awaitable, Callable
from typing import Final

from chatops_tui.aside import step_aside
from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.relay.place import Place
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError, ShellLeft
from chatops_tui.screens.context import Context
from chatops_tui.store.models import LinkPhase

_NOT_CONNECTED: Final = "Not connected to the hub."


class Visits:
    """One at a time: the terminal can be lent once only."""

    def __init__(self, app: LeanApp[object], given: Context, came_back: Callable[[], None]) -> None:
        """Go nowhere yet; `came_back` is called each time this program's terminal and signals are its own."""
        self._app = app
        self._given = given
        self._came_back = came_back

    def go(self, place: Place) -> None:
        """Show a shell; returns at once."""
        self._app.run_worker(self._gone(lambda: self._shown(place)), name="shell", exit_on_error=False)

    def play(self, terminal_id: str, title: str) -> None:
        """Play a recording; returns at once."""
        self._app.run_worker(
            self._gone(lambda: self._played(terminal_id, title)), name="recording", exit_on_error=False
        )

    async def _gone(self, go: Callable[[], Awaitable[ShellLeft]]) -> None:
        try:
            left = await go()
        except RequestFailedError as exc:
            left = ShellLeft(str(exc), is_well=False)
        if left.ends_program:
            self._app.exit()
        elif left.said:
            self._app.notify(
                clean(left.said), severity="information" if left.is_well else "error", markup=False
            )

    async def _shown(self, place: Place) -> ShellLeft:
        if self._given.store.link.phase is not LinkPhase.LIVE:
            # Before the UI is gone: without a connection there would be nothing to look at while it waits.
            raise RequestFailedError(_NOT_CONNECTED)
        return await self._aside(lambda: self._given.shells.show(place))

    async def _played(self, terminal_id: str, title: str) -> ShellLeft:
        recording = await self._given.shells.recording(terminal_id)
        return await self._aside(lambda: self._given.shells.play(recording, title))

    async def _aside(self, work: Callable[[], Awaitable[ShellLeft]]) -> ShellLeft:
        try:
            return await step_aside(self._app, work)
        finally:
            self._came_back()
