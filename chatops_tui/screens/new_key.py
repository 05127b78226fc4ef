"""The key of a server just added, or the token of one to come: shown this once, as a line for the machine."""

import sys
import textwrap
from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from chatops_tui.agent_line import agent_line, enroll_line, place, reach_hint
from chatops_tui.render.severity import Level, mark
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import NewServer, NewToken
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_wire.times import format_ms

# Two for the frame and two for the air inside it.
_FRAME: int = 6


class NewKeyScreen(Dialog[None]):
    """Stays until it is closed, since the key cannot be shown again; says when the agent is there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "Copy the line", id="new-key.copy"),
        Binding("Y", "print", "Print it to the terminal", id="new-key.print"),
        Binding("escape,enter", "close", "Done", id="new-key.close", key_display="esc"),
    ]

    def __init__(self, context: Context, made: NewServer | NewToken) -> None:
        super().__init__()
        self._given = context
        self._made = made
        address, pin = context.hub.address, context.hub.pin
        if isinstance(made, NewServer):
            self._line = agent_line(address, clean(made.key), pin=pin)
        else:
            self._line = enroll_line(address, clean(made.line), pin=pin)

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        with Vertical(classes="dialog wide") as box:
            set_box_title(box, self._title())
            yield TextBlock(id="key-text")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Look every second whether the agent has come."""
        self.set_interval(1, self._draw)
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Wrap the line anew."""
        self.call_after_refresh(self._draw)

    def action_copy(self) -> None:
        """Copy the line by OSC 52, which most terminals know, also through SSH."""
        self.app.copy_to_clipboard(self._line)
        self.notify("The line is copied, if your terminal allows it. Y prints it instead.", markup=False)

    def action_print(self) -> None:
        """Leave the UI for a moment, so that the line stands in one piece where the mouse can take it."""
        try:
            with self.app.suspend():
                sys.stdout.write(f"\n{self._line}\n\nPress Enter to return. ")
                sys.stdout.flush()
                sys.stdin.readline()
        except SuspendNotSupported:
            self.notify("This terminal cannot do that; use y.", severity="warning", markup=False)

    def action_close(self) -> None:
        """Close it."""
        close(self, None)

    def _draw(self) -> None:
        block = self.query_one("#key-text", TextBlock)
        columns = max(20, self.size.width - _FRAME)
        block.set_lines(list(self._text(columns)))

    def _text(self, columns: int) -> Iterator[Cell]:
        for piece in textwrap.wrap(f"Run this {place()}. {self._about()}", columns):
            yield [(piece, "text")]
        yield []
        for piece in textwrap.wrap(self._line, columns, break_on_hyphens=False):
            yield [(piece, "accent")]
        yield []
        for piece in textwrap.wrap(
            clean(reach_hint(self._given.hub.address)), columns, break_on_hyphens=False
        ):
            yield [(piece, "muted")]
        yield self._standing()

    def _title(self) -> str:
        made = self._made
        if isinstance(made, NewServer):
            return f"{made.view.name} is added" if made.is_new else f"A new key for {made.view.name}"
        return "A machine enrols itself" if made.uses == 1 else f"{made.uses} machines enrol themselves"

    def _about(self) -> str:
        if isinstance(self._made, NewServer):
            return "The key is shown only now:"
        told, now_ms = clean(self._made.expires_at), self._given.now_ms()
        # The day too, where it is another.
        until = told[11:16] if told[:10] == format_ms(now_ms)[:10] else told[:16].replace("T", " ")
        who = "one machine" if self._made.uses == 1 else f"{self._made.uses} machines"
        return f"The token lets {who} in, until {until} UTC, and is shown only now:"

    def _standing(self) -> Cell:
        if not isinstance(self._made, NewServer):
            return [mark(Level.OFF), (" It then stands in the fleet, by its host name.", "muted")]
        memory = self._given.store.server(self._made.view.id)
        if memory is not None and memory.row.status == "online":
            return [mark(Level.OK), (" Its agent is connected.", "text")]
        return [mark(Level.OFF), (" Waiting for its agent…", "muted")]
