"""One command on several servers: a row each, or a row for all that ended alike, and the output of one."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.asking import dangerous, failed_first, wide
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.fan_out_rows import (
    COLUMNS,
    GROUP_COLUMNS,
    Now,
    counts,
    group_cells,
    obstacle,
    run_cells,
    waiting_cells,
)
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.output_panel import OutputPanel
from chatops_tui.screens.recall_search import RecallSearch
from chatops_tui.screens.run_log import RunLines, RunLog
from chatops_tui.screens.spread_form import SpreadForm
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.danger import danger_in
from chatops_tui.store.groups import grouped
from chatops_tui.store.models import LinkPhase
from chatops_tui.store.recall import Recall
from chatops_tui.store.runs import RunMemory
from chatops_tui.store.spread import EVERYWHERE, Spread
from chatops_tui.widgets.command_line import CommandLine
from chatops_tui.widgets.confirm import Confirm
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.live_table import LiveTable
from chatops_tui.widgets.scroll_back import Said
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.table_messages import RowHighlighted, RowSelected

_HEADER: Final = 1


class FanOutScreen(LiveScreen):
    """The servers it is about stay the same; which of them can be asked is looked at for each command."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "stop", "Stop all", id="fan-out.stop", key_display="^c"),
        Binding("c", "go_on", "Go on", id="fan-out.go-on"),
        Binding("u", "group", "Fold", id="fan-out.group"),
        Binding("R", "again", "Rerun failed", id="fan-out.again"),
        Binding("i", "type", "Type", id="fan-out.type"),
        Binding("ctrl+o,o", "how", "How", id="fan-out.how", key_display="^o"),
        Binding("ctrl+r", "recall", "Search history", show=False, id="fan-out.recall", key_display="^r"),
        Binding("tab", "app.focus_next", "Next part", show=False, id="fan-out.next"),
        Binding("shift+tab", "app.focus_previous", "Previous part", show=False, id="fan-out.previous"),
        Binding("escape", "back", "Back", id="fan-out.back", key_display="esc"),
    ]

    STAYING: ClassVar[frozenset[str]] = frozenset({"stop"})

    def __init__(self, context: Context, server_ids: Sequence[str]) -> None:
        super().__init__(context)
        # Those that can be asked first: the cursor begins with one that will have an output.
        self._server_ids = tuple(sorted(server_ids, key=lambda one: bool(self._obstacle(one))))
        self._batch = 0
        self._is_grouped = False
        self._spread = EVERYWHERE
        self._command = ""
        self._rest: tuple[str, ...] = ()
        """Servers that wait until somebody has looked at the first ones."""
        self._recall = Recall()
        self._abilities: tuple[bool, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out table, output and line."""
        yield StatusBar()
        yield TooSmall()
        yield LiveTable(COLUMNS, id="fan-out-table")
        yield TextBlock(id="fan-out-title")
        yield OutputPanel(self.given, self._chosen_run)
        yield CommandLine(self._recall)
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Begin on the line."""
        self.set_focus(self.query_one(CommandLine).field)
        self.run_worker(self._load_recall(), name="command-history", exit_on_error=False)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Fleet", _servers(len(self._server_ids)))

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw rows, output and line."""
        now = Now(self.given.now_ms(), self.store.link.phase is LinkPhase.LIVE, self._names())
        runs = self._runs
        self._draw_table(runs, now)
        self._draw_output(now)
        line = self.query_one(CommandLine)
        line.set_prompt(self._prompt(is_live=now.is_live), enabled=now.is_live and bool(self._targets()))
        abilities = (
            any(one.run.is_open for one in runs),
            any(one.run.is_failed for one in runs),
            bool(runs),
            bool(self._rest),
        )
        if abilities != self._abilities:
            self._abilities = abilities
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer keys where they do something."""
        running, failed, begun, has_rest = self._abilities or (False, False, False, False)
        match action:
            case "stop":
                return running
            case "again":
                return failed and not running and not isinstance(self.focused, Input)
            case "group":
                return begun and not isinstance(self.focused, Input)
            case "go_on":
                return has_rest and not running and not isinstance(self.focused, Input)
            case "type" | "freeze":
                return not isinstance(self.focused, Input)
            case _:
                return super().check_action(action, parameters)

    def action_stop(self) -> None:
        """End all that run; once more kills them."""
        for one in self._runs:
            self.given.commands.stop(one.run.key)
        self.notify("Stopping; ctrl+c once more kills.", markup=False)

    def action_group(self) -> None:
        """Fold servers that ended alike into one row, or unfold them."""
        self._is_grouped = not self._is_grouped
        self.query_one(LiveTable).set_columns(GROUP_COLUMNS if self._is_grouped else COLUMNS)
        self.sync(frozenset())

    def action_again(self) -> None:
        """Run the command again where it failed."""
        failed = [one.run for one in self._runs if one.run.is_failed]
        able = [run.server_id for run in failed if run.server_id in self._targets()]
        if able:
            self._ask_about(failed[0].command, able, self._batch)
        else:
            self.notify("None of them can be asked now.", severity="warning", markup=False)

    def action_go_on(self) -> None:
        """Run it on the servers that waited, after a question where the first ones failed."""
        if any(one.run.is_failed for one in self._runs):
            question = failed_first(self._command, len(self._rest))
            self.ask(Confirm(question), lambda yes: self._go_on() if yes else None)
        else:
            self._go_on()

    def action_how(self) -> None:
        """Choose how many at once, when to stop, and on which first."""
        self.ask(SpreadForm(self._spread), self._spread_chosen)

    def action_type(self) -> None:
        """Go to the line."""
        self.query_one(CommandLine).field.focus()

    def action_recall(self) -> None:
        """Search the history."""
        self.ask(RecallSearch(self._recall, self.query_one(CommandLine).field.value), self._put)

    def action_back(self) -> None:
        """Leave the search, then the screen; what runs goes on."""
        if not self.query_one(OutputPanel).back():
            close(self, None)

    @on(CommandLine.Entered)
    def _entered(self, event: CommandLine.Entered) -> None:
        self._ask_about(event.command, self._targets(), 0)

    @on(CommandLine.Left)
    def _left(self) -> None:
        self.query_one(LiveTable).focus()

    @on(RowHighlighted)
    def _row_highlighted(self) -> None:
        self.query_one(OutputPanel).lines.action_follow()
        self.sync(frozenset())

    @on(RowSelected)
    def _row_selected(self) -> None:
        self.query_one(OutputPanel).lines.focus()

    @on(RunLog.Wished)
    def _wished(self, event: RunLog.Wished) -> None:
        if event.wish == "type":
            self.action_type()
        else:
            self.query_one(LiveTable).action_move_cursor(-1 if event.wish == "previous" else 1)

    def _ask_about(self, command: str, server_ids: Sequence[str], batch: int) -> None:
        """Ask before several servers do something, or one does what is on the list."""
        names = [self._names().get(server_id, "?") for server_id in server_ids]
        danger = danger_in(command, self.given.dangers)
        if len(names) == 1 and not danger:
            self._run(command, server_ids, batch)
            return
        if len(names) > 1:
            question = wide(command, danger, names, f"{self._spread.said}; ctrl+o before this changes it")
        else:
            question = dangerous(command, danger, names[0])
        self.ask(
            Confirm(question),
            lambda yes: self._run(command, server_ids, batch) if yes else self._put(command),
        )

    def _run(self, command: str, server_ids: Sequence[str], batch: int) -> None:
        if batch:
            self._begin(server_ids, batch)
            return
        ahead = self._spread.first or len(server_ids)
        self._command, self._rest = command, tuple(server_ids[ahead:])
        self._begin(server_ids[:ahead], 0)

    def _go_on(self) -> None:
        waiting, self._rest = self._rest, ()
        able = [server_id for server_id in waiting if not self._obstacle(server_id)]
        if able:
            self._begin(able, self._batch)

    def _begin(self, server_ids: Sequence[str], batch: int) -> None:
        self._batch = self.given.commands.start_many(server_ids, self._command, batch, self._spread)
        self.query_one(LiveTable).focus()
        self.sync(frozenset())

    def _spread_chosen(self, spread: Spread | None) -> None:
        if spread is not None:
            self._spread = spread
            self.notify(f"{spread.said}.", markup=False)
            self.sync(frozenset())

    def _put(self, command: str | None) -> None:
        if command is not None:
            self.query_one(CommandLine).field.put(command)

    @property
    def _runs(self) -> list[RunMemory]:
        return self.store.runs.of_batch(self._batch) if self._batch else []

    def _names(self) -> dict[str, str]:
        memories = ((server_id, self.store.server(server_id)) for server_id in self._server_ids)
        return {server_id: clean(memory.row.name) for server_id, memory in memories if memory}

    def _targets(self) -> list[str]:
        return [server_id for server_id in self._server_ids if not self._obstacle(server_id)]

    def _obstacle(self, server_id: str) -> str:
        memory = self.store.server(server_id)
        return obstacle(memory.row if memory else None)

    def _chosen_run(self) -> RunMemory | None:
        row_id = self.query_one(LiveTable).cursor_row
        if row_id is None:
            return None
        if self._is_grouped:
            return self.store.runs.get(int(row_id))
        return next((one for one in self._runs if one.run.server_id == row_id), None)

    def _prompt(self, *, is_live: bool) -> Cell:
        if not is_live:
            return [(" Not connected to the hub: nothing can be run. ", "warn")]
        able, every = len(self._targets()), len(self._server_ids)
        if not able:
            return [(" None of these servers can be asked. ", "warn")]
        count = _servers(able) if able == every else f"{able} of {_servers(every)}"
        ahead = f", first {self._spread.first}" if self._spread.first else ""
        return [(f" {count}{ahead}", "accent"), (" $ ", "muted")]

    def _draw_table(self, runs: list[RunMemory], now: Now) -> None:
        table = self.query_one(LiveTable)
        rows: dict[str, list[Cell]]
        if self._is_grouped:
            rows = {group.id: group_cells(group, now) for group in grouped(runs)}
        else:
            asked = {one.run.server_id: one for one in runs}
            rows = {
                server_id: run_cells(asked[server_id], now)
                if server_id in asked
                else waiting_cells(
                    now.names.get(server_id, "?"), self._obstacle(server_id), is_next=server_id in self._rest
                )
                for server_id in self._server_ids
            }
        # At most half: below it one reads.
        table.styles.height = min(len(rows) + _HEADER, max(3, self.size.height // 2 - 2))
        table.sync(list(rows), rows.__getitem__)

    def _draw_output(self, now: Now) -> None:
        chosen = self._chosen_run()
        title = self.query_one("#fan-out-title", TextBlock)
        summary = [*counts(self._runs), *self._waiting()]
        if chosen is None:
            title.set_lines([[(" ", "text"), *summary]])
            self.query_one(OutputPanel).lines.sync(
                Said([] if self._runs else _welcome(len(self._server_ids)))
            )
            return
        name = now.names.get(chosen.run.server_id, "?")
        title.set_lines([[("─ ", "rule"), (name, "strong"), (" ── ", "rule"), *summary, (" ──", "rule")]])
        self.query_one(OutputPanel).lines.sync(RunLines([chosen], now.ms, is_live=now.is_live))

    def _waiting(self) -> Cell:
        if not self._rest:
            return []
        return [(f"  · {len(self._rest)} wait  ", "info"), ("c", "accent"), (" goes on", "muted")]

    async def _load_recall(self) -> None:
        try:
            self._recall.load(await self.given.commands.recent(""))
        except RequestFailedError as exc:
            self.log.debug(str(exc))


def _servers(count: int) -> str:
    return "1 server" if count == 1 else f"{count} servers"


def _welcome(count: int) -> list[Cell]:
    if count == 1:
        return [[], [("  What you type runs on this server, and is written to the audit log.", "muted")]]
    return [
        [],
        [("  What you type runs on all of these at once, and is written to the audit log.", "muted")],
        [("  Before that you are asked, and type how many servers they are.", "muted")],
    ]
