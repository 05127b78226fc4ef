"""A stage for one widget, and how to read what is on it."""

from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from chatops_tui.widgets import themes
from chatops_tui.widgets.confirm import Confirm
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.live_table import LiveTable


class Stage(App[None]):
    """Shows widgets and keeps what they say."""

    def __init__(self, *actors: Widget) -> None:
        super().__init__()
        self.actors = actors
        self.heard: list[Message] = []
        themes.register(self)

    def compose(self) -> ComposeResult:
        yield from self.actors

    def on_mount(self) -> None:
        self.theme = "chatops-dark"

    @on(LiveTable.RowHighlighted)
    @on(LiveTable.RowSelected)
    @on(LiveTable.HeaderSelected)
    @on(LiveTable.MarksChanged)
    @on(FilterBar.Changed)
    def hear(self, message: Message) -> None:
        self.heard.append(message)

    def said(self, attribute: str) -> list[Any]:
        """Return what the messages that have `attribute` say in it."""
        return [getattr(message, attribute) for message in self.heard if hasattr(message, attribute)]


def lines(widget: Widget) -> list[str]:
    """Return what `widget` shows, without blanks at the ends of lines."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


async def ask(pilot: Pilot[None], dialog: Confirm) -> list[bool | None]:
    """Open `dialog` and return the list its answer will be put in."""
    answers: list[bool | None] = []
    await pilot.app.push_screen(dialog, answers.append)
    return answers
