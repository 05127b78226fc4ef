"""Asks which log to follow: a path is a file, anything else a unit of the journal."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from chatops_tui.screens.closing import close
from chatops_tui.screens.form import Field, Form
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_wire.streams import LogSource

# A screen or two to scroll back; the rest is a download.
_TAIL: Final = 500


class OpenLog(Dialog[LogSource | None]):
    """Answers with a source, None for none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="open-log.cancel", key_display="esc"),
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._proposal = name

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Vertical(classes="dialog") as box:
            set_box_title(box, "Follow a log")
            yield Form(Field("log-name", "Log", self._proposal, "/var/log/syslog or nginx.service"))
        yield KeyFooter()

    def on_mount(self) -> None:
        """Type into it at once."""
        self.query_one(Form).focus_first_empty()

    def action_cancel(self) -> None:
        """Open nothing."""
        close(self, None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the name."""
        event.stop()
        name = event.value.strip()
        if not name:
            self.query_one(Form).say("Name a file or a unit.", wrong=True)
        elif name.startswith("/"):
            close(self, LogSource(path=name, tail=_TAIL))
        else:
            close(self, LogSource(unit=name, tail=_TAIL))
