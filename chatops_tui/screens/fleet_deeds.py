"""What one does from the fleet to servers: each key asks whoever owns the other screens."""

from collections.abc import Sequence
from typing import Final, Literal

from textual.message import Message

from chatops_tui.relay.place import Place
from chatops_tui.screens.listing import Listing
from chatops_tui.screens.tabs import can
from chatops_tui.screens.wanted import CompareWanted, DashboardsWanted, ShellListWanted, ShellWanted
from chatops_tui.store.models import Row
from chatops_tui.widgets.live_table import LiveTable

# As many as are compared by eye; who marks more sees the first of them.
MOST_COMPARED: Final = 8

Deed = Literal["open", "add", "edit", "delete", "containers"]
"""What can be done to servers."""


class FleetDeeds(Listing):
    """A screen with one table of servers, by id."""

    class Wanted(Message):
        """The user wants something that other screens do."""

        def __init__(self, deed: Deed | Literal["sign_in"], server_id: str = "") -> None:
            super().__init__()
            self.deed: Deed | Literal["sign_in"] = deed
            self.server_id = server_id

    class RunWanted(Message):
        """The user wants to run a command on these servers."""

        def __init__(self, server_ids: Sequence[str]) -> None:
            super().__init__()
            self.server_ids = server_ids

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what needs a server, or a right, that is not there."""
        match action:
            case "add" | "add_first":
                user = self.store.user
                may = bool(user and user.role != "viewer" and self.store.is_loaded)
                # While there is no server there are no alerts either, and their key is free.
                return (may or None) if action == "add" else may and not self.store.rows()
            case "run":
                return any(can(row, "commands") for row in self.store.rows())
            case "compare":
                return bool(self.store.rows()) or None
            case "edit" | "delete":
                row = self._cursor_row
                return True if row and row.view.role == "admin" else None
            case "shell":
                row = self._cursor_row
                return bool(row and can(row, "terminal"))
            case _:
                return super().check_action(action, parameters)

    def action_add(self) -> None:
        """Add a server."""
        self.post_message(self.Wanted("add"))

    def action_add_first(self) -> None:
        """Add a server, by the key that shows alerts once there is one."""
        self.action_add()

    def action_run(self) -> None:
        """Run a command on the marked servers, or else on all the filter leaves."""
        self.post_message(self.RunWanted(self._marked or self._listed))

    def action_shell(self) -> None:
        """Open a shell on the server under the cursor."""
        row = self._cursor_row
        if row is not None:
            self.post_message(ShellWanted(Place(row.id, row.name)))

    def action_compare(self) -> None:
        """Show the marked servers beside each other, or else all that the filter leaves."""
        marked, every = self._marked, self._listed
        if marked or len(every) <= MOST_COMPARED:
            self.post_message(CompareWanted(marked or every))
        else:
            self.notify("Mark servers by space, then c compares them.", markup=False)

    def action_dashboards(self) -> None:
        """Show one's own dashboards."""
        self.post_message(DashboardsWanted())

    def action_containers(self) -> None:
        """Show the containers of every server."""
        self.post_message(self.Wanted("containers"))

    def action_shells(self) -> None:
        """Show which shells run, and which did."""
        self.post_message(ShellListWanted())

    def action_edit(self) -> None:
        """Change name and tags of the server under the cursor."""
        self._want("edit")

    def action_delete(self) -> None:
        """Delete the server under the cursor."""
        self._want("delete")

    def action_sign_in(self) -> None:
        """Sign in at another hub, or as somebody else."""
        self.post_message(self.Wanted("sign_in"))

    def members_of(self, row_id: str) -> Sequence[str]:
        """Return the servers a row of the table stands for."""
        return (row_id,)

    @property
    def _marked(self) -> tuple[str, ...]:
        """The marked servers, each once, from top to bottom; of a marked group all."""
        table = self.query_one(LiveTable)
        rows = [row_id for row_id in table.order if row_id in table.marked]
        return tuple(dict.fromkeys(one for row_id in rows for one in self.members_of(row_id)))

    @property
    def _listed(self) -> tuple[str, ...]:
        """Every server that the filter leaves, also of folded groups."""
        rows = self.query_one(LiveTable).order
        return tuple(dict.fromkeys(one for row_id in rows for one in self.members_of(row_id)))

    @property
    def _cursor_row(self) -> Row | None:
        memory = self.store.server(self.query_one(LiveTable).cursor_row or "") if self.is_mounted else None
        return memory.row if memory else None

    def _want(self, deed: Deed) -> None:
        row = self._cursor_row
        if row is not None:
            self.post_message(self.Wanted(deed, row.id))
