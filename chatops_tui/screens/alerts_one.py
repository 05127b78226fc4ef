"""One alert on a screen of its own: the curve round its beginning, what happened, who said what."""

from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from chatops_tui.alert_requests import AlertDeed
from chatops_tui.render.alerts import amount, unit_of
from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle
from chatops_tui.render.marks import Mark
from chatops_tui.render.severity import Limits
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs, RequestFailedError
from chatops_tui.screens import alerts_facts
from chatops_tui.screens.alert_wanted import AlertWanted
from chatops_tui.screens.alerts_cells import Look, value
from chatops_tui.screens.alerts_deeds import LENGTHS, comment_plan, silence_plan
from chatops_tui.screens.alerts_form import AlertForm, FormPlan
from chatops_tui.screens.choose import Choose
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.notice import Notice
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.alerts import Alert
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.time_chart import TimeChart

if TYPE_CHECKING:
    from chatops_wire.rest import History

# How it came to it, and how it went on.
_BEFORE_MS: Final = 30 * 60_000
_AFTER_MS: Final = 30 * 60_000
_POINTS: Final = 300
# Of curves of an hour or so; two and a half times a point.
_GAP_MS: Final = 60_000


class AlertScreen(LiveScreen):
    """Stays with its alert, whatever becomes of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("A", "do('acknowledge')", "Acknowledge", id="alert.acknowledge"),
        Binding("S", "silence", "Silence", id="alert.silence"),
        Binding("R", "do('resolve')", "Resolve", id="alert.resolve"),
        Binding("o", "server", "Server", id="alert.server", tooltip="Open its server"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="alert.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="alert.up"),
        Binding("escape", "back", "Back", id="alert.back", key_display="esc"),
    ]

    def __init__(self, context: Context, alert_id: str) -> None:
        super().__init__(context)
        self._alert_id = alert_id
        self._history: History | None = None
        self._fault = ""
        self._abilities: tuple[bool | None, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out bars, curve and text."""
        yield StatusBar()
        yield TooSmall()
        yield Notice()
        yield TimeChart(self._style(self._alert), id="alert-chart")
        with VerticalScroll(id="alert-text", can_focus=False):
            yield TextBlock(id="alert-lines")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Ask for what the list does not tell."""
        self._load()

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        alert = self._alert
        return ("Alerts", clean(alert.view.server_name or alert.view.server_id) if alert else "gone")

    def needs(self) -> Needs:
        """Return nothing: it is asked for once."""
        return Needs()

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - only lines that differ are drawn
        """Draw curve and text."""
        alert = self._alert
        self.query_one(Notice).set_class(alert is not None, "-gone")
        for part in ("#alert-chart", "#alert-text"):
            self.query_one(part).set_class(alert is None, "-gone")
        if alert is None:
            self.query_one(Notice).say([[("This alert is no longer known here", "strong")]])
            return
        self._draw_chart(alert)
        block = self.query_one("#alert-lines", TextBlock)
        columns = block.content_size.width
        look = Look(self.shown_ms, self.given.zone)
        lines = [alerts_facts.title(alert, columns), *alerts_facts.summary(alert, look)]
        if alert.view.context is not None:
            lines += alerts_facts.context(alert.view.context, columns, look)
        elif self._fault:
            lines += [[], [(self._fault, "muted")]]
        block.set_lines(lines)
        abilities = tuple(self.check_action(*one) for one in (("do", ("acknowledge",)), ("do", ("resolve",))))
        if abilities != self._abilities:
            self._abilities = abilities
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can still be done to it."""
        if action not in {"do", "silence"}:
            return super().check_action(action, parameters)
        alert = self._alert
        memory = None if alert is None else self.given.store.server(alert.view.server_id)
        may = memory is not None and memory.row.view.role != "viewer"
        is_done = alert is None or (parameters == ("acknowledge",) and alert.view.status == "acknowledged")
        return True if may and alert is not None and alert.is_open and not is_done else None

    def action_do(self, deed: AlertDeed) -> None:
        """Acknowledge or resolve it."""
        if self._alert is not None:
            self._ask(comment_plan(deed, [self._alert], self.given.alerting.alerts))

    def action_silence(self) -> None:
        """Silence it for some time."""
        self.ask(Choose("Silence for", LENGTHS, "1h"), self._silence)

    def action_server(self) -> None:
        """Open its server."""
        if self._alert is not None:
            self.post_message(AlertWanted(self._alert_id, self._alert.view.server_id))

    def action_scroll(self, rows: int) -> None:
        """Scroll the text by `rows`."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)

    def action_back(self) -> None:
        """Leave it."""
        close(self, None)

    @property
    def _alert(self) -> Alert | None:
        return self.store.alerts.get(self._alert_id)

    def _ask(self, plan: FormPlan) -> None:
        self.ask(AlertForm(plan), lambda said: self.notify(clean(said), markup=False) if said else None)

    def _silence(self, length: str | None) -> None:
        if length is not None and self._alert is not None:
            self._ask(silence_plan([self._alert], length, self.given.alerting.alerts, self.given.now_ms))

    @work(exit_on_error=False, group="alert")
    async def _load(self) -> None:
        asked = self.given.alerting.alerts
        try:
            await asked.load(self._alert_id)
            if self._alert is not None:
                start_ms, end_ms = self._span(self._alert)
                metric = self._alert.view.metric
                self._history = await asked.history(self._alert.view.server_id, metric, (start_ms, end_ms))
        except RequestFailedError as exc:
            self._fault = clean(str(exc))
        self.sync(frozenset())

    def _span(self, alert: Alert) -> tuple[int, int]:
        end_ms = (alert.resolved_ms or alert.fired_ms or alert.started_ms) + _AFTER_MS
        return alert.started_ms - _BEFORE_MS, min(self.given.now_ms(), end_ms)

    def _draw_chart(self, alert: Alert) -> None:
        chart = self.query_one(TimeChart)
        start_ms, end_ms = self._span(alert)
        points = self._history.series[0].points if self._history and self._history.series else ()
        step_ms = int(self._history.step_s * 1000) if self._history else 0
        series = Series(
            alert.view.metric,
            [point[0] for point in points],
            [point[1] for point in points],
            gap_ms=max(_GAP_MS, step_ms * 5 // 2),
        )
        chart.set_series([series], start_ms, end_ms)
        chart.set_marks([Mark(alert.fired_ms or alert.started_ms, alert.resolved_ms, alert.view.severity)])
        if self._history is None:
            chart.set_message(self._fault or "loading…")
        elif not points:
            chart.set_message("no history is kept of this")
        chart.set_headline([(amount(alert.view.metric, value(alert)), "strong")])
        chart.sync()

    def _style(self, alert: Alert | None) -> ChartStyle:
        if alert is None:
            return ChartStyle("", "count")
        view = alert.view
        unit = unit_of(view.metric)
        rises = view.comparison in {"gt", "gte"}
        limits = Limits(view.threshold_value, view.threshold_value) if rises else None
        return ChartStyle(
            clean(view.metric),
            unit,
            filled=unit == "percent",
            limits=limits,
            least_top=view.threshold_value,
            charset=self.given.charset,
            tz=self.given.zone,
        )
