"""The status line, the line of keys and meters: what goes when it gets narrow."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_tui.render.hints import MOST, MOST_WIDE, Hint, hint_line
from chatops_tui.render.meter import MeterView, meter_line, percent_cell
from chatops_tui.render.numbers import MISSING
from chatops_tui.render.severity import Level
from chatops_tui.render.spans import Span, plain, width
from chatops_tui.render.status import LinkState, Status, link_cell, status_line

FULL = Status(
    crumbs=("chatops", "Fleet", "db-01"),
    link=LinkState("live", round_trip_ms=38),
    counts=((Level.OK, 96), (Level.WARN, 2), (Level.CRIT, 0)),
    note="read-only",
    clock="12:04:31",
)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (LinkState("live", round_trip_ms=38), "● live 38ms"),
        (LinkState("live"), "● live"),
        (LinkState("stale", age_s=4.2), "◐ stale 4s"),
        (LinkState("stale"), "◐ stale"),
        (LinkState("connecting"), "↻ connecting"),
        (LinkState("reconnecting", attempt=2, retry_in_s=4.0), "↻ reconnecting #2 in 4s"),
        (LinkState("reconnecting"), "↻ reconnecting"),
        (LinkState("offline"), "✖ offline"),
        (LinkState("sign-in"), "⚿ sign in again"),
        (LinkState("update"), "⇡ update needed"),
    ],
)
def test_the_state_of_the_link(link: LinkState, expected: str) -> None:
    assert plain(link_cell(link)) == expected


@given(st.integers(0, 160))
def test_the_status_line_is_exactly_as_wide_as_asked(columns: int) -> None:
    assert width(status_line(FULL, columns)) == columns


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (82, ["● live 38ms", "read-only", "● 96 up  ▲ 2 warn", "12:04:31"]),
        (76, ["● live 38ms", "read-only", "● 96  ▲ 2", "12:04:31"]),
        (71, ["● live", "read-only", "● 96  ▲ 2", "12:04:31"]),
        (60, ["● live", "read-only", "12:04:31"]),
        (46, ["● live", "read-only"]),
        (36, ["● live"]),
    ],
)
def test_the_least_important_goes_first(columns: int, expected: list[str]) -> None:
    parts = re.split(" {3,}", plain(status_line(FULL, columns)).strip())
    assert parts == ["chatops › Fleet › db-01", *expected]  # noqa: RUF001 - the arrows of the breadcrumb


@pytest.mark.parametrize(("columns", "expected"), [(20, ["db-01", "● live"]), (12, ["db…", "● live"])])
def test_where_one_is_stays(columns: int, expected: list[str]) -> None:
    assert re.split(" {2,}| (?=●)", plain(status_line(FULL, columns)).strip()) == expected


def test_where_one_is_stands_out() -> None:
    assert ("db-01", "strong") in status_line(FULL, 100)
    assert ("Fleet", "muted") in status_line(FULL, 100)


def test_a_status_without_anything_is_a_link() -> None:
    assert plain(status_line(Status(), 30)).strip() == "↻ connecting"


HINTS = [Hint(key, label) for key, label in zip("abcdefgh", ["Open", "Filter", "Sort"] * 3, strict=False)]
PINNED = [Hint("?", "Help", pinned=True), Hint("q", "Quit", pinned=True)]


@given(st.integers(0, 120))
def test_hints_fit_and_are_never_cut(columns: int) -> None:
    line = plain(hint_line(HINTS + PINNED, columns))
    assert len(line) <= columns
    assert set(line.split()) <= {word for hint in HINTS + PINNED for word in (hint.key, hint.label)}


def test_at_most_eight_hints_are_shown_and_the_pinned_stay() -> None:
    line = plain(hint_line(HINTS + PINNED, 139)).split()
    assert len(line) == 2 * MOST
    assert line[-4:] == ["?", "Help", "q", "Quit"]


def test_a_wide_terminal_shows_more_of_them() -> None:
    line = plain(hint_line(HINTS * 2 + PINNED, 140)).split()
    assert len(line) == 2 * MOST_WIDE
    assert line[-4:] == ["?", "Help", "q", "Quit"]


def test_pinned_hints_go_last() -> None:
    assert plain(hint_line([*HINTS[:2], *PINNED], 17)) == " ? Help  q Quit"
    assert plain(hint_line([*HINTS[:2], *PINNED], 8)) == " ? Help"


def test_a_disabled_key_is_dim() -> None:
    assert hint_line([Hint("S", "Stop", enabled=False)], 20)[1:] == [("S", "off"), (" Stop", "off")]


@given(st.one_of(st.none(), st.floats(0, 100)), st.integers(1, 40))
def test_a_percentage_cell_is_exactly_as_wide_as_asked(value: float | None, size: int) -> None:
    assert width(percent_cell(value, size)) == size


@pytest.mark.parametrize(
    ("value", "size", "expected"),
    [
        (50.0, 13, [("━━━━", "bar-ok"), ("────", "rule"), (" ", "text"), (" 50%", "text")]),
        (94.0, 9, [("━━━━", "bar-crit"), ("", "rule"), (" ", "text"), (" 94%", "crit")]),
        (None, 9, [("", "off"), ("────", "rule"), (" ", "text"), (f"   {MISSING}", "off")]),
        (94.0, 5, [("  94%", "crit")]),
        (94.0, 2, [("4%", "crit")]),
    ],
)
def test_percentage_cells(value: float | None, size: int, expected: list[Span]) -> None:
    assert percent_cell(value, size) == expected


@pytest.mark.parametrize(
    ("view", "size", "expected"),
    [
        (MeterView("mem", 78, note="50/64G", label_width=5), 30, "mem   ━━━━━━━━━╸──  78% 50/64G"),
        (MeterView("mem", 78, note="50/64G", label_width=5), 15, "mem   ━━━─  78%"),
        (MeterView("", 78), 10, "━━━━─  78%"),
        (MeterView("a long mount point", 5), 30, "a long mo… ╸─────────────   5%"),
    ],
)
def test_meters(view: MeterView, size: int, expected: str) -> None:
    assert plain(meter_line(view, size)) == expected
