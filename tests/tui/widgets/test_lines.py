"""Widgets that draw their own lines: what they show, and that they draw no more than what changed."""

from datetime import UTC

import pytest
from textual.binding import Binding
from textual.geometry import Region
from textual.widget import Widget

from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle
from chatops_tui.render.severity import Level
from chatops_tui.render.status import LinkState
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import Lines, TextBlock
from chatops_tui.widgets.status_bar import StatusBar
from chatops_tui.widgets.time_chart import TimeChart
from tests.tui.widgets.stage import Stage, lines

# 2026-01-31 12:00 UTC.
START = 1_769_860_800_000


def series(*values: float | None) -> Series:
    return Series("x", [START + at * 1000 for at in range(len(values))], list(values), gap_ms=2500)


def regions(widget: Widget, monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """Return a list that will hold what `widget` asks to be drawn again; all of it is an empty region."""
    asked: list[Region] = []
    refresh = widget.refresh

    def note(*wanted: Region, **options: bool) -> Widget:
        asked.extend(wanted or (Region(),))
        return refresh(*wanted, **options)

    monkeypatch.setattr(widget, "refresh", note)
    return asked


async def test_a_block_is_as_high_as_its_lines() -> None:
    block = TextBlock()
    app = Stage(block)
    async with app.run_test(size=(20, 10)) as pilot:
        block.set_lines([[("one", "text")], [("two", "muted"), ("!", "crit")]])
        await pilot.pause()
        assert lines(block) == ["one", "two!"]


async def test_only_lines_that_differ_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    block = TextBlock()
    block.styles.height = 3
    block.styles.padding = (1, 0)
    app = Stage(block)
    async with app.run_test(size=(20, 10)) as pilot:
        block.styles.height = 5
        block.set_lines([[("one", "text")], [("two", "text")]])
        await pilot.pause()
        asked = regions(block, monkeypatch)
        block.set_lines([[("one", "text")], [("two", "crit")]])
        block.set_lines([[("one", "text")], [("two", "crit")]])
        assert asked == [Region(0, 2, 20, 1)]
        block.set_lines([[("one", "text")]])
        assert asked[1:] == [Region()]


async def test_lines_are_made_by_a_subclass() -> None:
    with pytest.raises(NotImplementedError):
        Lines().compose_lines(1, 1)


async def test_a_chart_is_loading_until_it_has_something_to_show() -> None:
    chart = TimeChart(ChartStyle("CPU", "percent", filled=True, tz=UTC))
    app = Stage(chart)
    async with app.run_test(size=(40, 8)) as pilot:
        assert "loading…" in "".join(lines(chart))
        chart.set_series([series(None, None)], START, START + 60_000)
        chart.sync()
        assert "no data yet" in "".join(lines(chart))
        chart.set_series([series(*[50.0] * 60)], START, START + 60_000)
        chart.set_headline([("50%", "strong")])
        chart.sync()
        await pilot.pause()
        shown = lines(chart)
        assert shown[0].startswith("─ CPU 50% ─")
        assert "⣿" in shown[-2]
        assert shown[-1].startswith("     └")
        chart.set_message("history is not available")
        chart.sync()
        assert "history is not available" in "".join(lines(chart))


async def test_a_chart_draws_again_only_rows_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = TimeChart(ChartStyle("CPU", "percent", tz=UTC))
    app = Stage(chart)
    async with app.run_test(size=(40, 8)):
        chart.set_series([series(*[50.0] * 60)], START, START + 60_000)
        chart.sync()
        asked = regions(chart, monkeypatch)
        chart.sync()
        chart.set_series([series(*[50.0] * 59, 50.0)], START, START + 60_000)
        chart.set_headline([("51%", "strong")])
        chart.sync()
        assert asked == [Region(0, 0, 40, 1)]


async def test_a_chart_fits_a_new_size_and_says_that_it_is_loading() -> None:
    chart = TimeChart(ChartStyle("LOAD", "load"))
    app = Stage(chart)
    async with app.run_test(size=(40, 8)) as pilot:
        await pilot.resize_terminal(30, 6)
        await pilot.pause()
        assert lines(chart)[0].startswith("─ LOAD ─")
        assert chart.view.message == "loading…"


async def test_the_status_bar_says_where_and_how() -> None:
    bar = StatusBar()
    app = Stage(bar)
    async with app.run_test(size=(80, 3)) as pilot:
        bar.set_crumbs("chatops", "Fleet")
        bar.set_link(LinkState("live", round_trip_ms=38))
        bar.set_counts([(Level.OK, 3), (Level.CRIT, 1)])
        bar.set_note("paused")
        bar.set_clock("12:04:31")
        await pilot.pause()
        assert bar.status.clock == "12:04:31"
        assert lines(bar)[0].split() == (
            "chatops › Fleet ● live 38ms paused ● 3 up ✖ 1 crit 12:04:31".split()  # noqa: RUF001, SIM905
        )


class Keys(Stage):
    BINDINGS = [  # noqa: RUF012 - Textual declares it without ClassVar
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("x", "hidden", "Hidden", show=False),
        Binding("s", "stop", "Stop"),
        Binding("t", "stop", "Stop as well"),
    ]

    may_stop: bool | None = True

    def action_help(self) -> None:
        """Help."""

    def action_stop(self) -> None:
        """Stop."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.may_stop if action == "stop" else super().check_action(action, parameters)


async def test_the_footer_shows_each_action_once_with_its_first_key() -> None:
    footer = KeyFooter()
    app = Keys(footer)
    async with app.run_test(size=(60, 3)) as pilot:
        await pilot.pause()
        words = lines(footer)[0].split()
        assert words[:4] == ["?", "Help", "s", "Stop"]
        assert "Hidden" not in words


async def test_the_footer_follows_what_is_possible() -> None:
    footer = KeyFooter()
    app = Keys(footer)
    async with app.run_test(size=(60, 3)) as pilot:
        app.may_stop = None
        app.refresh_bindings()
        await pilot.pause()
        assert "Stop" in lines(footer)[0]
        app.may_stop = False
        app.refresh_bindings()
        await pilot.pause()
        assert "Stop" not in lines(footer)[0]
