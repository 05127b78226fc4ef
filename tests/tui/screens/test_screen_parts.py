"""The pure parts of the screens: layout, cells, facts, the time."""

from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.clock import clock, local_zone, moment
from chatops_tui.render.spans import plain, width
from chatops_tui.screens.facts import rule, timeline
from chatops_tui.screens.fleet_layout import FleetLayout, fleet_layout
from chatops_tui.screens.tab_line import TabLine
from chatops_tui.store.memory import ServerMemory
from chatops_tui.store.models import Row
from chatops_wire.rest import EventView
from tests.tui.screens import synthetic

NOW = 1_700_000_000_000


@given(st.integers(60, 300), st.integers(10, 100), st.integers(1, 1000))
def test_table_and_detail_always_fit(columns: int, rows: int, servers: int) -> None:
    layout = fleet_layout(columns, rows, servers)
    if layout.table_rows is not None:
        assert 3 <= layout.table_rows <= max(3, rows - 8)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((80, 22, 12), FleetLayout(13, beside=False, square=False)),
        ((80, 22, 100), FleetLayout(14, beside=False, square=False)),
        ((80, 22, 1), FleetLayout(3, beside=False, square=True)),
        # Four charts with axes, or the busiest processes below them, but not both in the room of one.
        ((120, 34, 12), FleetLayout(13, beside=False, square=True)),
        ((120, 34, 7), FleetLayout(8, beside=False, square=True, processes=True)),
        ((120, 34, 3), FleetLayout(4, beside=False, square=True, processes=True, facts=True)),
        ((160, 46, 30), FleetLayout(None, beside=True, square=False)),
        ((160, 46, 1), FleetLayout(3, beside=False, square=True, processes=True, facts=True)),
    ],
)
def test_how_they_share_the_screen(given: tuple[int, int, int], expected: FleetLayout) -> None:
    assert fleet_layout(*given) == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (60, " 1 Overview  2 Processes  8 Docker  "),
        (41, " 1 Overview 2 Processes 8 Docker "),
        (36, " 1 Over 2 Procs 8 Docker "),
        (29, " 1 Over 2 8 Docker "),
        (24, " 1 2 8 Docker "),
    ],
)
def test_tabs_lose_their_names_but_the_chosen_one_s(columns: int, expected: str) -> None:
    line = TabLine()
    line.set_titles(["1 Overview", "2 Processes", "8 Docker"], ["1 Over", "2 Procs", "8 Docker"])
    line.show(2, "5m")
    [cells] = line.compose_lines(columns, 1)
    assert plain(cells) == f"{expected:<{columns - 7}}5m [ ] "


@given(st.text("ab ", min_size=1, max_size=30), st.integers(34, 100), st.text("cd", max_size=90))
def test_a_title_rule_fills_the_width(title: str, columns: int, note: str) -> None:
    assert width(rule(title, columns, note)) == columns


def test_the_clock_and_when_something_was() -> None:
    berlin = timezone(timedelta(hours=1))
    assert clock(NOW, UTC) == "22:13:20"
    assert clock(NOW, berlin) == "23:13:20"
    assert moment(NOW - 60_000, NOW, UTC) == "22:12"
    assert moment(NOW - 86_400_000, NOW, UTC) == "13 Nov 22:13"


def test_the_users_time_zone(tmp_path: Path) -> None:
    assert str(local_zone({"TZ": "Europe/Berlin"})) == "Europe/Berlin"
    assert local_zone({}) is not None
    assert local_zone({"TZ": str(tmp_path)}) is not None


def test_the_timeline_says_what_came_and_went() -> None:
    def event(ts: str, message: str) -> EventView:
        return EventView(id="1", ts=ts, kind="x", server_id=None, user_id=None, message=message, data={})

    memory = ServerMemory(Row(synthetic.view(synthetic.FLEET[0], NOW), None, None, None))
    memory.take_timeline(
        [
            event("2023-11-14T22:13:20.000Z", "db-01 connected"),
            event("2023-11-13T22:13:20.000Z", "db-01 disconnected: gone"),
            event("2023-11-13T22:13:20.000Z", "ann changed its tags"),
            event("nonsense", ""),
        ]
    )
    assert [plain(line) for line in timeline(memory, NOW, UTC)] == [
        "       22:13 ● connected",
        "13 Nov 22:13 ○ disconnected: gone",
        "13 Nov 22:13 · ann changed its tags",
        "    nonsense · x",
    ]
