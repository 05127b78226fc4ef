"""Dashboards out of TOML: what is wrong has a line and a key, and costs no other dashboard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.store.dashboards import EXAMPLE, parse_boards

GOOD = '[[dashboard]]\nname = "Good"\n[[dashboard.panel]]\nkind = "table"\nmetrics = "cpu.percent"\n'


def faults(text: str) -> list[str]:
    return [str(fault) for fault in parse_boards(text).faults]


def test_the_example_is_one() -> None:
    boards = parse_boards(EXAMPLE)
    assert not boards.faults
    (board,) = boards.dashboards
    assert (board.name, board.columns, board.span_ms) == ("Web", 2, 3_600_000)
    assert (board.panels[0].kind, board.panels[0].servers) == ("chart", "tag:web")


def test_what_is_not_said_is_usual() -> None:
    (board,) = parse_boards(GOOD).dashboards
    (panel,) = board.panels
    assert (panel.title, panel.servers, panel.width, panel.combine) == ("cpu.percent", "*", 1, "max")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[dashboard]]\nname = "x"\n', "line 1: it has no [[dashboard.panel]]"),
        (GOOD.replace('"table"', '"pie"'), "line 4: kind: 'pie' is none of chart, number, table, heat"),
        (GOOD.replace("cpu.percent", "cpu.speed"), "line 5: metrics: no metric is called 'cpu.speed'"),
        (GOOD.replace('"Good"', "3"), "line 2: name: it must be a text"),
        (GOOD.replace('name = "Good"\n', ""), "line 1: name: it is missing"),
        (GOOD + 'servers = "tags:web"\n', "line 6: servers: 'tags' is none of name, id, tag, status"),
        (GOOD + "width = 9\n", "line 6: width: it must be a whole number from 1 to 2"),
        (GOOD + "height = true\n", "line 6: height: it must be a whole number from 1 to 4"),
        (GOOD + 'colour = "red"\n', "line 6: colour: no such key; there are combine, height,"),
        (GOOD.replace("[[dashboard.p", 'range = "8h"\n[[dashboard.p'), "line 3: range: '8h' is none"),
        (GOOD.replace('"table"', '"heat"') + "", ""),
        (GOOD.replace('"table"', '"heat"').replace('"cpu.percent"', '["cpu.percent", "load.1"]'),
         "line 5: metrics: a heat has room for 1"),
        (GOOD + "metrics == 3\n", "line 6: no TOML:"),
        (GOOD + "x = [\n", "line 6: no TOML:"),
        ('theme = "dark"\n' + GOOD, "line 1: only tables [[dashboard]]"),
        (GOOD + GOOD, "line 7: name: there are two called 'Good'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_line_and_key(text: str, expected: str) -> None:
    found = faults(text)
    assert found[0].startswith(expected) if expected else not found


def test_one_bad_dashboard_costs_no_other() -> None:
    boards = parse_boards("# mine\n" + GOOD + "[[dashboard]]\nname = \n" + GOOD.replace("Good", "Other"))
    assert [board.name for board in boards.dashboards] == ["Good", "Other"]
    assert [fault.line for fault in boards.faults] == [8]


def test_the_line_of_a_later_panel_is_found() -> None:
    later = GOOD + '[[dashboard.panel]]\nmetrics = "load.1"\nkind = "pie"\n'
    assert faults(later)[0].startswith("line 8: kind")


@given(text=st.text(max_size=200))
def test_whatever_stands_there_nothing_breaks(text: str) -> None:
    boards = parse_boards(GOOD + text)
    lines = len((GOOD + text).splitlines())
    assert all(1 <= fault.line <= lines + 1 for fault in boards.faults)


def test_what_is_wrong_stands_in_the_order_of_lines_and_each_thing_once() -> None:
    text = """[[dashboard]]
name = "Web"
colums = 2
[[dashboard.panel]]
kind = "pie"
"""
    assert [fault.split(":")[0] for fault in faults(text)] == ["line 3", "line 4", "line 5"]
