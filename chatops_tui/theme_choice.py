"""Which colours the UI has: what the settings say, else what was chosen last time, else what suits."""

import asyncio
import logging
from pathlib import Path

from textual.app import App

from chatops_tui import themes
from chatops_tui.terminal import Terminal
from chatops_tui.view_file import View, remember, remembered

log = logging.getLogger(__name__)


class ThemeChoice:
    """The themes of one app; what a person chooses is remembered, if somebody says where."""

    def __init__(self, app: App[object], terminal: Terminal) -> None:
        """Make the themes known to `app`."""
        themes.register(app)
        self._app = app
        self._terminal = terminal
        self._folder: Path | None = None
        self._last = ""

    def remember_in(self, folder: Path, *, is_set: bool) -> None:
        """Keep what is chosen in this folder, and begin with what is kept there; reads it now.

        Where the settings name a theme (`is_set`), that counts more than what was chosen last time.
        """
        self._folder = folder
        self._last = "" if is_set else remembered(folder).theme

    @property
    def names(self) -> tuple[str, ...]:
        """What there is to choose from on this terminal."""
        return themes.names(is_poor=self._terminal.colour == "standard")

    def begin(self) -> None:
        """Set the first theme."""
        wanted = self._last if self._last in self.names else self._terminal.theme
        self._app.theme = wanted if wanted in self._app.available_themes else self.names[0]

    def take(self, name: str) -> None:
        """Change to this one, because somebody chose it."""
        self._app.theme = name
        if self._folder is not None:
            self._app.run_worker(self._keep(self._folder, name), name="remember-theme", exit_on_error=False)

    def take_next(self) -> None:
        """Change to the one after this."""
        self.take(themes.after(self._app.theme, self.names))

    async def _keep(self, folder: Path, name: str) -> None:
        try:
            await asyncio.to_thread(remember, folder, View(theme=name))
        except OSError as exc:
            # It is for the next start only, and nobody is in the way of this one.
            log.warning("the theme is not remembered", extra={"reason": exc.strerror})
