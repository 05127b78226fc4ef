"""What is done to servers from the fleet: open, add, change, delete; each with its dialog."""

from collections.abc import Callable, Sequence
from typing import assert_never

from textual.screen import Screen

from chatops_tui.audit_requests import Auditing
from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.relay.place import Place
from chatops_tui.render.text import clean
from chatops_tui.requests import NewServer, NewToken, RequestFailedError
from chatops_tui.screens.alerts import AlertsScreen
from chatops_tui.screens.alerts_one import AlertScreen
from chatops_tui.screens.audit import AuditScreen
from chatops_tui.screens.compare import CompareScreen
from chatops_tui.screens.container import ContainerScreen
from chatops_tui.screens.containers import ContainersScreen
from chatops_tui.screens.context import Context
from chatops_tui.screens.dashboard import DashboardScreen
from chatops_tui.screens.fan_out import FanOutScreen
from chatops_tui.screens.fleet_deeds import Deed
from chatops_tui.screens.new_key import NewKeyScreen
from chatops_tui.screens.server import ServerScreen
from chatops_tui.screens.server_form import ServerForm
from chatops_tui.screens.settings import SettingsScreen
from chatops_tui.screens.shells import ShellsScreen
from chatops_tui.store.containers import ContainerKey
from chatops_tui.store.models import Row
from chatops_tui.visits import Visits
from chatops_tui.widgets.confirm import Confirm, Question


class Deeds:
    """Opens the dialogs and carries out what they answer."""

    def __init__(
        self, app: LeanApp[object], given: Context, auditing: Auditing, came_back: Callable[[], None]
    ) -> None:
        """Do nothing yet; `came_back` as in `Visits`."""
        self._app = app
        self._given = given
        self._auditing = auditing
        self._visits = Visits(app, given, came_back)

    def do(self, deed: Deed, server_id: str) -> None:
        """Begin; `server_id` names whom it is done to and is ignored by `add` and `containers`."""
        memory = self._given.store.server(server_id)
        if deed == "add":
            self._app.push_screen(ServerForm(self._given.hub), self._added)  # type: ignore[unused-awaitable]
        elif deed == "containers":
            self._open(ContainersScreen(self._given))
        elif memory is None:
            return
        elif deed == "open":
            self._open(ServerScreen(self._given, server_id))
        elif deed == "edit":
            self._app.push_screen(ServerForm(self._given.hub, memory.row), self._added)  # type: ignore[unused-awaitable]
        elif deed == "delete":
            self._ask_to_delete(memory.row)
        else:
            assert_never(deed)

    def alerts(self, tab: str = "") -> None:
        """Show the alerts of the fleet, or go back to them."""
        open_one = next((one for one in self._app.screen_stack if isinstance(one, AlertsScreen)), None)
        if open_one is None:
            self._open(AlertsScreen(self._given, tab))
            return
        while self._app.screen is not open_one:
            # Nobody waits until it is gone.
            self._app.pop_screen()  # type: ignore[unused-awaitable]
        open_one.show(tab)

    def visit(self, server_id: str, tab: str) -> None:
        """Show a server, at this tab; one that is looked at already only turns to it."""
        screen = self._app.screen
        if isinstance(screen, ServerScreen) and screen.server_id == server_id:
            screen.show(tab)
        else:
            self._open(ServerScreen(self._given, server_id, tab))

    def settings(self, tab: str) -> None:
        """Show what the hub is told to do, or go back to it."""
        open_one = next((one for one in self._app.screen_stack if isinstance(one, SettingsScreen)), None)
        if open_one is None:
            self._open(SettingsScreen(self._given, tab))
            return
        while self._app.screen is not open_one:
            # Nobody waits until it is gone.
            self._app.pop_screen()  # type: ignore[unused-awaitable]
        open_one.show(tab)

    def container(self, key: ContainerKey, tab: str) -> None:
        """Show a container, `tab` may be `logs`."""
        self._open(ContainerScreen(self._given, key, tab))

    def compare(self, server_ids: Sequence[str]) -> None:
        """Show servers beside each other."""
        self._open(CompareScreen(self._given, server_ids))

    def dashboards(self, name: str = "") -> None:
        """Show the dashboard of this name, or the first."""
        self._open(DashboardScreen(self._given, name))

    def audit(self) -> None:
        """Show who did what, unless it is what one looks at."""
        if not isinstance(self._app.screen, AuditScreen):
            self._open(AuditScreen(self._given, self._auditing))

    def alert(self, alert_id: str) -> None:
        """Show one alert."""
        self._open(AlertScreen(self._given, alert_id))

    def run_on(self, server_ids: Sequence[str]) -> None:
        """Ask for a command to run on these servers."""
        self._open(FanOutScreen(self._given, server_ids))

    def shell(self, place: Place) -> None:
        """Show a shell in this terminal."""
        self._visits.go(place)

    def play(self, terminal_id: str, title: str) -> None:
        """Show what a shell showed."""
        self._visits.play(terminal_id, title)

    def list_shells(self, server_id: str) -> None:
        """Show which shells run and did, of one server or of all."""
        self._open(ShellsScreen(self._given, server_id))

    def _open(self, screen: Screen[None]) -> None:
        # It is mounted in Textual's own time; nobody waits for that.
        self._app.push_screen(screen)  # type: ignore[unused-awaitable]

    def _added(self, made: NewServer | NewToken | None) -> None:
        if made is not None:
            self._open(NewKeyScreen(self._given, made))

    def _ask_to_delete(self, row: Row) -> None:
        name = clean(row.name)
        question = Question(
            "Delete a server",
            [
                [("Delete ", "text"), (name, "strong"), (" with all its samples?", "text")],
                [("Its agent is cut off and its keys stop working.", "muted")],
            ],
            "Delete",
            type_to_confirm=name,
        )
        self._app.push_screen(Confirm(question), lambda yes: self._delete(row) if yes else None)  # type: ignore[unused-awaitable]

    def _delete(self, row: Row) -> None:
        self._app.run_worker(self._deleted(row), name="delete-server", exit_on_error=False)

    async def _deleted(self, row: Row) -> None:
        try:
            await self._given.hub.delete_server(row.id)
        except RequestFailedError as exc:
            self._app.notify(clean(str(exc)), severity="error", markup=False)
        else:
            self._app.notify(f"{clean(row.name)} is deleted.", markup=False)
