"""The tab of keys: what agents are let in with, and the tokens by which new machines get one."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import NewServer, NewToken
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.screens.new_key import NewKeyScreen
from chatops_tui.screens.settings_words import server_called, when
from chatops_tui.store.alert_texts import WrongTextError, seconds
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest import ApiKeyCreate, ApiKeyView
from chatops_wire.rest_enrolment import MAX_USES, EnrollTokenCreate, EnrollTokenView

_DAY_S = 86_400
# As the hub takes them.
_LEAST_S = 60
_KEY_LIVES_S = 3650 * _DAY_S
_TOKEN_LIVES_S = 30 * _DAY_S
_MOST_NAME = 128


class KeysTab(ListTab[ApiKeyView | EnrollTokenView]):
    """The keys of the servers one may manage, then one's enrolment tokens, an admin's all."""

    columns: ClassVar[Sequence[Column]] = (
        Column("mark", "", 1, sortable=False),
        Column("server", "SERVER", 14, flex=2, max_width=32),
        Column("name", "NAME", 10, flex=1, max_width=24, priority=1),
        Column("prefix", "KEY", 16),
        Column("used", "LAST USED", 12),
        Column("expires", "EXPIRES", 12, priority=2),
    )
    nothing: ClassVar[Sequence[Cell]] = (
        [("No keys. Each server needs one for its agent.", "muted")],
        [],
        [("N", "accent"), (" makes one for a server that is there, ", "muted")],
        [("E", "accent"), (" a token by which new machines make themselves servers.", "muted")],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "new", "New key", id="keys.new"),
        Binding("E", "enrol", "Enrol", id="keys.enrol", tooltip="A token for new machines"),
        Binding("O", "rotate", "Rotate", id="keys.rotate", tooltip="Give its agent the next key"),
        Binding("D", "revoke", "Revoke", id="keys.revoke"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="keys")
        self._made: NewServer | NewToken | None = None

    async def fetch(self) -> Sequence[tuple[str, ApiKeyView | EnrollTokenView]]:
        """Return the keys by server, then the tokens."""
        names, access = self.names(), self.given.access
        keys = sorted(await access.keys(), key=lambda one: names.get(one.server_id, ""))
        found: list[ApiKeyView | EnrollTokenView] = [*keys, *await access.enroll_tokens()]
        return [(one.id, one) for one in found]

    def cells(self, item: ApiKeyView | EnrollTokenView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - one clock for all
        """Return one cell a column."""
        if isinstance(item, ApiKeyView):
            where, used = clean(self.names().get(item.server_id, "gone")), when(item.last_used_at, self.given)
        else:
            where, used = "new machines", f"{item.uses} of {item.max_uses}"
        return [
            [("●", "ok") if item.active else ("○", "off")],
            [(where, "strong" if item.active else "off")],
            [(clean(item.name), "text")],
            [(clean(item.prefix), "muted")],
            [(used, "muted")],
            [(when(item.expires_at, self.given), "muted")],
        ]

    def title(self, item: ApiKeyView | EnrollTokenView) -> str:
        """Return whose it is."""
        if isinstance(item, ApiKeyView):
            return f"{clean(item.prefix)} of {clean(self.names().get(item.server_id, 'gone'))}"
        return f"{clean(item.prefix)} for new machines"

    def note(self, item: ApiKeyView | EnrollTokenView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - likewise
        """Return how it stands."""
        if isinstance(item, EnrollTokenView):
            return [[(_token_words(item), "muted")]]
        if item.rotation:
            said = {
                "waiting": "its next key waits for the agent",
                "offered": "its agent has been sent the next key",
                "next": "the next key, not used yet",
            }[item.rotation]
            return [[(said, "info")]]
        return [[("agents are let in with it" if item.active else "revoked or expired", "muted")]]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what a key or a token allows."""
        chosen = self.chosen
        is_active = chosen is not None and chosen.active
        match action:
            case "rotate":
                return True if is_active and isinstance(chosen, ApiKeyView) else None
            case "revoke":
                return True if is_active else None
            case _:
                return super().check_action(action, parameters)

    def changed(self) -> None:
        """Look again, and show this once what was made."""
        super().changed()
        made, self._made = self._made, None
        if made is not None:
            self.app.push_screen(NewKeyScreen(self.given, made))  # type: ignore[unused-awaitable]

    def edit(self, item: ApiKeyView | EnrollTokenView) -> None:
        """Say that there is nothing to change in it."""
        ways = "O rotates it, D revokes it" if isinstance(item, ApiKeyView) else "D revokes it"
        self.app.notify(f"{clean(item.prefix)}: {ways}.", markup=False)

    def action_new(self) -> None:
        """Make a key for a server's agent."""

        async def save(values: Values) -> str:
            wanted = values["server"].strip()
            server_id = server_called(wanted, self.names())
            lives = _lifetime("Expires", values["expires"], _KEY_LIVES_S)
            body = ApiKeyCreate(server_id=server_id, name=_name(values["name"]), expires_in_s=lives)
            made = await self.given.access.make_key(body)
            memory = self.given.store.server(server_id)
            if memory is not None:
                self._made = NewServer(memory.row.view, made.key, is_new=False)
            return f"{wanted} has a new key. Those it has stay good until they are revoked."

        chosen = self.chosen
        server = self.names().get(chosen.server_id, "") if isinstance(chosen, ApiKeyView) else ""
        fields = (
            Field("server", "Server", server),
            Field("name", "Name", placeholder="to tell it from others"),
            Field("expires", "Expires", placeholder="never; or in 90d, 12h"),
        )
        self.ask_form(FormPlan("New key for an agent", fields, save))

    def action_enrol(self) -> None:
        """Make a token by which new machines make themselves servers."""

        async def save(values: Values) -> str:
            lives = _lifetime("Good for", values["expires"] or "15m", _TOKEN_LIVES_S)
            body = EnrollTokenCreate(
                name=_name(values["name"]),
                tags=tuple(values["tags"].replace(",", " ").split()),
                max_uses=_uses(values["uses"]),
                expires_in_s=lives or 0,
            )
            made = await self.given.access.make_enroll_token(body)
            self._made = NewToken(made.line, made.expires_at, made.max_uses)
            return "The token is made."

        fields = (
            Field("uses", "Machines", "1", f"how many it lets in, at most {MAX_USES}"),
            Field("expires", "Good for", "15m", "15m, 2h, 30d at most"),
            Field("tags", "Tags", placeholder="of the servers: web prod"),
            Field("name", "Name", placeholder="to tell it from others"),
        )
        self.ask_form(FormPlan("New enrolment token", fields, save))

    def action_rotate(self) -> None:
        """Give its agent the next key."""
        item = self.chosen
        if item is None:
            return

        async def rotate() -> str:
            await self.given.access.rotate_key(item.id)
            return "Its agent is given the next key."

        self.carry_out(rotate)

    def action_revoke(self) -> None:
        """End it."""
        item = self.chosen
        if item is None:
            return

        async def revoke() -> str:
            if isinstance(item, ApiKeyView):
                await self.given.access.revoke_key(item.id)
            else:
                await self.given.access.revoke_enroll_token(item.id)
            return f"{item.prefix} is revoked."

        lines: list[Cell] = [[("Revoke ", "text"), (self.title(item), "strong"), ("?", "text")]]
        if isinstance(item, ApiKeyView):
            lines.append([("The agent that came with it is cut off within seconds.", "warn")])
        else:
            lines.append([("No more machines come with it; the servers made with it stay.", "muted")])
        self.ask_first(Question("Revoke a key", lines, "Revoke"), revoke)


def _token_words(item: EnrollTokenView) -> str:
    if item.active:
        tags = f", tagged {' '.join(map(clean, item.tags))}" if item.tags else ""
        left = item.max_uses - item.uses
        return f"lets {left} more machine{'s' if left != 1 else ''} in{tags}"
    if item.revoked_at:
        return "revoked"
    return "used up" if item.uses >= item.max_uses else "expired"


def _name(typed: str) -> str:
    if len(typed.strip()) > _MOST_NAME:
        raise WrongTextError(f"Name: at most {_MOST_NAME} characters")
    return typed.strip()


def _lifetime(label: str, typed: str, most_s: int) -> int | None:
    """Return seconds, None for nothing; WrongTextError."""
    if not typed.strip():
        return None
    try:
        lives_s = round(seconds(typed))
    except WrongTextError as exc:
        raise WrongTextError(f"{label}: {exc}") from exc
    if not _LEAST_S <= lives_s <= most_s:
        raise WrongTextError(f"{label}: from a minute to {most_s // _DAY_S} days")
    return lives_s


def _uses(typed: str) -> int:
    text = typed.strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_USES):
        raise WrongTextError(f"Machines: {text!r} is no whole number from 1 to {MAX_USES}")
    return int(text)
