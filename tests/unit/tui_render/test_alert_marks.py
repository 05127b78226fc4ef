"""Alerts on the time axis: in the very cell of their moment, as long as they lasted, with their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.alerts import amount, condition
from chatops_tui.render.buckets import Series
from chatops_tui.render.chart import ChartStyle, ChartView, chart_lines
from chatops_tui.render.marks import Mark, marked_cells
from chatops_tui.render.severity import Level
from chatops_tui.render.spans import plain, width
from chatops_tui.render.status import LinkState, Status, status_line
from chatops_wire.rest_alerts import Comparison

HOUR = 3_600_000


def axis(*marks: Mark, span_ms: int = HOUR, columns: int = 66) -> str:
    """Return the axis of a chart of 60 cells: a minute each of the hour that begins at 01:00."""
    view = ChartView(start_ms=HOUR, end_ms=HOUR + span_ms - 1, marks=marks, message="x")
    return plain(chart_lines(ChartStyle("CPU", "percent"), view, columns, 8)[-1])[6:]


@pytest.mark.parametrize("minute", [0, 1, 29, 30, 59])
def test_a_mark_stands_in_the_cell_of_its_minute(minute: int) -> None:
    began_ms = HOUR + minute * 60_000
    for at_ms in (began_ms, began_ms + 59_999):
        line = axis(Mark(at_ms, at_ms, "critical"))
        assert len(line) == 60
        assert line.index("✖") == minute
        assert "═" not in line


def test_it_is_thick_for_as_long_as_it_fired() -> None:
    line = axis(Mark(HOUR + 13 * 60_000, HOUR + 16 * 60_000, "warning"))
    assert line[13:17] == "▲═══"
    assert line.count("═") == 3


def test_one_that_fires_still_reaches_the_end_and_one_that_began_before_has_no_mark() -> None:
    line = axis(Mark(HOUR - 1, None, "info"))
    assert "●" not in line
    assert line[-1] == "═"
    assert axis(Mark(0, HOUR - 1, "info")).count("═") == 0


def test_a_clock_time_gives_way_to_a_beginning_but_the_last_one_stays() -> None:
    without = axis()
    labels = without.count(":")
    place = without.index(":")
    with_mark = axis(Mark(HOUR + place * 60_000, HOUR + place * 60_000, "critical"))
    assert with_mark[place] == "✖"
    assert with_mark.count(":") == labels - 1
    every = [Mark(HOUR + minute * 60_000, HOUR + minute * 60_000, "critical") for minute in range(60)]
    assert axis(*every).count("✖") == 60


def test_a_clock_time_over_a_lasting_alert_stays_readable() -> None:
    line = axis(Mark(HOUR, None, "warning"))
    assert line.count(":") == axis().count(":")


def test_the_worse_of_two_in_one_cell_is_seen() -> None:
    assert "✖" in axis(Mark(HOUR, HOUR, "critical"), Mark(HOUR, HOUR, "info"))


@given(
    st.lists(st.tuples(st.integers(0, 10**7), st.none() | st.integers(0, 10**7)), max_size=8),
    st.integers(1, 200),
    st.integers(1, 10**7),
)
def test_marks_stay_on_the_axis(moments: list[tuple[int, int | None]], across: int, span_ms: int) -> None:
    marks = [Mark(start, end, "warning") for start, end in moments]
    cells = marked_cells(marks, (1000, 1000 + span_ms), across)
    assert all(0 <= place < across for place in cells)
    assert all(width([(cell.text, cell.ink)]) == 1 for cell in cells.values())


def test_a_curve_and_its_marks_share_the_cells() -> None:
    """A peak of one sample and an alert at its time stand above each other."""
    times = list(range(HOUR, 2 * HOUR, 10_000))
    peak = HOUR + 25 * 60_000
    series = Series("cpu", times, [100.0 if at == peak else 0.0 for at in times])
    view = ChartView((series,), HOUR, 2 * HOUR - 1, marks=(Mark(peak, peak, "critical"),))
    lines = [plain(line) for line in chart_lines(ChartStyle("CPU", "percent"), view, 66, 10)]
    assert lines[1][6:].strip(" ┈")
    assert [at for at, cell in enumerate(lines[1][6:]) if cell not in " ┈"] == [lines[-1][6:].index("✖")]


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("cpu.percent", 99.5, "99.5%"),
        ("cpu.percent", 90.0, "90%"),
        ("memory.used", 1.5 * 2**30, "1.5G"),
        ("net.rx_bps:eth0", 12 * 2**20, "12.0M/s"),
        ("load.1", 8.25, "8.2"),
        ("server.up", 0.0, "down"),
        ("server.up", 1.0, "up"),
        ("uptime.s", 125.0, "2m 5s"),
        ("of.newer.hub", 3.0, "3"),
        ("cpu.percent", None, "no data"),
    ],
)
def test_values_in_their_unit(metric: str, value: float | None, expected: str) -> None:
    assert amount(metric, value) == expected


@pytest.mark.parametrize(
    ("metric", "comparison", "value", "expected"),
    [
        ("disk.percent:/var", "gte", 90.0, "disk.percent:/var >= 90%"),
        ("server.up", "eq", 0.0, "server.up = 0"),
        ("load.1", "ne", 3.0, "load.1 != 3"),
    ],
)
def test_conditions_in_words(metric: str, comparison: Comparison, value: float, expected: str) -> None:
    assert condition(metric, comparison, value) == expected


@pytest.mark.parametrize(
    ("columns", "kept"),
    [(90, ["alerts ✖2 ▲1", "● 9 up", "12:04"]), (50, ["alerts ✖2 ▲1", "12:04"]), (44, ["alerts ✖2 ▲1"])],
)
def test_the_counts_of_alerts_outlast_those_of_servers(columns: int, kept: list[str]) -> None:
    status = Status(
        crumbs=("chatops", "Fleet"),
        link=LinkState("live", round_trip_ms=38),
        counts=((Level.OK, 9),),
        alerts=(("critical", 2), ("warning", 1), ("info", 0)),
        clock="12:04",
    )
    line = plain(status_line(status, columns))
    assert [part for part in ("alerts ✖2 ▲1", "● 9 up", "12:04") if part in line] == kept


def test_without_alerts_nothing_is_said_of_them() -> None:
    assert "alerts" not in plain(status_line(Status(alerts=(("critical", 0),)), 80))
