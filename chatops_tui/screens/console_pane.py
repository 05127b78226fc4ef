"""The console of one server: a line to type into, and every run above it."""

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from chatops_tui.render.charset import Charset, key_name
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.asking import dangerous
from chatops_tui.screens.context import Context
from chatops_tui.screens.output_panel import OutputPanel
from chatops_tui.screens.recall_search import RecallSearch
from chatops_tui.screens.run_log import RunLines, RunLog
from chatops_tui.screens.server_panes import Pane
from chatops_tui.store.danger import danger_in
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import LinkPhase, Row
from chatops_tui.store.recall import Recall
from chatops_tui.store.runs import RunMemory
from chatops_tui.store.time_view import TimeView
from chatops_tui.widgets.command_line import CommandLine
from chatops_tui.widgets.confirm import Confirm
from chatops_tui.widgets.scroll_back import Said

_PROD: Final = "prod"


class ConsolePane(Pane):
    """Commands on this server. The newest run is chosen until somebody chooses another."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "stop", "Stop", id="console.stop", key_display="^c"),
        Binding("ctrl+r", "recall", "Search history", id="console.recall", key_display="^r"),
        Binding("ctrl+l", "clear", "Clear", show=False, id="console.clear"),
        Binding("ctrl+up,pageup", "read", "Scroll back", show=False, id="console.read"),
    ]

    STAYING: ClassVar[frozenset[str]] = frozenset({"stop"})

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="console")
        self._server_id = ""
        self._chosen: int | None = None
        self._recall = Recall()
        self._drawn: object = None
        self._can_stop = False

    def compose(self) -> ComposeResult:
        """Lay out log, search and line."""
        yield OutputPanel(self.given, lambda: self._chosen_run)
        yield CommandLine(self._recall)

    @property
    def target(self) -> Widget:
        """Where one types."""
        return self.query_one(CommandLine).field

    def show(self, memory: ServerMemory, times: TimeView, now_ms: int) -> None:  # noqa: ARG002 - it has no time axis
        """Draw the runs, if anything about them has changed."""
        if not self._server_id:
            self._server_id = memory.row.id
            self.run_worker(self._load_recall(), name="command-history", exit_on_error=False)
        is_live = self.given.store.link.phase is LinkPhase.LIVE
        line = self.query_one(CommandLine)
        line.set_prompt(prompt(memory.row, is_live=is_live), enabled=is_live and _is_online(memory.row))
        runs = self._runs
        is_running = any(one.run.is_open for one in runs)
        # A running one counts its seconds.
        drawn = (self.given.store.runs.version, is_live, self._chosen, is_running and now_ms // 1000)
        if drawn != self._drawn:
            self._drawn = drawn
            self._draw(runs, now_ms, is_live=is_live)
        if is_running != self._can_stop:
            self._can_stop = is_running
            self.screen.refresh_bindings()

    def back(self) -> bool:
        """Take the search away, if there is one."""
        return self._panel.back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave ctrl+c to others while nothing runs."""
        if action == "stop":
            return any(one.run.is_open for one in self._runs)
        return super().check_action(action, parameters)

    def action_stop(self) -> None:
        """End the chosen run if it goes on, else the newest that does; once more kills it."""
        chosen = self._chosen_run
        if chosen is None or not chosen.run.is_open:
            chosen = next((one for one in reversed(self._runs) if one.run.is_open), None)
        if chosen is not None:
            again = chosen.cancelled_once
            self.given.commands.stop(chosen.run.key)
            said = "Killing" if again else "Stopping"
            hint = "" if again else "; ctrl+c once more kills it"
            self.notify(f"{said} #{chosen.run.key}{hint}.", markup=False)

    def action_recall(self) -> None:
        """Search the history."""
        typed = self.query_one(CommandLine).field.value
        self.app.push_screen(RecallSearch(self._recall, typed), self._recalled)  # type: ignore[unused-awaitable]

    def action_clear(self) -> None:
        """Forget what has ended."""
        self.given.store.runs.forget(self._server_id)
        self._chosen = None

    def action_read(self) -> None:
        """Go up into the output."""
        self._panel.lines.focus()
        self._panel.lines.action_move_page(-1)

    @on(CommandLine.Entered)
    def _entered(self, event: CommandLine.Entered) -> None:
        event.stop()
        memory = self.given.store.server(self._server_id)
        danger = danger_in(event.command, self.given.dangers)
        if memory is None:
            return
        if not danger:
            self._run(event.command)
            return
        question = dangerous(event.command, danger, clean(memory.row.name))
        self.app.push_screen(  # type: ignore[unused-awaitable]
            Confirm(question), lambda yes: self._run(event.command) if yes else self._keep(event.command)
        )

    @on(CommandLine.Left)
    def _left(self, event: CommandLine.Left) -> None:
        event.stop()
        self._panel.lines.focus()

    @on(RunLog.Wished)
    def _wished(self, event: RunLog.Wished) -> None:
        event.stop()
        if event.wish == "type":
            self.target.focus()
        else:
            self._choose(-1 if event.wish == "previous" else 1)

    @property
    def _panel(self) -> OutputPanel:
        return self.query_one(OutputPanel)

    @property
    def _runs(self) -> list[RunMemory]:
        return self.given.store.runs.of_server(self._server_id)

    @property
    def _chosen_run(self) -> RunMemory | None:
        runs = self._runs
        newest = runs[-1] if runs else None
        return next((one for one in runs if one.run.key == self._chosen), newest)

    def _run(self, command: str) -> None:
        self._chosen = None
        self._panel.lines.action_follow()
        self.given.commands.start(self._server_id, command)

    def _keep(self, command: str) -> None:
        """Give a command back that was not run."""
        self.query_one(CommandLine).field.put(command)

    def _recalled(self, command: str | None) -> None:
        if command is not None:
            self.query_one(CommandLine).field.put(command)

    def _choose(self, step: int) -> None:
        keys = [one.run.key for one in self._runs]
        chosen = self._chosen_run
        if chosen is None:
            return
        at = min(len(keys) - 1, max(0, keys.index(chosen.run.key) + step))
        self._chosen = keys[at]
        lines = self._lines(self._runs, self.given.now_ms(), is_live=True)
        start = lines.start(keys[at])
        if start is not None:
            self._panel.lines.scroll_to_line(start)

    def _draw(self, runs: list[RunMemory], now_ms: int, *, is_live: bool) -> None:
        self._panel.lines.sync(
            self._lines(runs, now_ms, is_live=is_live) if runs else Said(_welcome(self.given.charset))
        )

    def _lines(self, runs: list[RunMemory], now_ms: int, *, is_live: bool) -> RunLines:
        chosen = self._chosen_run
        return RunLines(runs, now_ms, is_live=is_live, chosen=chosen.run.key if chosen else 0)

    async def _load_recall(self) -> None:
        try:
            self._recall.load(await self.given.commands.recent(self._server_id))
        except RequestFailedError as exc:
            self.log.debug(str(exc))


def _welcome(charset: Charset) -> list[Cell]:
    return [
        [],
        [("  Commands run as the agent's user and are written to the audit log.", "muted")],
        [
            (f"  {key_name('↑', charset)}", "accent"),
            (" history  ", "muted"),
            ("ctrl+r", "accent"),
            (" searches it  ", "muted"),
            ("ctrl+c", "accent"),
            (" stops, twice kills  ", "muted"),
            ("esc", "accent"),
            (" scrolls back", "muted"),
        ],
    ]


def prompt(row: Row, *, is_live: bool) -> Cell:
    """Return what stands before the line: where commands go, or why they cannot go anywhere."""
    name = clean(row.name)
    if not is_live:
        return [(" Not connected to the hub: nothing can be run. ", "warn")]
    if not _is_online(row):
        return [(f" {name} is offline: nothing can be run there. ", "warn")]
    # Who works on what others depend on should see it while typing.
    is_prod = any(_PROD in tag.lower() for tag in row.tags)
    return [(f" {name}", "crit" if is_prod else "ok"), (" $ ", "muted")]


def _is_online(row: Row) -> bool:
    return row.status == "online"
