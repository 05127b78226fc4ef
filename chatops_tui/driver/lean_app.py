"""An app that sends the terminal only cells that changed, and nothing while the wire is full.

Overrides private names of Textual 8.2 (`App._display`, the compositor's updates,
`LinuxDriver._writer_thread`), which is why its version is pinned; `cell_diff=False` leaves all of it to
Textual.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import ClassVar, Final, TypeVar

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter
from textual.screen import Screen

from chatops_tui.driver.celldiff import Run, ShadowGrid
from chatops_tui.driver.congestion import QUESTION, Congestion, WriteQueue
from chatops_tui.driver.glyphs import GlyphFilter
from chatops_tui.driver.lent_driver import lendable
from chatops_tui.render.charset import Charset, key_name

ReturnType = TypeVar("ReturnType")

# Mode 2026: the terminal shows the picture when it is complete. Sent with it in one write, so that one
# picture is one entry in the writer's queue.
_SYNC_START: Final = "\x1b[?2026h"
_SYNC_END: Final = "\x1b[?2026l"


class LeanApp(App[ReturnType]):
    """`App` with the cell diff, frame skipping and glyph substitution below everything that is drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+l", "repaint", "Repaint", show=False, id="app.repaint", system=True),
    ]

    def __init__(self, *, charset: Charset = "braille", cell_diff: bool = True) -> None:
        super().__init__()
        self.is_aside = False
        """The terminal is lent to somebody else: nothing is drawn, everything else goes on."""
        self.is_hosted = False
        """Whoever looks at it is not at this machine: nothing is written to its files for them."""
        self._cell_diff = cell_diff
        self._grid: ShadowGrid | None = None
        self._charset = charset
        self._glyphs = GlyphFilter(charset)
        self._congestion = Congestion(self._write_queue, self.set_timer)
        # It writes a `p` instead of an answer.
        self._may_ask = os.environ.get("TERM_PROGRAM") != "Apple_Terminal"
        self._parsed_for: Mapping[str, str] | None = None

    @property
    def congested(self) -> bool:
        """Whether the terminal has not taken the last picture yet, so that the next need not be composed."""
        return self._congestion.is_congested

    @property
    def skipped_pictures(self) -> int:
        """How many pictures were left out because the wire was full."""
        return self._congestion.skipped

    def begin_in(self, theme: str) -> None:
        """Set the first theme; call it in `on_load`, before the style sheets are parsed for another one."""
        self.theme = theme
        self._parsed_for = self.get_css_variables()
        self.stylesheet.set_variables(dict(self._parsed_for))

    def refresh_css(self, animate: bool = True) -> None:  # noqa: FBT001, FBT002 - Textual's signature
        """Draw in other colours; where the style sheets are parsed for these already, that is not done again.

        Textual asks for it once while it starts, which costs a twelfth of the way to the first picture.
        """
        parsed_for, self._parsed_for = self._parsed_for, None
        if parsed_for is not None and parsed_for == self.get_css_variables():
            self.stylesheet.update(self, animate=animate)
        else:
            super().refresh_css(animate)

    def get_key_display(self, binding: Binding) -> str:
        """Return the key as a word where the character set has no glyph for it."""
        return key_name(super().get_key_display(binding), self._charset)

    def get_driver_class(self) -> type[Driver]:
        """Return Textual's driver, or ours where it is the one for terminals."""
        return lendable(super().get_driver_class())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Lend the terminal meanwhile; an exception passes once it is the UI's again.

        Raises:
            SuspendNotSupported: This terminal cannot be lent.
        """
        failed: BaseException | None = None
        with self.suspend():
            self.is_aside = True
            try:
                yield
            except BaseException as exc:  # noqa: BLE001 - raised again below: Textual does not resume after one
                failed = exc
            finally:
                self.is_aside = False
        if failed is not None:
            raise failed

    def action_repaint(self) -> None:
        """Send the whole picture again, whatever the terminal shows."""
        self._forget()
        self.screen.refresh(layout=True)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters and the substitution of glyphs."""
        filters = super().get_line_filters()
        return [*filters, self._glyphs] if self._glyphs.enabled else filters

    def on_mount(self) -> None:
        """Know nothing of the terminal after it belonged to another program."""
        self.app_resume_signal.subscribe(self, lambda _app: self._resumed(), immediate=True)

    def on_terminal_supports_synchronized_output(self) -> None:
        """Hear that a picture has come: every one of them asks."""
        self._congestion.heard()

    def on_resize(self, _event: events.Resize) -> None:
        """Know nothing of the terminal after it moved its lines about."""
        self._forget()

    def _resumed(self) -> None:
        self._forget()
        self._congestion.forget()

    def _forget(self) -> None:
        if self._grid is not None:
            self._grid.forget()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Draw an update of the compositor; what else there is, or has no terminal, is Textual's."""
        if self.is_aside:
            self.post_display_hook()
            return
        if not isinstance(renderable, ChopsUpdate | LayoutUpdate) or not self._draws_itself:
            if renderable is not None and not self._batch_count:
                self._forget()
            super()._display(screen, renderable)
            return
        try:
            if self._congestion.admits(self._repaint_all):
                self._write_picture(self._drawn(renderable))
        finally:
            self.post_display_hook()

    @property
    def _draws_itself(self) -> bool:
        usable = self._driver is not None and not self.is_headless and not self._driver.is_inline
        return self._cell_diff and usable and self._running and not self._closed and not self._batch_count

    def _drawn(self, update: ChopsUpdate | LayoutUpdate) -> str:
        size = (self.size.width, self.size.height)
        if self._grid is None or self._grid.size != size:
            self._grid = ShadowGrid(*size)
        colours = self.console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - like Strip
        return self._grid.draw(runs(update), colours)

    def _write_picture(self, picture: str) -> None:
        if self._driver is None:
            return
        # The cursor is invisible, but it is what screen readers and input methods look at.
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        moved = cursor != self._previous_cursor_position
        if not picture and not moved:
            return
        self._previous_cursor_position = cursor
        frame = f"{picture}\x1b[{cursor.y + 1};{cursor.x + 1}H"
        if self._sync_available:
            frame = f"{_SYNC_START}{frame}{_SYNC_END}"
        if self._may_ask and self._congestion.asks:
            frame += QUESTION
            self._congestion.asked(len(frame))
        self._driver.write(frame)
        self._driver.flush()

    def _repaint_all(self) -> None:
        if self._running and self.is_attached:
            self.screen.refresh()

    def _write_queue(self) -> WriteQueue | None:
        # Another platform's driver may have no writer thread; then nothing waits.
        writer = getattr(self._driver, "_writer_thread", None)
        return None if writer is None else writer._queue  # noqa: SLF001 - no public way to ask


def runs(update: ChopsUpdate | LayoutUpdate) -> Iterator[Run]:
    """Yield what an update of the compositor paints."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield Run(update.region.x, y, chain.from_iterable(strips))
        return
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            # Whole strips: what lies beside the span is up to date as well, and cells that did not change
            # are free.
            if strip is not None and x < x2 and end > x1:
                yield Run(x, y, strip, end - x)
