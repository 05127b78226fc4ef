"""What any screen may ask of the program."""

from collections.abc import Sequence

from textual.message import Message

from chatops_tui.relay.place import Place


class ShellWanted(Message):
    """The user wants a shell, new or left before, on a server or in a container; the UI steps aside."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place


class PlayWanted(Message):
    """The user wants to see what a shell showed; the UI steps aside."""

    def __init__(self, terminal_id: str, title: str) -> None:
        super().__init__()
        self.terminal_id = terminal_id
        self.title = title


class ShellListWanted(Message):
    """The user wants to see which shells run, and which did, on one server or, without an id, on any."""

    def __init__(self, server_id: str = "") -> None:
        super().__init__()
        self.server_id = server_id


class CompareWanted(Message):
    """The user wants to see these servers beside each other."""

    def __init__(self, server_ids: Sequence[str]) -> None:
        super().__init__()
        self.server_ids = tuple(server_ids)


class DashboardsWanted(Message):
    """The user wants to see the dashboards."""
