"""What any screen may ask of the program."""

from textual.message import Message

from chatops_tui.relay.place import Place


class ShellWanted(Message):
    """The user wants a shell, new or left before, on a server or in a container; the UI steps aside."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
