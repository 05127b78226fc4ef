"""What a person chose to look at, kept from one start to the next where somebody says where."""

import asyncio
import logging
from pathlib import Path

from textual.app import App

from chatops_tui.view_file import View, remember, remembered

log = logging.getLogger(__name__)


class KeptView:
    """The choices of one app; `change` them and they are on disk a moment later."""

    def __init__(self, app: App[object]) -> None:
        self._app = app
        self._folder: Path | None = None
        self._writing = asyncio.Lock()
        self.view = View()

    def keep_in(self, folder: Path) -> None:
        """Begin with what is kept in this folder, and keep there what changes; reads it now."""
        self._folder = folder
        self.view = remembered(folder)

    @property
    def is_first(self) -> bool:
        """Say whether nobody has been here before whose choices are kept."""
        return self._folder is not None and not self.view.toured

    def change(self, view: View) -> None:
        """Take other choices; returns at once."""
        if view != self.view:
            self.view = view
            if self._folder is not None:
                self._app.run_worker(self._write(self._folder), name="keep-view", exit_on_error=False)

    async def _write(self, folder: Path) -> None:
        # One after the other, each with what holds by then: the last one on disk is the last one chosen.
        async with self._writing:
            try:
                await asyncio.to_thread(remember, folder, self.view)
            except OSError as exc:
                # It is for the next start only, and nobody is in the way of this one.
                log.warning("the view is not remembered", extra={"reason": exc.strerror})
