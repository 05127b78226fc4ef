"""The containers of every server the user may see, in one list."""

from collections.abc import Set as AbstractSet
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs
from chatops_tui.screens.closing import close
from chatops_tui.screens.container_list import ContainerList
from chatops_tui.screens.container_visits import ContainerVisits
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed, Listing, list_keys
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.containers import EVERYWHERE
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar


class ContainersScreen(ContainerVisits, Listing):
    """Grouped by project, so that what runs on several machines stands together."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("all-containers", shows_sort=False),
        Binding("escape", "back", "Back", id="all-containers.back", key_display="esc"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._list = ContainerList(context, has_servers=True)

    def compose(self) -> ComposeResult:
        """Lay out bars and list."""
        yield StatusBar()
        yield TooSmall()
        yield self._list
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin in the table."""
        self.set_focus(self._list.table)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Fleet", "Containers")

    def needs(self) -> Needs:
        """Return the containers of all servers."""
        return Needs(containers=frozenset({EVERYWHERE}))

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the list."""
        names = {row.id: row.name for row in self.store.rows()}
        self._list.show(self.store.containers.rows(), names, self.shown_ms)
        self._list.say_when_empty(self._nothing())

    def listed(self) -> Listed:
        """Return the list."""
        return self._list.listed("all-containers")

    def action_back(self) -> None:
        """Leave the filter, then the marks, then the screen."""
        if not self._list.back():
            close(self, None)

    def _nothing(self) -> list[Cell]:
        containers = self.store.containers
        if containers.failure(EVERYWHERE):
            return [[(f"✖ {clean(containers.failure(EVERYWHERE))}", "crit")]]
        if not containers.is_loaded(EVERYWHERE):
            return [[("Loading the containers…", "muted")]]
        return [
            [("No server you see has a container.", "muted")],
            [],
            [("Where an agent finds Docker or Podman they come by themselves.", "muted")],
        ]
