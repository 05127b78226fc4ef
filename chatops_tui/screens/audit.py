"""The audit log on a screen: who did what, narrowed as one types; one entry in full."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Input

from chatops_tui.audit_requests import Auditing, AuditWish
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.audit_cells import COLUMNS, AuditLook, cells, facts
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.listing import Listed, Listing, list_keys
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.plain_list import arranged, arrow, kept_plain_order, plain_sorts
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.audit_log import PLACEHOLDER, broken_at, matches, wish_of
from chatops_tui.store.selectors import Order
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.table_messages import RowHighlighted, RowSelected

if TYPE_CHECKING:
    from textual.timer import Timer

    from chatops_wire.rest import AuditView

# Whoever types a word asks the hub once, not for each letter.
_ASK_AFTER_S: Final = 0.3
# So close to the end of what is known the next part is asked for.
_AHEAD: Final = 20
_FOR_ADMINS: Final = "Only admins may read the audit log. Sign in as one (L in the fleet), or ask one."
# Under which its order and filter are remembered.
_LIST: Final = "audit"


class AuditTable(LiveTable):
    """Tells in the footer what Enter does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_row", "Whole entry", id="audit.open", key_display="⏎"),
    ]


class AuditScreen(Listing):
    """Asked for when one comes to it, by `R`, and as one scrolls; it does not follow by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("audit"),
        Binding("R", "reload", "Ask again", id="audit.reload"),
        Binding("escape", "back", "Back", id="audit.back", key_display="esc"),
    ]

    def __init__(self, context: Context, auditing: Auditing) -> None:
        super().__init__(context)
        self._auditing = auditing
        self._entries: dict[str, AuditView] = {}
        self._users: Mapping[str, str] = {}
        self._following: str | None = None
        self._said = "Asking…"
        self._order = kept_plain_order(context.kept, _LIST, COLUMNS)
        self._waits: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield StatusBar()
        yield TooSmall()
        yield FilterBar(PLACEHOLDER, id="audit-filter")
        yield AuditTable(COLUMNS, id="audit-table")
        yield TextBlock(id="audit-chain")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin in the table."""
        self.set_focus(self.query_one(LiveTable))
        self.action_reload()

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Fleet", "Audit log")

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the rows, and whether they hold together."""
        look, shown = self._look(), self._shown()
        table = self.query_one(LiveTable)
        table.set_empty_message([[(self._said, "muted")]])
        table.set_sort(arrow(self._order), reverse=self._order.descending)
        rows = {entry.id: cells(entry, look) for entry in shown}
        table.sync(arranged(rows, COLUMNS, self._order), rows.__getitem__)
        self.query_one("#audit-chain", TextBlock).set_lines([self._chain(len(shown))])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave letters to whoever types."""
        if action == "reload":
            return not isinstance(self.focused, Input)
        if action == "freeze":
            return False
        return super().check_action(action, parameters)

    def listed(self) -> Listed:
        """Return the entries read so far: the newest first, or sorted by what stands in a column."""
        bar, table = self.query_one(FilterBar), self.query_one(LiveTable)
        # By time they come already, and `24 Nov` is no figure.
        sorts = tuple(sort for sort in plain_sorts(COLUMNS) if sort.id != "when")
        return Listed(_LIST, sorts, self._order, self._sort, bar, table)

    def action_reload(self) -> None:
        """Ask the hub again."""
        self._ask(None)

    def action_back(self) -> None:
        """Leave the filter, then the screen."""
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.action_clear()
        else:
            close(self, None)

    @on(FilterBar.Changed)
    def _filter_changed(self) -> None:
        self.sync(frozenset())
        if self._waits is not None:
            self._waits.stop()
        self._waits = self.set_timer(_ASK_AFTER_S, self.action_reload, name="audit-filter")

    @on(RowHighlighted)
    def _row_highlighted(self) -> None:
        rows = self.query_one(LiveTable).order
        here = self.query_one(LiveTable).cursor_row
        if self._following and here in rows[-_AHEAD:]:
            self._ask(self._following)

    @on(RowSelected)
    def _row_selected(self) -> None:
        entry = self._entries.get(self.query_one(LiveTable).cursor_row or "")
        if entry is not None:
            self.app.push_screen(AuditEntryScreen(self.given, entry, self._look()))  # type: ignore[unused-awaitable]

    def _sort(self, order: Order) -> None:
        self._order = order

    def _ask(self, cursor: str | None) -> None:
        self._following = None
        self.run_worker(self._load(cursor), name="audit", group="audit", exclusive=True, exit_on_error=False)

    async def _load(self, cursor: str | None) -> None:
        user = self.store.user
        if user is not None and user.role != "admin":
            self._entries, self._said = {}, _FOR_ADMINS
            self.sync(frozenset())
            return
        try:
            if not self._users:
                self._users = await self._auditing.names()
            part = await self._auditing.part(self._wish()[0], cursor)
        except RequestFailedError as exc:
            self._entries, self._said = {}, clean(str(exc))
        else:
            found = {entry.id: entry for entry in part.entries}
            self._entries = found if cursor is None else self._entries | found
            self._following, self._said = (
                part.following,
                "No entry matches. Esc clears the filter."
                if self.query_one(FilterBar).text
                else "Nothing is written down yet.",
            )
        self.sync(frozenset())

    def _wish(self) -> tuple[AuditWish, tuple[str, ...]]:
        ids = {row.name.casefold(): row.id for row in self.store.rows()}
        return wish_of(self.query_one(FilterBar).text, ids, self.shown_ms)

    def _shown(self) -> Sequence["AuditView"]:
        look, words = self._look(), self._wish()[1]
        if not words:
            return tuple(self._entries.values())
        return [entry for entry in self._entries.values() if matches(words, _texts(entry, look))]

    def _look(self) -> AuditLook:
        servers = {row.id: row.name for row in self.store.rows()}
        return AuditLook(self.given.zone, self._users, servers)

    def _chain(self, shown: int) -> Cell:
        entries = list(self._entries.values())
        if not entries:
            return []
        is_whole = self._wish()[0] == AuditWish()
        broken = broken_at(entries, adjoining=is_whole)
        count = f"{shown} of {len(entries)} entries read{'' if self._following is None else ', more follow'}"
        if broken is not None:
            return [
                (" ✖ ", "crit"),
                (f"The chain is broken at entry {clean(broken)}.", "crit"),
                (f"  {count}", "muted"),
            ]
        said = (
            "Their chain holds." if is_whole else "Each has its own hash; the chain is seen without a filter."
        )
        return [(" ● ", "ok"), (said, "text"), (f"  {count}", "muted")]


class AuditEntryScreen(LiveScreen):
    """One entry, with its data, its hash and the one before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll(1)", "Down", show=False, id="audit-entry.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="audit-entry.up"),
        Binding("escape", "back", "Back", id="audit-entry.back", key_display="esc"),
    ]

    def __init__(self, context: Context, entry: "AuditView", look: AuditLook) -> None:
        super().__init__(context)
        self._entry = entry
        self._look = look

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        yield StatusBar()
        yield TooSmall()
        with VerticalScroll(id="audit-text", can_focus=False):
            yield TextBlock(id="audit-facts")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Fleet", "Audit log", clean(self._entry.id))

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - it does not change
        """Draw the entry."""
        block = self.query_one("#audit-facts", TextBlock)
        block.set_lines(facts(self._entry, self._look, block.content_size.width))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing here goes on by itself."""
        return False if action == "freeze" else super().check_action(action, parameters)

    def action_scroll(self, lines: int) -> None:
        """Move the text."""
        self.query_one("#audit-text").scroll_relative(y=lines, animate=False)

    def action_back(self) -> None:
        """Go back to the list."""
        close(self, None)


def _texts(entry: "AuditView", look: AuditLook) -> tuple[str, ...]:
    return (
        look.user(entry),
        entry.action,
        entry.result,
        look.server(entry),
        entry.target or "",
        entry.address or "",
        str(dict(entry.data)),
    )
