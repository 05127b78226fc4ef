"""What ctrl+p and `:` offer: servers, themes, what the screen can do, and where else one can go."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from chatops_tui.palette import Command
from chatops_tui.relay.place import Place
from chatops_tui.render.text import clean
from chatops_tui.screens.context import Context
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.tabs import can
from chatops_tui.signing_in import SigningIn
from chatops_tui.theme_choice import ThemeChoice

if TYPE_CHECKING:
    # Its screens are imported in a thread once the first frame is there: they are a tenth of the way to it.
    from chatops_tui.deeds import Deeds

# Actions of screens that are offered where they do something.
_OF_SCREENS: Final = (
    ("sort", "Sort the list", "choose a column"),
    ("filter", "Filter the list", "type words, tag:web, cpu>70"),
    ("add", "Add a server", "name it and get its key"),
    ("compare", "Compare servers", "the marked ones, in one chart"),
    ("go_to_time", "Go to a time", "-2h, 14:05, yesterday 14:05"),
    ("live", "Back to now", "from a moment of the past"),
    ("shells", "Shells and recordings", "go back to a shell, or see what one showed"),
)


class Host(Protocol):
    """The app, as far as its offers need it."""

    @property
    def deeds(self) -> "Deeds":
        """What is done from the fleet."""
        ...

    @property
    def live_screen(self) -> LiveScreen | None:
        """The topmost screen with live data."""
        ...

    def action_alerts(self) -> None:
        """Show the alerts."""
        ...

    def action_audit(self) -> None:
        """Show who did what."""
        ...

    def action_help(self, typing: bool = False, /) -> None:  # noqa: FBT001, FBT002 - a binding's parameter
        """Show the keys."""
        ...

    def action_tour(self) -> None:
        """Show a newcomer what to press."""
        ...

    def action_resync(self) -> None:
        """Reconnect."""
        ...

    def exit(self) -> None:
        """Leave the program."""
        ...


class Offers:
    """Everything one can do now, as entries of the palette."""

    def __init__(self, host: Host, given: Context, colours: ThemeChoice, signing_in: SigningIn) -> None:
        """Offer nothing by itself."""
        self._host = host
        self._store = given.store
        self._file = given.boards
        self._stamp: object = None
        self._boards: tuple[str, ...] = ()
        self._colours = colours
        self._signing_in = signing_in

    async def look(self) -> None:
        """Look which dashboards the file holds now."""
        read = await self._file.read(self._stamp)
        if read is not None:
            self._stamp, self._boards = read.stamp, tuple(one.name for one in read.boards.dashboards)

    def all(self) -> Iterator[Command]:
        """Yield what can be done now."""
        if not self._signing_in.is_open:
            yield from self._of_servers()
        for theme in self._colours.names:
            yield Command(
                f"Theme {theme}", "change the colours", partial(self._colours.take, theme), f"theme {theme}"
            )
        yield from self._of_screen()
        if not self._signing_in.is_open:
            yield Command("Alerts", "what fires, and when", self._host.action_alerts, "alerts")
            yield Command(
                "Containers", "of every server", lambda: self._host.deeds.do("containers", ""), "containers"
            )
            yield Command(
                "Dashboards", "your own, from dashboards.toml", self._host.deeds.dashboards, "dashboards"
            )
            for name in self._boards:
                board = partial(self._host.deeds.dashboards, name)
                yield Command(f"Dashboard {clean(name)}", "from dashboards.toml", board)
            settings = partial(self._host.deeds.settings, "")
            yield Command(
                "Settings", "thresholds, channels, users, keys, grants, retention", settings, "settings"
            )
            yield Command("Welcome tour", "what to press", self._host.action_tour, "tour")
            yield Command("Audit log", "who did what, for admins", self._host.action_audit, "audit")
        yield Command("Help", "every key that works here", self._host.action_help)
        yield Command("Reconnect", "and load everything anew", self._host.action_resync)
        if not self._signing_in.is_open:
            yield Command("Sign in elsewhere", "another hub or user", self._signing_in.ask)
            yield Command("Log out", "end this session, here and at the hub", self._signing_in.log_out)
        yield Command("Quit", "leave the program", self._host.exit)

    def _of_servers(self) -> Iterator[Command]:
        for row in self._store.rows():
            title = "  ".join(("Open " + clean(row.name), *map(clean, row.tags)))
            yield Command(title, row.status, self._opener(row.id), row.name)
            if can(row, "terminal"):
                place = Place(row.id, row.name)
                shell = partial(self._host.deeds.shell, place)
                yield Command(f"Shell on {clean(row.name)}", row.status, shell, f"{row.name} shell")

    def _of_screen(self) -> Iterator[Command]:
        screen = self._host.live_screen
        for action, title, purpose in _OF_SCREENS:
            # What it has, and what does something here and now.
            if screen and hasattr(screen, f"action_{action}") and screen.check_action(action, ()):
                yield Command(title, purpose, partial(_later, screen, action))

    def _opener(self, server_id: str) -> Callable[[], None]:
        return lambda: self._host.deeds.do("open", server_id)


def _later(screen: LiveScreen, action: str) -> None:
    screen.call_later(screen.run_action, action)
