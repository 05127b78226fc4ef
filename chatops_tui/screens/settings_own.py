"""The tab of one's own: where one is signed in, and by which keys one reaches the UI over ssh."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.screens.settings_words import when
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest import LoginSessionView
from chatops_wire.rest_ssh_keys import SshKeyCreate, SshKeyView

# As the hub takes them.
_MOST_KEY = 8192
_MOST_NAME = 128


class OwnTab(ListTab[LoginSessionView | SshKeyView]):
    """Sessions, the last used first, then keys."""

    columns: ClassVar[Sequence[Column]] = (
        Column("mark", "", 1, sortable=False),
        Column("kind", "KIND", 8),
        Column("what", "FROM OR NAME", 16, flex=2, max_width=40),
        Column("program", "PROGRAM OR KEY", 18, flex=3, max_width=56, priority=1),
        Column("used", "LAST USED", 12),
        Column("since", "SINCE", 12, priority=2),
    )
    nothing: ClassVar[Sequence[Cell]] = (
        [("No sessions and no ssh keys.", "muted")],
        [],
        [("N", "accent"), (" adds a key: ssh -p PORT you@hub is then this UI.", "muted")],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "new", "New ssh key", id="own.new"),
        Binding("D", "end", "End", id="own.end", tooltip="End a session, take a key back"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="own")

    async def fetch(self) -> Sequence[tuple[str, LoginSessionView | SshKeyView]]:
        """Return one's sessions, then one's keys."""
        access = self.given.access
        found: list[LoginSessionView | SshKeyView] = [*await access.sessions(), *await access.ssh_keys()]
        return [(one.id, one) for one in found]

    def cells(self, item: LoginSessionView | SshKeyView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - one clock for all
        """Return one cell a column."""
        if isinstance(item, LoginSessionView):
            mark: Cell = [("●", "ok") if item.current else (" ", "off")]
            kind, what, more = "session", item.address or "unknown", item.program
        else:
            mark, kind, what, more = [(" ", "off")], "ssh key", item.name or "-", item.fingerprint
        return [
            mark,
            [(kind, "muted")],
            [(clean(what), "strong")],
            [(clean(more), "text")],
            [(when(item.last_used_at, self.given), "muted")],
            [(when(item.created_at, self.given), "muted")],
        ]

    def title(self, item: LoginSessionView | SshKeyView) -> str:
        """Return what it is."""
        if isinstance(item, SshKeyView):
            return clean(item.name) or clean(item.fingerprint)
        return f"Session from {clean(item.address or 'an unknown address')}"

    def note(self, item: LoginSessionView | SshKeyView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - likewise
        """Return how it stands."""
        if isinstance(item, SshKeyView):
            return [[("whoever has its private key is let in as you: ssh -p PORT you@hub", "muted")]]
        if item.current:
            return [[("this session; D ends it and you sign in again", "muted")]]
        return [[(f"ends by itself, if it is not used, at {when(item.expires_at, self.given)}", "muted")]]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs one only where there is one."""
        if action == "end":
            return True if self.chosen is not None else None
        return super().check_action(action, parameters)

    def edit(self, item: LoginSessionView | SshKeyView) -> None:
        """Say what can be done to it."""
        said = "D ends it" if isinstance(item, LoginSessionView) else "D takes it back"
        self.app.notify(f"{self.title(item)}: {said}.", markup=False)

    def action_new(self) -> None:
        """Let the holder of a key in as oneself."""

        async def save(values: Values) -> str:
            made = await self.given.access.add_ssh_key(
                SshKeyCreate(
                    public_key=_public_key(values["key"]),
                    name=values["name"].strip()[:_MOST_NAME],
                    password=values["password"],
                )
            )
            return f"{made.name or made.fingerprint} is let in."

        fields = (
            Field("key", "Key", placeholder="one line of ~/.ssh/id_….pub: ssh-ed25519 AAAA…"),
            Field("name", "Name", placeholder="the key's own comment"),
            Field("password", "Password", placeholder="yours, once more", secret=True),
        )
        self.ask_form(FormPlan("New ssh key", fields, save))

    def action_end(self) -> None:
        """End a session, or take a key back."""
        item = self.chosen
        if item is None:
            return

        async def end() -> str:
            if isinstance(item, LoginSessionView):
                await self.given.access.end_session(item.id)
                return f"{self.title(item)} is ended."
            await self.given.access.remove_ssh_key(item.id)
            return f"{self.title(item)} is let in no more."

        verb = "End" if isinstance(item, LoginSessionView) else "Take back"
        lines: list[Cell] = [[(f"{verb} ", "text"), (self.title(item), "strong"), ("?", "text")]]
        if isinstance(item, LoginSessionView) and item.current:
            lines.append([("It is this one: you are asked to sign in again.", "warn")])
        self.ask_first(Question("Your own access", lines, verb), end)


def _public_key(typed: str) -> str:
    text = typed.strip()
    if "PRIVATE" in text:
        raise WrongTextError("Key: that is a private key, which nobody else may have; the .pub beside it")
    if not text or len(text) > _MOST_KEY:
        raise WrongTextError("Key: the one line of a .pub file is missing")
    return text
