"""A whole chart as text."""

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle, ChartView, chart_lines
from chatops_tui.render.severity import Limits
from chatops_tui.render.spans import Cell, plain, width
from chatops_wire.metrics import Unit

# 2026-01-31 12:00 UTC, and four minutes later.
START = 1_769_860_800_000
END = START + 240_000


def ramp(top: float, label: str = "a") -> Series:
    times = list(range(START, END, 1000))
    return Series(label, times, [top * at / len(times) for at in range(len(times))], gap_ms=2500)


def text(style: ChartStyle, view: ChartView, across: int, rows: int) -> list[str]:
    return [plain(line) for line in chart_lines(style, view, across, rows)]


def inks(line: Cell) -> set[str]:
    return {ink for part, ink in line if part.strip()}


CPU = ChartStyle("CPU", "percent", filled=True, limits=Limits(), tz=UTC)
NET = ChartStyle("NET", "bytes/s", marks=("↓ ", "↑ "), tz=UTC)


VIEWS = st.builds(
    ChartView,
    series=st.integers(0, 2).map(lambda count: [ramp(10.0**index) for index in range(count)]),
    start_ms=st.integers(START - 10**6, START),
    end_ms=st.integers(END, END + 10**6),
    message=st.sampled_from(["", "loading…"]),
)


@given(st.sampled_from([CPU, NET]), VIEWS, st.integers(1, 120), st.integers(1, 30))
def test_a_chart_has_the_size_it_is_given(style: ChartStyle, view: ChartView, across: int, rows: int) -> None:
    lines = chart_lines(style, view, across, rows)
    assert len(lines) == rows
    assert all(width(line) == across for line in lines[1:])


def test_a_filled_chart() -> None:
    view = ChartView([ramp(100)], START, END, headline=[("94%", "strong")])
    assert text(CPU, view, 50, 8) == [
        "─ CPU 94% ────────────── min 1% avg 50% max 100% ─",
        " 100%┤                                    ⢀⣀⣠⣤⣴⣶⣾⡇",
        "  70%┤┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈⣀⣀⣤⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⡇",
        "  50%┤                     ⢀⣀⣠⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇",
        "     │              ⣀⣠⣤⣴⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇",
        "     │      ⣀⣀⣤⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇",
        "   0%┤⣠⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⡇",
        "     └────────12:01──────12:02──────12:03─────────",
    ]


def test_two_lines() -> None:
    view = ChartView([ramp(9e6), ramp(3e6, "b")], START, END)
    assert text(NET, view, 50, 8) == [
        "─ NET ──────────────────── max ↓ 8.5M/s ↑ 2.8M/s ─",
        "  16M┤                                            ",
        "     │                                            ",
        "   8M┤                                        ⢀⣀⣀⡀",
        "     │                          ⣀⣀⣀⣠⠤⠤⠤⠖⠒⠒⠒⠉⠉⠉⠁   ",
        "     │            ⣀⣀⣀⡠⠤⠤⠤⠒⠒⠒⠚⠉⠉⠉⠁          ⣀⣀⣀⣀⣀⣀⡀",
        "    0┤⣀⣤⣤⣤⣤⠶⠶⠶⠮⠭⠭⠭⠥⠤⠤⠔⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠋⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉       ",
        "     └────────12:01──────12:02──────12:03─────────",
    ]


def test_what_lies_above_a_limit_has_the_colour_of_its_level() -> None:
    view = ChartView([ramp(100)], START, END)
    plot = chart_lines(CPU, view, 50, 12)[1:-1]
    drawn = [{ink for part, ink in line[2:] if any(char > "\u2800" for char in part)} for line in plot]
    assert drawn == [{"bar-crit"}, {"bar-warn"}, {"bar-warn"}, *[{"series-1"}] * 7]
    low = chart_lines(CPU, ChartView([ramp(60)], START, END), 50, 12)[1:-1]
    assert all(ink not in {"bar-warn", "bar-crit"} for line in low for _part, ink in line if _part.strip())


def test_a_line_of_rates_has_no_levels() -> None:
    lines = chart_lines(NET, ChartView([ramp(1e6)], START, END), 50, 12)
    assert not {ink for line in lines for _part, ink in line} & {"bar-ok", "bar-warn", "bar-crit"}


def test_the_title_leaves_the_figures_out_before_it_gets_narrow() -> None:
    view = ChartView([ramp(100)], START, END, headline=[("94%", "strong")])
    assert text(CPU, view, 30, 6)[0] == "─ CPU 94% " + "─" * 20


def test_a_chart_without_a_headline_is_just_its_title() -> None:
    assert text(NET, ChartView([], START, END), 20, 1) == ["─ NET " + "─" * 14]


@pytest.mark.parametrize(("across", "rows"), [(19, 10), (80, 3)])
def test_a_small_chart_has_no_axes(across: int, rows: int) -> None:
    lines = text(CPU, ChartView([ramp(100)], START, END), across, rows)
    assert not any("┤" in line or "└" in line for line in lines)
    assert any("⣿" in line for line in lines[1:])


def test_a_message_stands_in_the_middle_of_the_axes() -> None:
    lines = text(NET, ChartView([], START, END, message="no data yet"), 40, 7)
    assert lines[3].split("┤")[-1].strip() == "no data yet"
    assert "┤" in lines[1]


def test_both_limits_are_dotted_where_there_is_room() -> None:
    lines = chart_lines(CPU, ChartView([ramp(50)], START, END), 40, 12)
    assert [index for index, line in enumerate(lines) if "warn" in inks(line)] == [3]
    assert [index for index, line in enumerate(lines) if "crit" in inks(line)] == [1]


def test_a_low_chart_shows_only_the_lower_limit() -> None:
    lines = chart_lines(CPU, ChartView([ramp(50)], START, END), 40, 8)
    assert not any("crit" in inks(line) for line in lines)
    assert any("warn" in inks(line) for line in lines)


def test_a_limit_beyond_the_scale_is_not_drawn() -> None:
    style = ChartStyle("LOAD", "load", limits=Limits(warn=40, crit=80))
    lines = chart_lines(style, ChartView([ramp(3)], START, END), 40, 12)
    assert not any("warn" in inks(line) for line in lines)


def test_the_two_series_have_inks_of_their_own() -> None:
    lines = chart_lines(NET, ChartView([ramp(9e6), ramp(1e6, "b")], START, END), 60, 12)
    assert {"series-1", "series-2"} <= set().union(*(inks(line) for line in lines))


@pytest.mark.parametrize(
    ("unit", "least", "label"), [("load", 4.0, "4"), ("bytes/s", 1e6, "1M"), ("percent", 0.0, "100%")]
)
def test_an_idle_line_stays_low(unit: Unit, least: float, label: str) -> None:
    style = ChartStyle("X", unit, least_top=least, tz=UTC)
    assert text(style, ChartView([ramp(0.01)], START, END), 40, 8)[1].startswith(f"{label:>5}┤")


def test_the_plot_moves_only_when_a_cell_is_complete() -> None:
    """240 s in 74 columns of dots are 3,244 ms a column and so 6,488 ms a cell."""
    one = ramp(100)
    begun = END // 6488 * 6488
    first, second = (
        chart_lines(CPU, ChartView([one], begun - 240_000 + shift, begun + shift), 43, 8)
        for shift in (0, 6000)
    )
    assert first == second
