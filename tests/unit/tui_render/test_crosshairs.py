"""The crosshair, letters on lines, thresholds and heat maps: whatever is drawn fits its cells."""

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle, ChartView, chart_lines
from chatops_tui.render.crosshair import Limit, cell_at, with_label, with_line
from chatops_tui.render.heat_rows import HeatView, heat_lines
from chatops_tui.render.severity import PERCENT
from chatops_tui.render.spans import plain, width

START, END = 1_700_000_000_000, 1_700_000_300_000
CPU = ChartStyle("CPU", "percent", filled=True, limits=PERCENT)


def ramp(top: float, name: str = "a", step: int = 5000) -> Series:
    times = tuple(range(START, END, step))
    return Series(name, times, tuple(top * n / len(times) for n in range(len(times))))


@given(
    across=st.integers(1, 120),
    rows=st.integers(2, 20),
    at=st.integers(START - 10_000, END + 10_000),
    limits=st.lists(st.floats(-10, 200), max_size=3),
    count=st.integers(0, 4),
)
def test_a_chart_has_its_size_whatever_stands_on_it(
    across: int, rows: int, at: int, limits: list[float], count: int
) -> None:
    style = ChartStyle("CPU", "percent", marks=("A ", "B ", "C ", "D "), letters=True)
    series = [ramp(90 / (nth + 1)) for nth in range(count)]
    view = ChartView(
        series, START, END, cursor_ms=at, limits=[Limit(value, "warn") for value in limits], top=50.0
    )
    lines = chart_lines(style, view, across, rows)
    assert len(lines) == rows
    assert all(width(line) == across for line in lines[1:])


def test_the_crosshair_goes_through_every_row_and_names_its_time() -> None:
    lines = [
        plain(line)
        for line in chart_lines(CPU, ChartView([ramp(10)], START, END, cursor_ms=START + 150_000), 60, 10)
    ]
    column = lines[1].index("│", 6)
    assert all(line[column] == "│" for line in lines[1:7])
    assert "22:15:50" in lines[-1]


def test_values_are_left_where_they_are_and_dotted_rows_are_crossed() -> None:
    drawn = with_line([[("⣶┈⣿", "text")]], 1)
    assert [text for text, _ink in drawn[0]] == ["⣶", "│", "⣿"]
    assert plain(with_line([[("⣶┈⣿", "text")]], 0)[0]) == "⣶┈⣿"
    assert plain(with_line([[("⣶┈⣿", "text")]], 2)[0]) == "⣶┈│"
    assert with_line([[("ab", "text")]], None) == [[("ab", "text")]]


def test_a_moment_outside_has_no_cell() -> None:
    assert cell_at(END, (START, END), 50) is None
    assert cell_at(None, (START, END), 50) is None
    assert cell_at(END - 1, (START, END), 50) == 49


@given(cell=st.integers(0, 39))
def test_the_label_stays_on_the_axis(cell: int) -> None:
    assert len(plain(with_label([("─" * 40, "rule")], cell, "12:00:00"))) == 40
    assert "12:00:00" in plain(with_label([("─" * 40, "rule")], cell, "12:00:00"))
    assert plain(with_label([("─" * 5, "rule")], 2, "12:00:00")) == "─────"


def test_a_threshold_has_its_value_beside_its_row_or_at_its_end() -> None:
    view = ChartView([ramp(30)], START, END, limits=[Limit(70, "crit"), Limit(95, "warn")])
    lines = [plain(line) for line in chart_lines(CPU, view, 60, 10)]
    assert any(line.startswith("  70%┤") and "┈" in line for line in lines)
    assert any(line.startswith(" 100%┤") and line.endswith("┈95%") for line in lines)


def test_each_line_has_its_letter() -> None:
    style = ChartStyle("x", "percent", marks=("A ", "B ", "C ", "D "), letters=True)
    series = [ramp(90), ramp(60), ramp(30), ramp(10)]
    text = "\n".join(plain(line) for line in chart_lines(style, ChartView(series, START, END), 100, 20)[1:])
    assert all(letter in text for letter in "ABCD")


@given(
    names=st.lists(st.text("abc", max_size=30), max_size=12),
    across=st.integers(0, 90),
    rows=st.integers(0, 15),
    top=st.floats(0, 100),
    at=st.integers(START - 1000, END + 1000),
)
def test_a_heat_map_fits(names: list[str], across: int, rows: int, top: float, at: int) -> None:
    view = HeatView([(name, ramp(100)) for name in names], (START, END), top, PERCENT, at, UTC)
    lines = heat_lines(view, across, rows)
    assert len(lines) <= rows
    assert all(width(line) <= across for line in lines)


def test_a_heat_map_shows_gaps_as_gaps_and_counts_whom_it_leaves_out() -> None:
    times = (START, START + 5000, END - 5000)
    rows = [(f"web-{n}", Series("a", times, (10.0, 95.0, 50.0))) for n in range(6)]
    view = HeatView(rows, (START, END), 100.0, PERCENT)
    lines = [plain(line) for line in heat_lines(view, 60, 5)]
    assert lines[0].startswith("web-0 ")
    assert "·····" in lines[0]
    assert "3 more" in lines[3]
    assert ":" in lines[4]
