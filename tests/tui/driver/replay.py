"""A terminal to replay bytes in, and an app whose output is recorded instead of written."""

from dataclasses import dataclass
from typing import Any

import pyte
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.drivers.headless_driver import HeadlessDriver

from chatops_tui.driver.lean_app import LeanApp


class Waiting(list[str]):
    """What was written and not read; has the one method of a queue that is asked for."""

    def qsize(self) -> int:
        return len(self)


@dataclass
class WriterDouble:
    """Stands where Textual's writer thread does."""

    _queue: Waiting


class RecordingDriver(HeadlessDriver):
    """A driver like the real one, but what it writes stays here; it reads at once unless `stuck`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on as they come
        super().__init__(*args, **kwargs)
        self.written: list[str] = []
        self.stuck = False
        self.waiting = Waiting()
        self._writer_thread = WriterDouble(self.waiting)

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        if self.stuck:
            self.waiting.append(data)
        else:
            self.written.append(data)

    def flush(self) -> None:
        """Write nothing: there is nothing behind it."""

    def unstick(self) -> None:
        """Read what waits, and from now on everything at once."""
        self.stuck = False
        self.written.extend(self.waiting)
        self.waiting.clear()


def recording(app: App[Any]) -> RecordingDriver:
    """Return the driver of a running app that was given `RecordingDriver`."""
    driver = app._driver  # noqa: SLF001 - there is no other way to it
    assert isinstance(driver, RecordingDriver)
    return driver


def terminal(width: int, height: int, text: str = "") -> pyte.Screen:
    """Return a terminal that shows `text`."""
    screen = pyte.Screen(width, height)
    pyte.Stream(screen).feed(text)
    return screen


def cells(screen: pyte.Screen) -> list[list[tuple[Any, ...]]]:
    """Return every cell with its colours and attributes, as far as they can be seen."""
    return [[_seen(screen.buffer[y][x]) for x in range(screen.columns)] for y in range(screen.lines)]


def _seen(cell: Any) -> tuple[Any, ...]:  # noqa: ANN401 - pyte has no types
    is_bare = cell.data == " " and not (cell.reverse or cell.underscore or cell.strikethrough)
    return (" ", cell.bg) if is_bare else tuple(cell)


def what_textual_would_show(app: LeanApp[Any]) -> pyte.Screen:
    """Return a fresh terminal after one full repaint by Textual itself."""
    compositor = app.screen._compositor  # noqa: SLF001 - the frame this is all about
    update = compositor.render_update(full=True, screen_stack=app._background_screens)  # noqa: SLF001 - likewise
    assert isinstance(update, LayoutUpdate)
    return terminal(app.size.width, app.size.height, update.render_segments(app.console))


def dirty(app: App[Any]) -> bool:
    """Return whether something is still to be drawn."""
    return bool(app.screen._dirty_widgets)  # noqa: SLF001 - Textual says it nowhere else
