"""Adding a server, which shows its key once, and changing one."""

from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from chatops_tui.requests import Hub, NewServer, NewToken, RequestFailedError
from chatops_tui.screens.closing import close
from chatops_tui.screens.form import Field, Form
from chatops_tui.store.models import Row
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter


class ServerForm(Dialog[NewServer | NewToken | None]):
    """Answers with the new server, or what lets a machine in; None for a changed one and for nothing.

    Given a row it changes that server, else it adds one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "Next field", id="server-form.next"),
        Binding("ctrl+n", "enroll", "Let it enrol itself", id="server-form.enroll"),
        Binding("escape", "cancel", "Cancel", id="server-form.cancel"),
    ]

    def __init__(self, hub: Hub, row: Row | None = None) -> None:
        super().__init__()
        self._hub = hub
        self._row = row

    def compose(self) -> ComposeResult:
        """Lay out the form."""
        row = self._row
        with Vertical(classes="dialog") as box:
            set_box_title(box, f"Edit {row.name}" if row else "Add a server")
            yield Form(
                Field("name", "Name", row.name if row else "", "db-01", enter="ok" if row else "next"),
                Field("tags", "Tags", " ".join(row.tags) if row else "", "env=prod db  (optional)"),
            )
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin with the name."""
        self.query_one("#name", Input).focus()

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        close(self, None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to enrol only where a server is added."""
        return self._row is None if action == "enroll" else super().check_action(action, parameters)

    def action_enroll(self) -> None:
        """Make the line by which a machine becomes a server by itself, with the tags that stand here."""
        tags = tuple(self.query_one(Form).values()["tags"].replace(",", " ").split())
        self._enroll(tags)

    def action_submit(self) -> None:
        """Save, once there is a name."""
        form = self.query_one(Form)
        values = form.values()
        name, tags = values["name"].strip(), tuple(values["tags"].replace(",", " ").split())
        if not name:
            form.say("A server needs a name.", wrong=True)
            return
        self._save(name, tags)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        # Enter in the name goes on to the tags, so that they are seen; they may stay empty.
        if event.input.id == "name" and event.value.strip() and self._row is None:
            self.query_one("#tags", Input).focus()
        else:
            self.action_submit()

    @work(exclusive=True, exit_on_error=False, group="save-server")
    async def _save(self, name: str, tags: tuple[str, ...]) -> None:
        form = self.query_one(Form)
        form.say("Saving…")
        try:
            if self._row is None:
                close(self, await self._hub.add_server(name, tags))
            else:
                await self._hub.edit_server(self._row.id, name, tags)
                close(self, None)
        except RequestFailedError as exc:
            form.say(str(exc), wrong=True)

    @work(exclusive=True, exit_on_error=False, group="save-server")
    async def _enroll(self, tags: tuple[str, ...]) -> None:
        form = self.query_one(Form)
        form.say("Asking the hub…")
        try:
            close(self, await self._hub.enroll_token(tags))
        except RequestFailedError as exc:
            form.say(str(exc), wrong=True)
