"""The containers of one server, as a tab."""

from textual.app import ComposeResult
from textual.widget import Widget

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.screens.container_list import ContainerList
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import kept_order
from chatops_tui.screens.server_panes import Pane
from chatops_tui.store.container_rows import SORTS
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Row
from chatops_tui.store.time_view import TimeView

PAST_REFUSAL = "This is the past: 0 goes back to now"


class ContainersPane(Pane):
    """Its list."""

    sorts = SORTS

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="docker")
        self.order = kept_order(context.kept, "server-docker", SORTS, "name")
        self._list = ContainerList(context, has_servers=False)

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        yield self._list

    @property
    def target(self) -> Widget:
        """The table."""
        return self._list.table

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:  # noqa: ARG002 - it has no time axis
        """Draw the containers, or why there are none."""
        row = memory.row
        if self.order is not None:
            self._list.order = self.order
        containers = self.store.containers
        self._list.refusal = PAST_REFUSAL if memory.is_past else ""
        self._list.show(containers.rows(row.id), {row.id: row.name}, now_ms)
        nothing = _nothing_then(memory) if memory.is_past else nothing_to_show(self.given, row)
        self._list.say_when_empty(nothing)

    def back(self) -> bool:
        """Take filter or marks away."""
        return self._list.back()


def _nothing_then(memory: ServerMemory) -> list[Cell]:
    said = memory.absence if memory.sample is None else "No container is known of this moment."
    return [[(said, "muted")]]


def nothing_to_show(given: Context, row: Row) -> list[Cell]:
    """Return why a server shows no containers, and what can be done about it."""
    name, containers = clean(row.name), given.store.containers
    if row.status != "online":
        return [[(f"{name} is not connected: its containers are shown when it is back.", "warn")]]
    engine = containers.engine(row.id)
    if engine == "absent":
        return [
            [(f"There is no Docker on {name}, or its agent may not use it.", "warn")],
            [],
            [("The agent looks for the sockets of Docker and Podman. Its user must be in the", "muted")],
            [("group docker, which is as much as being root: usermod -aG docker chatops", "muted")],
        ]
    if engine == "unavailable":
        return [
            [(f"The Docker engine of {name} does not answer.", "crit")],
            [(clean(containers.engine_reason(row.id)), "text")],
            [("The agent asks again by itself. On the machine: systemctl status docker", "muted")],
        ]
    if containers.failure(row.id):
        return [[(f"✖ {clean(containers.failure(row.id))}", "crit")]]
    if not containers.is_loaded(row.id):
        return [[("Loading the containers…", "muted")]]
    return [[("There are no containers.", "muted")]]
