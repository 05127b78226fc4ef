"""The tabs of users and grants: who is let in and to what, each a list with what can be done to it."""

from collections.abc import Sequence
from typing import ClassVar, get_args

import msgspec
from textual.binding import Binding, BindingType

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.screens.settings_words import one_of, server_called, when
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest import GrantRole, GrantView, Role, UserCreate, UserDetail, UserPatch

# As the hub wants it.
_LEAST_PASSWORD = 8


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
            [(when(item.created_at, self.given), "muted")],
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
            role: Role = msgspec.convert(one_of(values["role"], get_args(Role), "Role"), Role)
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
            role: Role = msgspec.convert(one_of(values["role"], get_args(Role), "Role"), Role)
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
            [(when(item.created_at, self.given), "muted")],
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
            wanted = values["server"].strip()
            server_id = server_called(wanted, self.names())
            may: GrantRole = msgspec.convert(one_of(values["role"], get_args(GrantRole), "Role"), GrantRole)
            await self.given.access.grant(server_id, values["user"].strip(), may)
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
