"""Some servers beside each other: one metric, one time, one chart; or a chart each on one scale."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container

from chatops_tui.render.chart import SERIES_INKS, ChartStyle
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean, cut
from chatops_tui.requests import CurveWish, Needs, ReelWish
from chatops_tui.screens.charts import curves_of, series_of
from chatops_tui.screens.choose import Choice, Choose
from chatops_tui.screens.closing import close
from chatops_tui.screens.compare_figures import MetricCurve, chart_style, figures
from chatops_tui.screens.context import Context
from chatops_tui.screens.fleet_deeds import MOST_COMPARED
from chatops_tui.screens.notice import Notice
from chatops_tui.screens.time_screen import TimeScreen
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.alert_selectors import fired
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.metric_values import offered_metrics
from chatops_tui.store.time_view import block_of
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.time_chart import TimeChart

MOST: Final = MOST_COMPARED
TOGETHER: Final = 4
"""As many lines are told apart in one chart."""
LETTERS: Final = "ABCDEFGH"
_FIRST: Final = "cpu.percent"
_NAME: Final = 20
_MANY: Final = 2


class CompareScreen(TimeScreen):
    """Watches the servers while it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "metric", "Metric", id="compare.metric"),
        Binding("v", "apart", "Apart", id="compare.apart", tooltip="Together or apart"),
        Binding("space,P", "freeze", "Freeze", show=False, id="compare.freeze", key_display="space"),
        Binding("escape", "back", "Back", id="compare.back", key_display="esc"),
    ]

    def __init__(self, context: Context, server_ids: Sequence[str], metric: str = _FIRST) -> None:
        """Compare the first MOST of these servers."""
        super().__init__(context)
        self._server_ids = tuple(server_ids[:MOST])
        self._left_out = len(server_ids) - len(self._server_ids)
        self._metric = metric
        # Beyond two lines, what is whose is easier to see apart; with more than four there is no other way.
        self._is_apart = len(self._server_ids) > TOGETHER

    def compose(self) -> ComposeResult:
        """Lay out one chart of all, one of each, and the figures."""
        yield StatusBar()
        yield TooSmall()
        yield Notice()
        with Container(id="body"):
            yield TimeChart(self._style(), id="compare-together")
            with Container(id="compare-apart"):
                for nth, _server_id in enumerate(self._server_ids):
                    yield TimeChart(self._style(), id=f"compare-{nth}", classes="compare-one")
            yield TextBlock(id="compare-figures")
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        return ("Fleet", "Compare", self._metric)

    def needs(self) -> Needs:
        """Return every sample of the servers, and the metric's history of each."""
        known = [server_id for server_id in self._server_ids if self.store.server(server_id) is not None]
        metrics = (self._metric,)
        if self.times.is_live:
            curves = frozenset(CurveWish(server_id, self.times.range, metrics) for server_id in known)
            return Needs(frozenset(known), timelines=frozenset(known), curves=curves)
        seen = self.times.stretch(self.present_ms)
        reels = frozenset(ReelWish(one, metrics, block_of(seen), seen.end_ms) for one in known)
        return Needs(frozenset(known), timelines=frozenset(known), reels=reels)

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - whatever changed, only lines that differ are drawn
        """Draw the charts that are seen, and the figures."""
        memories = self._memories()
        notice = self.query_one(Notice)
        notice.set_class(bool(memories), "-gone")
        self.query_one("#body").set_class(not memories, "-gone")
        if not memories:
            notice.say([[("These servers are no longer there", "strong")], [], [("Esc goes back.", "muted")]])
            return
        self.set_class(self._is_apart, "-apart")
        found = [self._curve(letter, memory) for letter, memory in memories]
        if self._is_apart:
            self._draw_apart(found)
        else:
            self._draw_together(found)
        columns = self.query_one("#body").size.width
        lines = figures(found, self.times, columns, tells_letters=not self._is_apart)
        if self._left_out:
            lines.append([(f" the first {MOST} of {MOST + self._left_out} marked servers", "warn")])
        self.query_one("#compare-figures", TextBlock).set_lines(lines)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim one chart for all where there are too many."""
        if action == "apart":
            return True if len(self._server_ids) <= TOGETHER else None
        return super().check_action(action, parameters)

    def alert_times(self) -> Sequence[int]:
        """Return when alerts about the metric began on any of them."""
        family = self._metric.partition(":")[0]
        found = [
            alert
            for server_id in self._server_ids
            for alert in fired(self.given.store.alerts.of_server(server_id), (family,))
        ]
        return sorted(alert.fired_ms or alert.started_ms for alert in found)

    def sample_times(self) -> Sequence[int]:
        """Return when the first server was sampled."""
        memories = self._memories()
        return self._curve(*memories[0]).curve.times_ms if memories else ()

    def action_metric(self) -> None:
        """Choose what is compared."""
        offered = offered_metrics([memory.latest for _letter, memory in self._memories()])
        choices = tuple(Choice(metric, clean(metric)) for metric in offered)
        self.ask(Choose("Compare", choices, self._metric), self._metric_chosen)

    def action_apart(self) -> None:
        """Draw one chart for all, or one for each."""
        self._is_apart = not self._is_apart
        self.set_class(self._is_apart, "-apart")
        self.call_after_refresh(self.sync, frozenset())

    def action_back(self) -> None:
        """Leave the past, then the screen."""
        if self.times.is_live:
            close(self, None)
        else:
            self.action_live()

    def _metric_chosen(self, metric: str | None) -> None:
        if metric is not None:
            self._metric = metric
            self.sync(frozenset())

    def _memories(self) -> list[tuple[str, ServerMemory]]:
        found = zip(LETTERS, map(self.store.server, self._server_ids), strict=False)
        return [(letter, memory) for letter, memory in found if memory is not None]

    def _curve(self, letter: str, memory: ServerMemory) -> MetricCurve:
        seen, (curve,) = curves_of(memory, (self._metric,), self.times, self.shown_ms)
        phase = memory.history(self.times.range, (self._metric,)).phase
        return MetricCurve(letter, cut(clean(memory.row.name), _NAME), self._metric, seen, curve, phase)

    def _draw_together(self, found: Sequence[MetricCurve]) -> None:
        chart = self.query_one("#compare-together", TimeChart)
        chart.set_style(self._style([one.letter for one in found]))
        # Two bands over each other hide both lines.
        series = [series_of(one.name, one.curve, has_band=len(found) < _MANY) for one in found]
        seen = found[0].seen
        chart.set_series(series, seen.start_ms, seen.end_ms)
        chart.set_cursor(self.times.moment_ms)
        chart.set_headline(self._legend(found))
        self._say_why_empty(chart, found)
        chart.sync()

    def _draw_apart(self, found: Sequence[MetricCurve]) -> None:
        shown = {one.letter: one for one in found}
        top = max((max(one.shown.highs, default=0.0) for one in found), default=0.0)
        for nth, letter in enumerate(LETTERS[: len(self._server_ids)]):
            chart, one = self.query_one(f"#compare-{nth}", TimeChart), shown.get(letter)
            chart.set_class(one is None, "-gone")
            if one is None:
                continue
            chart.set_style(self._style(title=one.name, filled=True))
            chart.set_series(
                [series_of(one.name, one.curve, has_band=True)], one.seen.start_ms, one.seen.end_ms
            )
            chart.set_top(top)
            chart.set_cursor(self.times.moment_ms)
            chart.set_headline([(one.value_text(self.times), "strong")])
            self._say_why_empty(chart, [one])
            chart.sync()

    def _say_why_empty(self, chart: TimeChart, found: Sequence[MetricCurve]) -> None:
        if not any(one.curve.times_ms for one in found):
            chart.set_message(found[0].silence(self.times))

    def _legend(self, found: Sequence[MetricCurve]) -> Cell:
        spans: list[Span] = []
        for one, ink in zip(found, SERIES_INKS, strict=False):
            spans += [(f" {one.letter} ", ink), (one.name, "muted")]
        return spans

    def _style(self, letters: Sequence[str] = (), title: str = "", *, filled: bool = False) -> ChartStyle:
        return chart_style(self.given, self._metric, title=title, letters=letters, filled=filled)
