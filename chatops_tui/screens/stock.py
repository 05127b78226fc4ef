"""What the engine of a server keeps besides containers: images, volumes, networks."""

from collections.abc import Awaitable, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from chatops_tui.render import numbers
from chatops_tui.render.bars import bar
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs, RequestFailedError
from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.closing import close
from chatops_tui.screens.container_deeds import hindrance, may_change
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.screens.listing import Listed, Listing, list_keys
from chatops_tui.screens.one_line import OneLine
from chatops_tui.screens.plain_list import arranged, arrow, kept_plain_order, plain_sorts
from chatops_tui.screens.stock_cells import KINDS, Item, Kind
from chatops_tui.screens.tab_line import TabLine
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.pulls import Pull
from chatops_tui.store.selectors import Order
from chatops_tui.widgets.confirm import Confirm, Question
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.table_messages import MarksChanged

if TYPE_CHECKING:
    from chatops_tui.engine_requests import Stock

_BAR: Final = 20
_MOST_NAMES: Final = 6


class StockTable(LiveTable):
    """Of one kind at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle_mark", "Mark", show=False, id="stock.mark"),
    ]


class StockScreen(Listing):
    """Asked for when it is opened, after each change, and by `R`: an engine takes its time to count."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(at + 1), f"tab({at})", kind.title, show=False, id=f"stock.{kind.id}")
            for at, kind in enumerate(KINDS)
        ),
        Binding("tab", "tab_step(1)", "Next tab", show=False, id="stock.tab-next"),
        Binding("shift+tab", "tab_step(-1)", "Previous tab", show=False, id="stock.tab-previous"),
        Binding("P", "pull", "Pull", id="stock.pull"),
        Binding("D", "remove", "Remove", id="stock.remove"),
        Binding("X", "prune", "Prune unused", id="stock.prune"),
        *list_keys("stock", shows_sort=False),
        Binding("R", "reload", "Reload", id="stock.reload"),
        Binding("escape", "back", "Back", id="stock.back", key_display="esc"),
    ]

    def __init__(self, context: Context, server_id: str) -> None:
        super().__init__(context)
        self._server_id = server_id
        self._at = 0
        self._found: dict[Stock, Sequence[Item]] = {}
        self._failures: dict[Stock, str] = {}
        self._use: dict[str, Any] = {}
        self._pulling: tuple[str, ...] = ()
        self._orders: dict[Stock, Order] = {}

    def compose(self) -> ComposeResult:
        """Lay out bars, tabs, pulls and table."""
        yield StatusBar()
        yield TooSmall()
        yield TabLine()
        yield TextBlock(id="stock-pulls")
        yield FilterBar("words, or a column: size>100m")
        yield StockTable(KINDS[0].columns, opens=False, markable=True)
        yield TextBlock(id="stock-note")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Ask for everything."""
        self.query_one(TabLine).set_titles([f"{at + 1} {kind.title}" for at, kind in enumerate(KINDS)])
        self.set_focus(self.query_one(StockTable))
        self._reload()

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        server = self.store.server(self._server_id)
        return ("Fleet", clean(server.row.name) if server else "gone", "Images, volumes, networks")

    def needs(self) -> Needs:
        """Return what tells of pulls."""
        return Needs(containers=frozenset({self._server_id}))

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw the table, and how pulls go."""
        self._draw_pulls()
        kind = KINDS[self._at]
        self.query_one(TabLine).show(self._at, "")
        rows = {kind.key(item): item for item in self._found.get(kind.id, ()) if kind.key(item)}
        table = self.query_one(StockTable)
        table.set_empty_message(self._nothing(kind))
        drawn = {key: kind.cells(item, self.shown_ms) for key, item in rows.items()}
        order, bar = self._order, self.query_one(FilterBar)
        found = arranged(drawn, kind.columns, order, bar.text)
        bar.set_counts(len(found), len(rows))
        table.set_sort(arrow(order), reverse=order.descending)
        table.sync(found, drawn.__getitem__)
        self._draw_note(kind, len(rows))

    def listed(self) -> Listed:
        """Return the list of the kind that is seen."""
        bar, table, kind = self.query_one(FilterBar), self.query_one(StockTable), self._kind
        return Listed(self._list_name, plain_sorts(kind.columns), self._order, self._take_order, bar, table)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what is not allowed."""
        if action == "pull" and self._kind.id != "images":
            return False
        if action in {"pull", "remove", "prune"}:
            return True if may_change(self.given, self._server_id) else None
        if action == "freeze":
            return False
        return super().check_action(action, parameters)

    def action_tab(self, at: int) -> None:
        """Show another kind."""
        self._at = at
        # What narrows one kind says nothing of another.
        self.query_one(FilterBar).put("")
        table = self.query_one(StockTable)
        table.clear_marks()
        table.sync([], lambda _row: [])
        table.set_columns(KINDS[at].columns)
        self.refresh_bindings()
        self.sync(frozenset())

    def action_tab_step(self, step: int) -> None:
        """Show the kind beside this one."""
        self.action_tab((self._at + step) % len(KINDS))

    def action_reload(self) -> None:
        """Ask the engine anew; what failed has been read."""
        self.given.store.containers.pulls.forget_failed(self._server_id)
        self._reload()

    def action_pull(self) -> None:
        """Pull an image."""
        field = Field("image-name", "Image", "", "nginx:1.27 or ghcr.io/team/app:main")
        self.ask(OneLine("Pull an image", field), self._pull)

    def action_remove(self) -> None:
        """Remove the marked ones, or the one under the cursor."""
        chosen = self._chosen()
        if chosen:
            self.ask(Confirm(self._removal(chosen)), lambda yes: self._remove(chosen) if yes else None)

    def action_prune(self) -> None:
        """Remove what nothing uses, of images and volumes only those without a name or all."""
        kind = self._kind
        if kind.id == "networks":
            self._ask_to_prune(everything=True)
            return
        choices = (
            Choice("nameless", f"Unused {kind.id} without a name"),
            Choice("all", f"All unused {kind.id}"),
        )
        self.ask(
            Choose(f"Prune {kind.id}", choices, "nameless"),
            lambda chosen: self._ask_to_prune(everything=chosen == "all") if chosen else None,
        )

    def action_back(self) -> None:
        """Leave the filter, then the marks, then the screen."""
        table, bar = self.query_one(StockTable), self.query_one(FilterBar)
        if bar.text:
            bar.action_clear()
        elif table.marked:
            table.clear_marks()
            self.sync(frozenset())
        else:
            close(self, None)

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        self.action_tab(event.index)

    @on(MarksChanged)
    def _marks_changed(self) -> None:
        self.sync(frozenset())

    @property
    def _list_name(self) -> str:
        return f"stock-{self._kind.id}"

    @property
    def _order(self) -> Order:
        last = kept_plain_order(self.given.kept, self._list_name, self._kind.columns)
        return self._orders.get(self._kind.id, last)

    def _take_order(self, order: Order) -> None:
        self._orders[self._kind.id] = order

    @property
    def _kind(self) -> Kind:
        return KINDS[self._at]

    @property
    def _server_name(self) -> str:
        server = self.store.server(self._server_id)
        return clean(server.row.name) if server else "?"

    def _chosen(self) -> list[Item]:
        table, kind = self.query_one(StockTable), self._kind
        wanted = table.marked or {table.cursor_row}
        return [item for item in self._found.get(kind.id, ()) if kind.key(item) in wanted]

    def _removal(self, chosen: Sequence[Item]) -> Question:
        kind = self._kind
        names = [kind.name(item) for item in chosen]
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        whom = ", ".join(names[:_MOST_NAMES]) + more
        title = f"Remove this {kind.one}?" if len(names) == 1 else f"Remove {len(names)} {kind.id}?"
        is_final = kind.id == "volumes"
        typed = (names[0] if len(names) == 1 else str(len(names))) if is_final else ""
        lines: list[Cell] = [
            [("Remove ", "text"), (whom, "strong"), (f" on {self._server_name}", "text")],
            [(kind.lost, "warn" if is_final else "muted")],
        ]
        return Question(title, lines, "Remove", type_to_confirm=typed)

    def _ask_to_prune(self, *, everything: bool) -> None:
        kind = self._kind
        which = "Every" if everything else "Without a name, every"
        flag = " --all" if everything and kind.id != "networks" else ""
        question = Question(
            f"Prune {kind.id}?",
            [
                [(f"docker {kind.one} prune{flag}", "strong"), (f" on {self._server_name}", "text")],
                [(f"{which} {kind.one} that no container uses. {kind.lost}", "warn")],
            ],
            "Prune",
            type_to_confirm=kind.id if everything and kind.id == "volumes" else "",
        )
        self.ask(Confirm(question), lambda yes: self._prune(kind, everything=everything) if yes else None)

    def _prune(self, kind: Kind, *, everything: bool) -> None:
        work = self.given.engines.prune(self._server_id, kind.id, everything=everything)
        self._do([(f"unused {kind.id}", work)])

    def _remove(self, chosen: Sequence[Item]) -> None:
        kind, engines = self._kind, self.given.engines
        self._do(
            [(kind.name(item), engines.remove(self._server_id, kind.id, kind.key(item))) for item in chosen]
        )

    def _pull(self, image: str | None) -> None:
        if image is not None:
            self.run_worker(self._pulled(image), name="pull", exit_on_error=False)

    async def _pulled(self, image: str) -> None:
        try:
            await self.given.engines.pull(self._server_id, image)
        except RequestFailedError as exc:
            self.notify(clean(str(exc)), severity="error", markup=False)

    def _reload(self) -> None:
        self.run_worker(self._load(), name="stock", exclusive=True, exit_on_error=False)

    def _do(self, works: Sequence[tuple[str, Awaitable[object]]]) -> None:
        # Of the app, not of the screen: leaving it must not break anything off.
        self.app.run_worker(self._done(works), name="stock-change", exit_on_error=False)

    async def _done(self, works: Sequence[tuple[str, Awaitable[object]]]) -> None:
        removed, freed = 0, ""
        for name, work in works:
            try:
                answer = await work
            except RequestFailedError as exc:
                self.app.notify(f"{name}: {clean(str(exc))}", severity="error", markup=False)
            else:
                removed += 1
                freed = _freed(answer)
        if removed:
            whom = works[0][0] if len(works) == 1 else f"{removed} {self._kind.id}"
            self.app.notify(f"Removed {whom}{freed}.", markup=False)
        if self.is_attached:
            await self._load()

    async def _load(self) -> None:
        for kind in KINDS:
            try:
                self._found[kind.id] = await self.given.engines.stock(self._server_id, kind.id)
                self._failures.pop(kind.id, None)
            except RequestFailedError as exc:
                self._failures[kind.id] = str(exc)
            self.sync(frozenset())
        try:
            self._use = await self.given.engines.disk_use(self._server_id)
        except RequestFailedError as exc:
            self.log.debug(str(exc))
        self.sync(frozenset())

    def _nothing(self, kind: Kind) -> list[Cell]:
        failure = self._failures.get(kind.id)
        if self._found.get(kind.id) and self.query_one(FilterBar).text:
            return [[("None matches the filter. Esc clears it.", "muted")]]
        if failure:
            return [[(f"✖ {clean(failure)}", "crit")]]
        if kind.id not in self._found:
            return [[("Asking the engine…", "muted")]]
        return [[(f"There are no {kind.id}.", "muted")]]

    def _draw_pulls(self) -> None:
        pulls = list(self.store.containers.pulls.of(self._server_id))
        block = self.query_one("#stock-pulls", TextBlock)
        block.set_class(not pulls, "-gone")
        block.set_lines([self._pull_line(pull) for pull in pulls])
        going = tuple(pull.image for pull in pulls if not pull.ended)
        if set(self._pulling) - set(going):
            # What was pulled is there now; why it is not is longer than the line.
            self._reload()
            for pull in pulls:
                if pull.failure and pull.image in self._pulling:
                    text = f"{clean(pull.image)}: {clean(pull.failure)}"
                    self.notify(text, severity="error", markup=False)
        self._pulling = going

    def _pull_line(self, pull: Pull) -> Cell:
        name = clean(pull.image)
        if pull.ended:
            return [(f" ✖ {name}: {clean(pull.failure)}", "crit")]
        line: list[tuple[str, Any]] = [(" ↻ ", "info"), (f"{name} ", "strong")]
        if pull.share is not None:
            filled, track = bar(pull.share, _BAR, self.given.charset)
            line += [(filled, "bar-ok"), (track, "rule"), (f" {numbers.percent(pull.share * 100)} ", "text")]
        return [*line, (f" {clean(pull.text)}", "muted")]

    def _draw_note(self, kind: Kind, count: int) -> None:
        use = self._use.get(kind.id)
        text = f" {count} {kind.id}"
        if isinstance(use, dict) and isinstance(use.get("size"), int | float):
            text += f", {numbers.size(use['size'])}"
            if isinstance(use.get("reclaimable"), int | float):
                text += f", {numbers.size(use['reclaimable'])} of it unused"
        marked = len(self.query_one(StockTable).marked)
        why = hindrance(self.given, self._server_id)
        self.query_one("#stock-note", TextBlock).set_lines(
            [
                [
                    (text, "muted"),
                    (f"   {marked} marked" if marked else "", "accent"),
                    (f"   {why}" if why else "", "warn"),
                ]
            ]
        )


def _freed(answer: object) -> str:
    """Return what a prune says it has freed."""
    found = answer.get("reclaimed", answer.get("SpaceReclaimed")) if isinstance(answer, dict) else None
    return f", {numbers.size(float(found))} freed" if isinstance(found, int | float) and found else ""
