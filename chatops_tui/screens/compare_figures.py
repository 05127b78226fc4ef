"""One metric of one server as a curve with a name: its look, and its figures in a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from chatops_tui.render.alerts import unit_of
from chatops_tui.render.chart import SERIES_INKS, ChartStyle
from chatops_tui.render.numbers import of_unit
from chatops_tui.render.severity import PERCENT
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.chart_details import cut
from chatops_tui.screens.context import Context
from chatops_tui.store.history_state import HistoryPhase
from chatops_tui.store.time_view import Stretch, TimeView
from chatops_tui.store.track import Curve

# Below this a rate, or what a container takes, is noise: a line that idles stays flat.
_LEAST_BYTES: Final = 16 * 1024.0
_FIGURE: Final = 8


@dataclass(frozen=True)
class MetricCurve:
    """What is known of it."""

    letter: str
    name: str
    """The server's, fit to be drawn."""
    metric: str
    seen: Stretch
    curve: Curve
    phase: HistoryPhase

    @cached_property
    def shown(self) -> Curve:
        """What of the curve is seen."""
        return cut(self.curve, self.seen)

    def value(self, times: TimeView) -> float | None:
        """Return the value under the crosshair; live the newest."""
        if times.moment_ms is None:
            return self.shown.values[-1] if self.shown.values else None
        index = self.curve.nearest(times.moment_ms)
        return None if index is None else self.curve.values[index]

    def value_text(self, times: TimeView) -> str:
        """Return it with its unit."""
        return of_unit(self.value(times), unit_of(self.metric))

    def silence(self, times: TimeView) -> str:
        """Return why there is nothing to draw."""
        is_known = not times.is_live or self.phase in {HistoryPhase.LOADED, HistoryPhase.FAILED}
        return f"no {clean(self.metric)} here" if is_known else "loading…"


def chart_style(
    given: Context, metric: str, *, title: str = "", letters: Sequence[str] = (), filled: bool = False
) -> ChartStyle:
    """Return how a metric is drawn; `letters` name the lines."""
    unit = unit_of(metric)
    is_share = unit == "percent"
    return ChartStyle(
        title or clean(metric),
        unit,
        filled=is_share and filled,
        limits=PERCENT if is_share else None,
        least_top=_LEAST_BYTES if unit in {"bytes", "bytes/s"} else 0.0,
        charset=given.charset,
        marks=tuple(f"{letter} " for letter in letters) or ("", ""),
        letters=len(letters) > 1,
        tz=given.zone,
    )


def figures(
    found: Sequence[MetricCurve], times: TimeView, columns: int, *, tells_letters: bool
) -> list[Cell]:
    """Return a line of figures for each, with its letter in the ink of its line."""
    name_width = max((len(one.name) for one in found), default=0)
    lines: list[Cell] = []
    for nth, one in enumerate(found):
        ink = SERIES_INKS[nth % len(SERIES_INKS)] if tells_letters else "muted"
        unit, shown = unit_of(one.metric), one.shown
        spans: list[Span] = [(f" {one.letter} ", ink), (f"{one.name:<{name_width}} ", "text")]
        spans.append((f"{one.value_text(times):>{_FIGURE}}", "strong"))
        if shown.values:
            mean = sum(shown.values) / len(shown.values)
            for name, value in (("min", min(shown.lows)), ("avg", mean), ("max", max(shown.highs))):
                spans += [(f"  {name}", "muted"), (f"{of_unit(value, unit):>{_FIGURE}}", "text")]
        else:
            spans.append((f"  {one.silence(times)}"[: max(0, columns)], "muted"))
        lines.append(spans)
    return lines
