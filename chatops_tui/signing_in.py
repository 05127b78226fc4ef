"""Who one is at the hub: asked for when a session is needed, changed, and ended."""

from chatops_tui.config import Settings
from chatops_tui.driver.lean_app import LeanApp
from chatops_tui.exit_code import ExitCode
from chatops_tui.hub_link import HubLink
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.login import LoginScreen
from chatops_tui.store.models import LinkPhase
from chatops_tui.store.store import Store


class SigningIn:
    """Puts up the form to sign in, once at a time, and logs out."""

    def __init__(self, app: LeanApp[object], settings: Settings, store: Store, link: HubLink) -> None:
        """Ask nobody yet."""
        self._app = app
        self._settings = settings
        self._store = store
        self._link = link

    @property
    def is_open(self) -> bool:
        """Say whether somebody is being asked who they are."""
        return any(isinstance(screen, LoginScreen) for screen in self._app.screen_stack)

    def ask_if_needed(self) -> None:
        """Ask when the hub wants to know; whoever is asked cannot go back."""
        if self._store.link.phase is LinkPhase.SIGN_IN:
            self.ask(can_go_back=False)

    def ask(self, *, can_go_back: bool = True) -> None:
        """Ask, unless that is being done.

        A UI that is shown to somebody elsewhere asks nobody: they came in by a door that counts who guesses.
        It ends with its session.
        """
        if self._settings.hosted:
            self._send_to_the_door(is_over=not can_go_back)
            return
        if self.is_open:
            return
        settings, link, signed_in = self._settings, self._store.link, self._store.user
        user = signed_in.username if signed_in else settings.username
        # Whoever has just started the program knows that there is no session yet.
        reason = self._link.refused or (link.reason if signed_in and not can_go_back else "")
        screen = LoginScreen(self._link, username=user, password=settings.password or "", reason=reason)
        screen.can_go_back = can_go_back
        # It is mounted in Textual's own time; nobody waits for that.
        self._app.push_screen(screen)  # type: ignore[unused-awaitable]

    def _send_to_the_door(self, *, is_over: bool) -> None:
        if is_over:
            self._app.exit(return_code=ExitCode.NO_SESSION, message="The session has ended: come in again.")
        else:
            self._app.notify("To be somebody else, sign in where you came in.", markup=False)

    def log_out(self) -> None:
        """End the session, here and at the hub; returns at once."""
        self._app.run_worker(self._logged_out(), name="log-out", exit_on_error=False)

    async def _logged_out(self) -> None:
        try:
            await self._link.sign_out()
        except RequestFailedError as exc:
            self._app.notify(clean(str(exc)), severity="warning", markup=False)
