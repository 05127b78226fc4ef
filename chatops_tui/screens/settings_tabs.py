"""The tabs of users, keys and grants: who and what is let in, each a list with what can be done to it."""

from collections.abc import Sequence
from typing import ClassVar, get_args

import msgspec
from textual.binding import Binding, BindingType

from chatops_tui.clock import moment
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.store.addresses import near_names
from chatops_tui.store.alert_texts import WrongTextError
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest import ApiKeyView, GrantRole, GrantView, Role, UserCreate, UserDetail, UserPatch
from chatops_wire.times import parse_ms

# As the hub wants it.
_LEAST_PASSWORD = 8


def _when(text: str | None, given: Context) -> str:
    try:
        return moment(parse_ms(text), given.now_ms(), given.zone) if text else "never"
    except (ValueError, OverflowError):
        return clean(text or "", 12)


def _one_of(typed: str, known: Sequence[str], label: str) -> str:
    """Return the one that is begun; WrongTextError."""
    wanted = typed.strip().lower()
    found = next((one for one in known if wanted and one.startswith(wanted)), "")
    if not found:
        raise WrongTextError(f"{label}: {typed!r} is none of {', '.join(known)}")
    return found


class UsersTab(ListTab[UserDetail]):
    """Everybody who may sign in."""

    columns: ClassVar[Sequence[Column]] = (
        Column("mark", "", 1, sortable=False),
        Column("name", "NAME", 16, flex=2, max_width=40),
        Column("role", "ROLE", 8),
        Column("since", "SINCE", 12),
    )
    nothing: ClassVar[Sequence[Cell]] = ([("Nobody may sign in yet.", "muted")],)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "new", "New", id="users.new"),
        Binding("X", "switch", "On/off", id="users.switch", tooltip="Let in, or keep out"),
        Binding("D", "delete", "Delete", id="users.delete"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="users")

    async def fetch(self) -> Sequence[tuple[str, UserDetail]]:
        """Return the users by name."""
        found = await self.given.access.users()
        return [(one.id, one) for one in sorted(found, key=lambda one: one.username.casefold())]

    def cells(self, item: UserDetail, now_ms: int) -> list[Cell]:  # noqa: ARG002 - one clock for all
        """Return one cell a column."""
        return [
            [("●", "ok") if item.active else ("○", "off")],
            [(clean(item.username), "strong" if item.active else "off")],
            [(item.role, "text")],
            [(_when(item.created_at, self.given), "muted")],
        ]

    def title(self, item: UserDetail) -> str:
        """Return the name."""
        return clean(item.username)

    def note(self, item: UserDetail, now_ms: int) -> list[Cell]:  # noqa: ARG002 - likewise
        """Return what the role means."""
        said = {
            "viewer": "sees the servers that are shared with them",
            "operator": "also adds servers, runs commands, controls containers, acknowledges alerts",
            "admin": "everything, users and channels included",
        }[item.role]
        return [[(said if item.active else "kept out: cannot sign in", "muted")]]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs a user only where there is one."""
        if action in {"switch", "delete"}:
            return True if self.chosen is not None else None
        return super().check_action(action, parameters)

    def action_new(self) -> None:
        """Add one."""

        async def save(values: Values) -> str:
            role: Role = msgspec.convert(_one_of(values["role"], get_args(Role), "Role"), Role)
            name = values["name"].strip()
            await self.given.access.add_user(
                UserCreate(username=name, password=_password(values["password"]), role=role)
            )
            return f"{name} may sign in."

        fields = (
            Field("name", "Name"),
            Field("role", "Role", "viewer", "viewer, operator, admin"),
            Field("password", "Password", secret=True, placeholder=f"at least {_LEAST_PASSWORD} characters"),
        )
        self.ask_form(FormPlan("New user", fields, save))

    def edit(self, item: UserDetail) -> None:
        """Change role or password."""

        async def save(values: Values) -> str:
            role: Role = msgspec.convert(_one_of(values["role"], get_args(Role), "Role"), Role)
            password = _password(values["password"]) if values["password"] else msgspec.UNSET
            await self.given.access.change_user(item.id, UserPatch(role=role, password=password))
            return f"{item.username} is changed."

        fields = (
            Field("role", "Role", item.role, "viewer, operator, admin"),
            Field("password", "Password", secret=True, placeholder="as it is"),
        )
        self.ask_form(FormPlan(f"Change {item.username}", fields, save))

    def action_switch(self) -> None:
        """Let in, or keep out."""
        item = self.chosen
        if item is None:
            return

        async def switch() -> str:
            await self.given.access.change_user(item.id, UserPatch(active=not item.active))
            return f"{item.username} is {'kept out' if item.active else 'let in'}."

        self.carry_out(switch)

    def action_delete(self) -> None:
        """Remove one."""
        item = self.chosen
        if item is None:
            return

        async def delete() -> str:
            await self.given.access.remove_user(item.id)
            return f"{item.username} is removed."

        lines: list[Cell] = [
            [("Remove ", "text"), (clean(item.username), "strong"), ("?", "text")],
            [("Their sessions end. What they did stays in the audit log.", "muted")],
        ]
        name = clean(item.username)
        self.ask_first(Question("Remove a user", lines, "Remove", type_to_confirm=name), delete)


class KeysTab(ListTab[ApiKeyView]):
    """The keys agents come with, of the servers one may manage."""

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
        [("A", "accent"), (" in the fleet adds a server with its key.", "muted")],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("O", "rotate", "Rotate", id="keys.rotate", tooltip="Give its agent the next key"),
        Binding("D", "revoke", "Revoke", id="keys.revoke"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="keys")

    async def fetch(self) -> Sequence[tuple[str, ApiKeyView]]:
        """Return the keys by server."""
        names, found = self.names(), await self.given.access.keys()
        return [(one.id, one) for one in sorted(found, key=lambda one: names.get(one.server_id, ""))]

    def cells(self, item: ApiKeyView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - one clock for all
        """Return one cell a column."""
        return [
            [("●", "ok") if item.active else ("○", "off")],
            [(clean(self.names().get(item.server_id, "gone")), "strong" if item.active else "off")],
            [(clean(item.name), "text")],
            [(clean(item.prefix), "muted")],
            [(_when(item.last_used_at, self.given), "muted")],
            [(_when(item.expires_at, self.given), "muted")],
        ]

    def title(self, item: ApiKeyView) -> str:
        """Return whose it is."""
        return f"{clean(item.prefix)} of {clean(self.names().get(item.server_id, 'gone'))}"

    def note(self, item: ApiKeyView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - likewise
        """Return how it stands."""
        if item.rotation:
            said = {
                "waiting": "its next key waits for the agent",
                "offered": "its agent has been sent the next key",
                "next": "the next key, not used yet",
            }[item.rotation]
            return [[(said, "info")]]
        return [[("agents are let in with it" if item.active else "revoked or expired", "muted")]]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what a key allows."""
        if action in {"rotate", "revoke"}:
            return True if self.chosen is not None and self.chosen.active else None
        return super().check_action(action, parameters)

    def edit(self, item: ApiKeyView) -> None:
        """Say that there is nothing to change in it."""
        self.app.notify(f"{clean(item.prefix)}: O rotates it, D revokes it.", markup=False)

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
            await self.given.access.revoke_key(item.id)
            return f"{item.prefix} is revoked."

        lines: list[Cell] = [
            [("Revoke ", "text"), (self.title(item), "strong"), ("?", "text")],
            [("The agent that came with it is cut off within seconds.", "warn")],
        ]
        self.ask_first(Question("Revoke a key", lines, "Revoke"), revoke)


class GrantsTab(ListTab[GrantView]):
    """Who else may see or operate the servers one may manage."""

    columns: ClassVar[Sequence[Column]] = (
        Column("server", "SERVER", 16, flex=2, max_width=32),
        Column("user", "USER", 16, flex=2, max_width=32),
        Column("role", "ROLE", 8),
        Column("since", "SINCE", 12),
    )
    nothing: ClassVar[Sequence[Cell]] = (
        [("Nothing is shared: owners and admins see their servers, nobody else.", "muted")],
        [],
        [("N", "accent"), (" lets somebody see or operate one.", "muted")],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "new", "New", id="grants.new"),
        Binding("D", "take", "Take away", id="grants.take"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="grants")

    async def fetch(self) -> Sequence[tuple[str, GrantView]]:
        """Return the grants by server."""
        found = await self.given.access.grants()
        return [(f"{one.server_id}/{one.user_id}", one) for one in found]

    def cells(self, item: GrantView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - one clock for all
        """Return one cell a column."""
        return [
            [(clean(self.names().get(item.server_id, "gone")), "strong")],
            [(clean(item.username), "text")],
            [(item.role, "text")],
            [(_when(item.created_at, self.given), "muted")],
        ]

    def title(self, item: GrantView) -> str:
        """Return who may what."""
        return f"{clean(item.username)} on {clean(self.names().get(item.server_id, 'gone'))}"

    def note(self, item: GrantView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - likewise
        """Return what it comes to."""
        return [[(f"The lesser of their own role and {item.role} decides.", "muted")]]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs a grant only where there is one."""
        if action == "take":
            return True if self.chosen is not None else None
        return super().check_action(action, parameters)

    def action_new(self) -> None:
        """Let somebody see or operate a server."""
        self._ask("New grant", "", "", "viewer")

    def edit(self, item: GrantView) -> None:
        """Change what somebody may do."""
        name = self.names().get(item.server_id, "")
        self._ask(f"Change {item.username}", name, item.username, item.role)

    def action_take(self) -> None:
        """Take it away."""
        item = self.chosen
        if item is None:
            return

        async def take() -> str:
            await self.given.access.take_grant(item.server_id, item.user_id)
            return f"{item.username} no longer sees it."

        self.carry_out(take)

    def _ask(self, title: str, server: str, user: str, role: str) -> None:
        async def save(values: Values) -> str:
            by_name = {name: server_id for server_id, name in self.names().items()}
            wanted = values["server"].strip()
            if wanted not in by_name:
                near = near_names(wanted, by_name)
                hint = f"; like it are {', '.join(near)}" if near else ""
                raise WrongTextError(f"Server: none is called {wanted!r}{hint}")
            may: GrantRole = msgspec.convert(_one_of(values["role"], get_args(GrantRole), "Role"), GrantRole)
            await self.given.access.grant(by_name[wanted], values["user"].strip(), may)
            return f"{values['user'].strip()} may be {may} on {wanted}."

        fields = (
            Field("server", "Server", server),
            Field("user", "User", user, "a name, or an id"),
            Field("role", "Role", role, "viewer, operator"),
        )
        self.ask_form(FormPlan(title, fields, save))


def _password(typed: str) -> str:
    if len(typed) < _LEAST_PASSWORD:
        raise RequestFailedError(f"Password: at least {_LEAST_PASSWORD} characters.")
    return typed
