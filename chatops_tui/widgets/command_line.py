"""The line one types commands into: a prompt, the history by arrows, and what Enter and ctrl+c do."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from chatops_tui.render.spans import Cell, width
from chatops_tui.store.recall import Recall
from chatops_tui.widgets.lines import TextBlock


class CommandInput(Input):
    """Tells in the footer what its keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Run", id="command.run", key_display="⏎"),
        Binding("up", "recall_back", "History", id="command.back", key_display="↑"),
        Binding("down", "recall_forth", "History forth", show=False, id="command.forth"),
        Binding("escape", "leave", "Scroll back", id="command.leave", key_display="esc"),
    ]

    def __init__(self, recall: Recall) -> None:
        super().__init__(compact=True, select_on_focus=False)
        # A blinking cursor alone costs 2.6 kB/s.
        self.cursor_blink = False
        self._recall = recall

    def action_recall_back(self) -> None:
        """Show the command before."""
        self.put(self._recall.back(self.value))

    def action_recall_forth(self) -> None:
        """Show the command after, and at last what was being typed."""
        self.put(self._recall.forth(self.value))

    def action_leave(self) -> None:
        """Take what is typed away; from an empty line go up into the output."""
        if self.value:
            self.value = ""
        else:
            self.post_message(CommandLine.Left())

    def put(self, text: str) -> None:
        """Show `text` with the cursor behind it."""
        self.value = text
        self.cursor_position = len(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave ctrl+c to the console unless some of the line is selected."""
        if action == "copy":
            return bool(self.selected_text)
        return super().check_action(action, parameters)


class CommandLine(Horizontal):
    """Posts `Entered`; the line is empty afterwards. An empty line does nothing."""

    DEFAULT_CSS = """
    CommandLine {
        height: 1;
        background: $surface;
        & > TextBlock { height: 1; }
        & > CommandInput { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
        & > CommandInput:focus { border: none; background: $surface; }
    }
    """

    class Entered(Message):
        """Somebody wants this run."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    class Left(Message):
        """Somebody wants to go up into the output."""

    def __init__(self, recall: Recall, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.recall = recall
        self._prompt: Cell = ()

    def compose(self) -> ComposeResult:
        """Lay out prompt and line."""
        yield TextBlock()
        yield CommandInput(self.recall)

    @property
    def field(self) -> CommandInput:
        """The line itself."""
        return self.query_one(CommandInput)

    def set_prompt(self, prompt: Cell, *, enabled: bool = True) -> None:
        """Say where commands go, clean text; a disabled line takes none."""
        self.field.disabled = not enabled
        if prompt != self._prompt:
            self._prompt = prompt
            block = self.query_one(TextBlock)
            block.styles.width = width(prompt)
            block.set_lines([prompt])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand the command over."""
        event.stop()
        command = event.value.strip()
        if command:
            self.recall.add(command)
            self.field.value = ""
            self.post_message(self.Entered(command))
