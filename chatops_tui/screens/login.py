"""Signing in: hub, user, password; what goes wrong is said in one sentence."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input

from chatops_tui.render.spans import Cell
from chatops_tui.requests import CodeNeededError, Hub, RequestFailedError
from chatops_tui.screens.closing import close
from chatops_tui.screens.form import Field, Form
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock

_TITLE: list[Cell] = [
    [("chatops", "accent"), ("  sign in", "strong")],
]


class LoginScreen(Screen[bool]):
    """Answers True once somebody is signed in. Where one was stays as it is underneath."""

    # The form says where to begin: whoever types at once must not type into the hub's address.
    AUTO_FOCUS = ""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next field", id="login.next"),
        Binding("escape", "back", "Back", id="login.back"),
        Binding("ctrl+q", "app.quit", "Quit", id="login.quit", priority=True),
    ]

    def __init__(self, hub: Hub, *, username: str = "", password: str = "", reason: str = "") -> None:
        """Ask for what is missing.

        Args:
            hub: Whom to ask; its address is the first proposal.
            username: The proposal for the user.
            password: Likewise.
            reason: Why one has to sign in; empty when there is nothing to explain.
        """
        super().__init__()
        self._hub = hub
        self._fields = (
            Field("hub", "Hub", hub.address, "https://hub.example.net:8765", enter="next-empty"),
            Field("user", "User", username, "name", enter="next-empty"),
            Field("password", "Password", password, "", secret=True),
        )
        self._reason = reason
        self.can_go_back = False

    def compose(self) -> ComposeResult:
        """Lay out the form in the middle."""
        yield TooSmall()
        with Container(id="login-box", classes="dialog"):
            yield TextBlock(id="login-title")
            yield Form(*self._fields)
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin where something is missing, and say why one is here."""
        self.query_one("#login-title", TextBlock).set_lines(_TITLE)
        form = self.query_one(Form)
        form.focus_first_empty()
        self.call_after_refresh(form.say, self._reason, wrong=bool(self._reason))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There may be nothing to go back to."""
        return self.can_go_back if action == "back" else super().check_action(action, parameters)

    def action_back(self) -> None:
        """Leave without signing in."""
        close(self, False)  # noqa: FBT003 - the screen's answer

    def action_submit(self) -> None:
        """Sign in, or go to what is still missing."""
        form = self.query_one(Form)
        values = form.values()
        missing = form.next_empty(self.focused) if self.focused else None
        if missing is not None:
            missing.focus()
        elif all(values.values()):
            code = values.get("code", "").strip()
            self._sign_in(values["hub"], values["user"].strip(), values["password"], code)
        else:
            form.focus_first_empty()

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    @work(exclusive=True, exit_on_error=False, group="sign-in")
    async def _sign_in(self, address: str, username: str, password: str, code: str) -> None:
        form = self.query_one(Form)
        form.say("Signing in…")
        try:
            await self._hub.sign_in(address, username, password, code)
        except CodeNeededError as exc:
            await form.add(Field("code", "Code", "", "of the second factor", secret=True))
            form.say(str(exc))
            form.query_one("#code", Input).focus()
        except RequestFailedError as exc:
            form.say(str(exc), wrong=True)
            # A code that was wrong is used up; everything else is as it was.
            again = "#code" if form.has("code") else "#password"
            form.query_one(again, Input).focus()
        else:
            close(self, True)  # noqa: FBT003 - the screen's answer
