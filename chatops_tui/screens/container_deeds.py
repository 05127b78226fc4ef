"""Carries out what is wanted of containers: asks once where it must, and tells what became of it."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final

from textual.screen import Screen

from chatops_tui.relay.place import Place
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.container_orders import ORDERS, Order, how, question, suits
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.screens.one_line import OneLine
from chatops_tui.screens.tabs import can
from chatops_tui.screens.wanted import ShellWanted
from chatops_tui.store.container_rows import ContainerRow
from chatops_tui.widgets.confirm import Confirm
from chatops_wire.rest_docker import ContainerOrder, EngineOrder, ProjectAction

CHANGES: Final = frozenset({"start", "stop", "restart", "pause", "kill", "remove", "rename", "more"})
"""Wishes that need an agent which allows changes."""

# An engine does a few things at once; a hundred stops together would only wait for each other.
_AT_ONCE: Final = 8
# More reasons than these would fill the screen.
_MOST_REASONS: Final = 3
_PROJECT_ACTIONS: Final[dict[str, ProjectAction]] = {
    "start": "start",
    "stop": "stop",
    "restart": "restart",
}


def may_change(given: Context, server_id: str) -> bool:
    """Return whether containers of a server can be changed now, by this user."""
    memory = given.store.server(server_id)
    return memory is not None and given.is_current(memory.row) and can(memory.row, "docker")


def hindrance(given: Context, server_id: str) -> str:
    """Return why containers of a server can only be looked at, and how to allow more; empty where not."""
    memory = given.store.server(server_id)
    if memory is None or can(memory.row, "docker"):
        return ""
    name = clean(memory.row.name)
    if memory.row.view.role == "viewer":
        return f"You may only look at {name}: ask its owner for the role operator."
    return f"{name} only lets you look: start its agent with --allow docker to change something."


class ContainerDeeds:
    """Of one screen and one wish."""

    def __init__(self, screen: Screen[Any], given: Context) -> None:
        self._screen = screen
        self._given = given
        self._left_out = 0
        """How many of those that were chosen may not be changed."""

    def do(self, wish: str, rows: Sequence[ContainerRow], project: str = "") -> None:
        """Begin; `rows` are those it is for, of a whole compose project where one is named."""
        allowed = [row for row in rows if may_change(self._given, row.memory.server_id)]
        self._left_out = len(rows) - len(allowed)
        if wish in CHANGES and not allowed:
            self._say(self._why_not(rows), is_well=False)
            return
        match wish:
            case "shell":
                self._open_shell(rows)
            case "rename":
                self._ask_for_name(allowed)
            case "more":
                self._offer(allowed, project)
            case "pause" if all(row.item.state == "paused" for row in allowed):
                self._begin(ORDERS["unpause"], allowed, project)
            case _:
                self._begin(ORDERS[wish], allowed, project)

    def _why_not(self, rows: Sequence[ContainerRow]) -> str:
        if not rows:
            return "There is no container here."
        return hindrance(self._given, rows[0].memory.server_id) or "Its server is not connected."

    def _open_shell(self, rows: Sequence[ContainerRow]) -> None:
        row = rows[0] if rows else None
        server = self._given.store.server(row.memory.server_id) if row else None
        if row is None or server is None:
            return
        if not may_change(self._given, server.row.id):
            self._say(self._why_not(rows), is_well=False)
        elif row.item.state not in {"running", ""}:
            self._say(f"{clean(row.item.name)} does not run.", is_well=False)
        else:
            server_id, container_id = row.memory.key
            # By name, as it is told while one is there, and in the audit log.
            container = row.item.name or container_id
            self._screen.post_message(ShellWanted(Place(server_id, row.server, container=container)))

    def _ask_for_name(self, rows: Sequence[ContainerRow]) -> None:
        row = rows[0]
        field = Field("container-name", "New name", row.item.name)
        self._screen.app.push_screen(  # type: ignore[unused-awaitable]
            OneLine(f"Rename {row.item.name}", field), lambda name: self._rename(row, name)
        )

    def _rename(self, row: ContainerRow, name: str | None) -> None:
        if name is None or name == row.item.name:
            return
        work = self._given.engines.act(row.memory.key, "rename", ContainerOrder(name=name))
        self._run([(clean(row.item.name), work)], f"Renamed to {clean(name)}:")

    def _offer(self, rows: Sequence[ContainerRow], project: str) -> None:
        found = [order for order in ORDERS.values() if any(suits(order, row.item) for row in rows)]
        choices = [Choice(order.id, order.title) for order in found]
        if len(rows) == 1:
            choices.append(Choice("rename", "Rename"))
        whom = clean(rows[0].item.name) if len(rows) == 1 else f"{len(rows)} containers"
        self._screen.app.push_screen(  # type: ignore[unused-awaitable]
            Choose(whom, choices, choices[0].id), lambda wish: self._chosen(wish, rows, project)
        )

    def _chosen(self, wish: str | None, rows: Sequence[ContainerRow], project: str) -> None:
        if wish == "rename":
            self._ask_for_name(rows)
        elif wish is not None:
            self._begin(ORDERS[wish], rows, project)

    def _begin(self, order: Order, rows: Sequence[ContainerRow], project: str) -> None:
        targets = [row for row in rows if suits(order, row.item)]
        if not targets:
            state = clean(rows[0].item.state) or "running"
            whom = clean(rows[0].item.name) if len(rows) == 1 else "Each of them"
            self._say(f"{whom} is {state}: there is nothing to {order.title.lower()}.", is_well=False)
        elif order.asks:
            self._screen.app.push_screen(  # type: ignore[unused-awaitable]
                Confirm(question(order, targets, self._left_out)),
                lambda yes: self._carry_out(order, targets, project) if yes else None,
            )
        else:
            self._carry_out(order, targets, project)

    def _carry_out(self, order: Order, targets: Sequence[ContainerRow], project: str) -> None:
        engines = self._given.engines
        action = _PROJECT_ACTIONS.get(order.id)
        if project and action is not None:
            # The agent knows which of them the others depend on.
            servers = {row.memory.server_id: row.server for row in targets}
            whole = EngineOrder(own=any(row.item.is_agent for row in targets))
            works = [
                (
                    f"{clean(project)} on {clean(name)}",
                    engines.act_on_project(server_id, project, action, whole),
                )
                for server_id, name in servers.items()
            ]
        else:
            works = [
                (clean(row.item.name), engines.act(row.memory.key, order.action, how(order, row.item)))
                for row in targets
            ]
        self._run(works, order.done)

    def _run(self, works: Sequence[tuple[str, Awaitable[None]]], done: str) -> None:
        # Of the app, not of the screen: leaving it must not break anything off.
        self._screen.app.run_worker(self._ran(works, done), name="containers", exit_on_error=False)

    async def _ran(self, works: Sequence[tuple[str, Awaitable[None]]], done: str) -> None:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str, work: Awaitable[None]) -> str:
            async with turns:
                try:
                    await work
                except RequestFailedError as exc:
                    return f"{name}: {clean(str(exc))}"
            return ""

        reasons = [reason for reason in await asyncio.gather(*(one(*work) for work in works)) if reason]
        well = len(works) - len(reasons)
        if well:
            whom = works[0][0] if len(works) == 1 else f"{well} containers"
            left_out = f" {self._left_out} left out: not allowed there." if self._left_out else ""
            self._say(f"{done} {whom}.{left_out}")
        for reason in reasons[:_MOST_REASONS]:
            self._say(reason, is_well=False)
        if len(reasons) > _MOST_REASONS:
            self._say(f"{len(reasons) - _MOST_REASONS} more failed.", is_well=False)

    def _say(self, text: str, *, is_well: bool = True) -> None:
        self._screen.app.notify(text, severity="information" if is_well else "error", markup=False)
