"""The composition root of the UI: store, link and screens put together, and the one tick that draws."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import on, work
from textual.binding import BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.widgets import Input

from chatops_tui import alert_news, behind
from chatops_tui.access_link import AccessLink
from chatops_tui.alert_link import AlertLink, alerting
from chatops_tui.audit_link import AuditLink
from chatops_tui.clock import local_zone, now_ms
from chatops_tui.config import Settings, config_dir, state_dir
from chatops_tui.dashboard_file import NAME as BOARDS
from chatops_tui.dashboard_file import DashboardFile
from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.ending import tell_loop
from chatops_tui.engine_link import EngineLink
from chatops_tui.goings import Goings
from chatops_tui.hub_link import HubLink
from chatops_tui.kept_view import KeptView
from chatops_tui.keymap import EVERYWHERE, key_groups
from chatops_tui.launch import wishes
from chatops_tui.link_news import LinkNews
from chatops_tui.log_file import FILE, log_handler
from chatops_tui.log_link import LogLink
from chatops_tui.offers import Offers
from chatops_tui.palette import Command, Commands, Palette
from chatops_tui.requests import Needs
from chatops_tui.run_link import RunLink
from chatops_tui.screens.alert_wanted import AlertWanted
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.fleet import FleetScreen
from chatops_tui.screens.help import HelpScreen
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.wanted import (
    CompareWanted,
    DashboardsWanted,
    PlayWanted,
    ShellListWanted,
    ShellWanted,
)
from chatops_tui.shell_link import ShellLink
from chatops_tui.signing_in import SigningIn
from chatops_tui.spoken import Spoken
from chatops_tui.store.danger import USUAL, compiled
from chatops_tui.store.models import LinkPhase
from chatops_tui.store.store import Store
from chatops_tui.terminal import Terminal, ended_when_gone, has_terminal, prepare
from chatops_tui.theme_choice import ThemeChoice

if TYPE_CHECKING:
    from chatops_tui.deeds import Deeds

log = logging.getLogger(__name__)

# The hub tells samples and fleet once a second, not in one instant; drawn together they cost half. A little
# less than a second, so that the clock does not skip one.
DRAW_EVERY_MS: Final = 950
# A glance at a window beside the one that is typed into still finds it fresh.
_UNSEEN_EVERY_MS: Final = 5000

T = TypeVar("T")


def run(settings: Settings) -> int:
    """Run the UI until somebody quits; return the exit status."""
    terminal = prepare(wishes(settings))
    logging.basicConfig(level=logging.WARNING, handlers=[log_handler(state_dir())])
    app = ChatopsApp(settings, terminal, zone=local_zone())
    app.kept.keep_in(state_dir())
    # A window of a browser is no terminal: whoever shows it ends this process (web/window.py).
    with ended_when_gone() if has_terminal() else nullcontext():
        app.run(mouse=terminal.mouse)
    return app.return_code or 0


class ChatopsApp(LeanApp[object]):
    """One terminal."""

    TITLE = "chatops"
    CSS_PATH = [  # noqa: RUF012 - Textual declares it without ClassVar
        "styles/app.tcss",
        "styles/dialogs.tcss",
        "styles/fleet.tcss",
        "styles/server.tcss",
        "styles/containers.tcss",
        "styles/alerts.tcss",
        "styles/charts.tcss",
    ]
    # 110: four charts side by side are readable. 140: table and detail side by side. The first of each is
    # too small for anything.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - likewise
        (0, "-tiny"),
        (60, "-narrow"),
        (110, "-mid"),
        (140, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - likewise
        (0, "-flat"),
        (16, "-short"),
        (22, "-usual"),
        (32, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = list(EVERYWHERE)
    COMMANDS = {Commands}  # noqa: RUF012 - likewise
    NOTIFICATION_TIMEOUT = 4

    def __init__(
        self,
        settings: Settings,
        terminal: Terminal,
        *,
        zone: tzinfo = UTC,
        clock_ms: Callable[[], int] = now_ms,
        draw_every_ms: int = DRAW_EVERY_MS,
    ) -> None:
        super().__init__(charset=terminal.charset)
        self._settings = settings
        self.is_hosted = settings.hosted
        self._terminal = terminal
        self._now_ms = clock_ms
        self.store = Store()
        self.kept = KeptView(self)
        self.link = HubLink(settings, self.store, clock_ms, self._first_fleet)
        logs = LogLink(self.link, self.store.hurry)
        self._alerts = AlertLink(self.store, self.link)
        dangers = compiled(settings.confirm or USUAL)
        self._engines = EngineLink(self.store, self.link)
        self._given = Context(
            self.store,
            self.link,
            RunLink(self.store, self.link),
            logs,
            ShellLink(self.link, allows_clipboard=settings.allow_clipboard),
            self._engines,
            alerting(self._alerts, self.link),
            clock_ms,
            zone,
            terminal.charset,
            dangers,
            self.kept,
            access=AccessLink(self.link, self.store),
            boards=DashboardFile(Path(settings.dashboards or config_dir() / BOARDS)),
        )
        self._news = LinkNews()
        self._draw_every_ms = draw_every_ms
        self._drawn_ms = 0
        self._hear_signals: Callable[[], None] = lambda: None
        self._colours = ThemeChoice(self, terminal, self.kept, is_set=bool(settings.theme))
        self._signing_in = SigningIn(self, settings, self.store, self.link)
        self._behind = behind.Behind(self, self._given, AuditLink(self.link), self._came_back)
        self._goings = Goings(self, self._given, lambda: self.deeds)
        if settings.address:
            self._goings.later(settings.address)
        self._spoken = Spoken(self.store, self._goings, self._colours)
        self._offers = Offers(self, self._given, self._colours, self._signing_in)

    def get_default_screen(self) -> Screen[None]:
        """Return the root: the fleet, which says by itself that it is connecting."""
        return FleetScreen(self._given, self.kept, tour=self._settings.tour or self.kept.is_first)

    def on_load(self) -> None:
        """Choose the colours before anything is made in them."""
        self._colours.begin()

    def on_mount(self) -> None:
        """Show the first frame, then connect; aiohttp is imported only after it."""
        self._hear_signals = tell_loop(self.exit)
        self.set_keymap(self._settings.keymap)
        self.set_interval(self._terminal.tick_s, self._tick)
        self.call_after_refresh(self._keep_link)
        self._behind.load_soon(has_fleet=False)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters, with NO_COLOR taken at its word.

        Textual chooses before it knows that the theme is one of 16 colours, and then makes greys of the
        terminal's own: black on black.
        """
        return [NoColor() if isinstance(one, Monochrome) else one for one in super().get_line_filters()]

    @work(name="hub", exit_on_error=False)
    async def _keep_link(self) -> None:
        if self._settings.address:
            # It is wanted as soon as the fleet is known.
            await behind.load()
        while True:
            try:
                await self.link.run()
            except Exception:  # an error of ours must not cost what is on the screen
                log.exception("link failed")
                await self.link.pause(f"An internal error; details are in {state_dir() / FILE}.")

    def _came_back(self) -> None:
        self._hear_signals()

    def _first_fleet(self) -> None:
        """Draw it at once: the next tick may be a quarter of a second away, on a slow line five."""
        self.call_later(self._tick)
        self._behind.load_soon(has_fleet=True)

    def _tick(self) -> None:
        """Draw what changed, on the screen that is seen, if the terminal can take it."""
        screen = self.live_screen
        if screen is None or self.is_aside:  # leaving, or not to be seen
            return
        self._serve(screen.needs())
        self._goings.serve()
        self._tell_news()
        self._tell_alerts()
        self._signing_in.ask_if_needed()
        now = self._now_ms()
        is_due = abs(now - self._drawn_ms) >= self.draws_every_ms
        if self.congested or not (is_due or self.store.is_urgent):
            return
        self._drawn_ms = now
        with self.batch_update():
            screen.sync(self.store.take_dirty())
        # What was drawn for the first time may need more.
        self._serve(screen.needs())

    @property
    def draws_every_ms(self) -> int:
        """How often a new picture is due: seldom while the terminal says that nobody looks at it."""
        return self._draw_every_ms if self.app_focus else max(self._draw_every_ms, _UNSEEN_EVERY_MS)

    def _serve(self, needs: Needs) -> None:
        self.link.serve(needs)
        self._alerts.serve(needs.timelines.union(server_id for server_id, _span in needs.histories))
        self._engines.serve(needs)

    @property
    def live_screen(self) -> LiveScreen | None:
        """The topmost screen with live data; it may be seen behind a dialog. None while the app ends."""
        live = (screen for screen in reversed(self.screen_stack) if isinstance(screen, LiveScreen))
        return next(live, None)

    @property
    def deeds(self) -> "Deeds":
        """What is done from the fleet, with its screens."""
        return self._behind.deeds

    async def look_for_commands(self) -> None:
        """Look up what ctrl+p offers and is not in memory."""
        await self._offers.look()

    def palette_commands(self) -> Iterator[Command]:
        """Yield what ctrl+p offers."""
        return self._offers.all()

    def spoken_commands(self, line: str) -> Iterator[Command]:
        """Yield what a line typed after `:` says, and how it could go on."""
        return iter(()) if self._signing_in.is_open else self._spoken.commands(line, self.live_screen)

    def spoken_fault(self, line: str) -> str:
        """Return why a line leads nowhere; empty: it does."""
        return self._spoken.fault(line, self.live_screen)

    def action_command_palette(self, sign: str = "/") -> None:
        """Open the palette; with a colon in front it is a line for commands."""
        if not Palette.is_open(self):
            self.open(Palette(sign, id="--command-palette"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave letters to whoever types."""
        if (
            action in {"help", "leave", "alerts", "audit", "settings"}
            and not parameters
            and isinstance(self.focused, Input)
        ):
            return False
        if action == "alerts":
            # Only what has been opened by it says so.
            return not self.screen.has_class("-alerts")
        return super().check_action(action, parameters)

    def action_help(self, _typing: bool = False) -> None:  # noqa: FBT001, FBT002 - a binding's parameter
        """List the keys that work now."""
        screen = self.live_screen
        title = " › ".join(screen.crumbs()) if screen else ""  # noqa: RUF001 - the breadcrumb's arrow
        self.open(HelpScreen(title, key_groups(self.screen.active_bindings.values(), self.get_key_display)))

    def action_leave(self) -> None:
        """Go back, and from the root leave."""
        if isinstance(self.screen, LiveScreen) and len(self.screen_stack) > 1:
            close(self.screen, None)
        elif len(self.screen_stack) == 1:
            self.exit()

    def action_alerts(self) -> None:
        """Show the alerts of the fleet, or go back to them."""
        self.deeds.alerts()

    def action_audit(self) -> None:
        """Show who did what."""
        self.deeds.audit()

    def action_settings(self) -> None:
        """Show what the hub is told to do."""
        self.deeds.settings("")

    def action_tour(self) -> None:
        """Show a newcomer what to press, above the fleet."""
        self._goings.go("fleet")
        root = self.screen_stack[0]
        if isinstance(root, FleetScreen):
            root.show_tour()

    def action_next_theme(self) -> None:
        """Change the colours."""
        self._colours.take_next()

    def action_resync(self) -> None:
        """Reconnect at once, and load everything anew."""
        self.link.resync()
        self._alerts.resync()

    def action_help_quit(self) -> None:
        """Say how to leave to whoever presses ctrl+c."""
        self.notify("Press q to go back or quit, ctrl+q to quit at once.", markup=False)

    def open(self, screen: Screen[T]) -> None:
        """Put a screen on top; nobody waits until it is mounted."""
        self.push_screen(screen)  # type: ignore[unused-awaitable]

    @on(FleetScreen.Wanted)
    def _wanted(self, event: FleetScreen.Wanted) -> None:
        if event.deed == "sign_in":
            self._signing_in.ask()
        else:
            self.deeds.do(event.deed, event.server_id)

    @on(FleetScreen.RunWanted)
    def _run_wanted(self, event: FleetScreen.RunWanted) -> None:
        self.deeds.run_on(event.server_ids)

    @on(ShellWanted)
    def _shell_wanted(self, event: ShellWanted) -> None:
        self.deeds.shell(event.place)

    @on(PlayWanted)
    def _play_wanted(self, event: PlayWanted) -> None:
        self.deeds.play(event.terminal_id, event.title)

    @on(CompareWanted)
    def _compare_wanted(self, event: CompareWanted) -> None:
        self.deeds.compare(event.server_ids)

    @on(DashboardsWanted)
    def _dashboards_wanted(self) -> None:
        self.deeds.dashboards()

    @on(ShellListWanted)
    def _shell_list_wanted(self, event: ShellListWanted) -> None:
        self.deeds.list_shells(event.server_id)

    @on(AlertWanted)
    def _alert_wanted(self, event: AlertWanted) -> None:
        if event.server_id:
            self.deeds.do("open", event.server_id)
        else:
            self.deeds.alert(event.alert_id)

    def _tell_alerts(self) -> None:
        found, signal = alert_news.critical(self.store.alerts.take_news()), self._settings.alert_signal
        if not found or signal == "off":
            return
        self.notify(alert_news.toast(found), title="Critical", severity="error", markup=False)
        sound = alert_news.attention(found, signal, self._terminal.charset)
        if sound and self._driver is not None:
            self._driver.write(sound)

    def _tell_news(self) -> None:
        self._news, said = self._news.after(self.store.link.phase, self._now_ms())
        if said:
            is_good = self.store.link.phase is LinkPhase.LIVE
            self.notify(said, severity="information" if is_good else "warning", markup=False)
