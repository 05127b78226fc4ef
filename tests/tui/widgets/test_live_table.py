"""The live table: keys, the cursor that follows its row, columns, and how little is drawn."""

from collections.abc import Sequence

import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.widgets.live_table import LiveTable
from tests.tui.widgets.stage import Stage, lines

COLUMNS = [
    Column("name", "NAME", 8, flex=1, max_width=20),
    Column("cpu", "CPU", 5, align="right"),
    Column("note", "NOTE", 10, priority=2, sortable=False),
    Column("up", "UP", 4, align="right", priority=1),
]
IDS = [f"row-{number:02d}" for number in range(30)]


def cells(row_id: str) -> Sequence[Cell]:
    return [[(row_id, "text")], [("94%", "crit")], [("note", "muted")], [("41d", "muted")]]


class Counting:
    """A source of cells that says which rows it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.value = "94%"

    def __call__(self, row_id: str) -> Sequence[Cell]:
        self.asked.append(row_id)
        return [[(row_id, "text")], [(self.value, "crit")]]


def stage(table: LiveTable | None = None) -> tuple[Stage, LiveTable]:
    actor = table or LiveTable(COLUMNS)
    return Stage(actor), actor


async def filled(pilot: Pilot[None], table: LiveTable, ids: Sequence[str] = IDS) -> None:
    """Show `ids`, focus the table and forget what it said about that."""
    table.focus()
    table.sync(ids, cells)
    await pilot.pause()
    assert isinstance(pilot.app, Stage)
    pilot.app.heard.clear()


async def test_titles_and_rows_stand_in_columns() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 4)) as pilot:
        await filled(pilot, table, IDS[:2])
        assert lines(table) == [
            "NAME                CPU NOTE         UP",
            "row-00              94% note        41d",
            "row-01              94% note        41d",
            "",
        ]


async def test_narrow_tables_drop_the_least_important_columns() -> None:
    app, table = stage()
    async with app.run_test(size=(28, 4)) as pilot:
        await filled(pilot, table, IDS[:1])
        assert table.shown_columns == ["name", "cpu", "up"]
        await pilot.resize_terminal(19, 4)
        await pilot.pause()
        assert table.shown_columns == ["name", "cpu"]
        assert lines(table)[1] == "row-00         94%"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["j"], 1),
        (["down", "down", "k"], 1),
        (["up"], 0),
        (["G"], 29),
        (["end", "j"], 29),
        (["G", "g"], 0),
        (["end", "home"], 0),
        (["pagedown"], 8),
        (["pagedown", "pagedown", "pageup"], 8),
        (["pageup"], 0),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], expected: int) -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press(*keys)
        assert table.cursor_row == IDS[expected]
        assert any(IDS[expected] in line for line in lines(table))


async def test_every_move_is_told_once() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press("j", "j", "up", "up", "up")
        assert app.said("row_id") == ["row-01", "row-02", "row-01", "row-00"]
        assert all(
            message.control is table for message in app.heard if isinstance(message, LiveTable.RowHighlighted)
        )


async def test_enter_opens_the_row_under_the_cursor() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press("j", "enter")
        assert [type(message) for message in app.heard] == [LiveTable.RowHighlighted, LiveTable.RowSelected]
        assert app.said("row_id") == ["row-01", "row-01"]


async def test_enter_in_an_empty_table_opens_nothing() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table, [])
        await pilot.press("j", "enter", "g")
        assert app.heard == []
        assert table.cursor_row is None


async def test_the_cursor_stays_on_its_row_when_the_order_changes() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press("j", "j")
        app.heard.clear()
        table.sync(IDS[::-1], cells)
        await pilot.pause()
        assert table.cursor_row == "row-02"
        assert app.heard == []
        assert any("row-02" in line for line in lines(table))


async def test_an_untouched_table_keeps_its_cursor_at_the_top() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        app.set_focus(None)
        await pilot.pause()
        table.sync(IDS, cells)
        table.sync(IDS[::-1], cells)
        await pilot.pause()
        assert table.cursor_row == "row-29"


async def test_when_its_row_goes_the_cursor_takes_the_one_in_its_place() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press("j", "j")
        table.sync([row for row in IDS if row != "row-02"], cells)
        assert table.cursor_row == "row-03"
        table.sync(IDS[:2], cells)
        await pilot.pause()
        assert table.cursor_row == "row-01"
        table.sync([], cells)
        await pilot.pause()
        assert app.said("row_id")[-3:] == ["row-03", "row-01", None]


async def test_a_row_can_be_gone_to() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        table.move_to("row-20")
        table.move_to("no such row")
        await pilot.pause()
        assert table.cursor_row == "row-20"
        assert any("row-20" in line for line in lines(table))


async def test_only_visible_rows_are_asked_for() -> None:
    app, table = stage()
    source = Counting()
    async with app.run_test(size=(40, 10)) as pilot:
        table.sync([f"row-{number}" for number in range(5000)], source)
        await pilot.pause()
        assert len(set(source.asked)) == 9


async def test_rows_that_scroll_into_view_are_asked_for_then() -> None:
    app, table = stage()
    source = Counting()
    async with app.run_test(size=(40, 10)) as pilot:
        table.focus()
        table.sync(IDS, source)
        await pilot.pause()
        source.asked.clear()
        await pilot.press("pagedown", "j", "j")
        assert set(source.asked) == {"row-09", "row-10"}


async def test_only_changed_rows_are_asked_for_again() -> None:
    app, table = stage()
    source = Counting()
    async with app.run_test(size=(40, 10)) as pilot:
        table.sync(IDS, source)
        await pilot.pause()
        source.asked.clear()
        source.value = "7%"
        table.sync(IDS, source, {"row-03", "row-25"})
        await pilot.pause()
        assert source.asked == ["row-03"]
        assert [line.endswith("7%") for line in lines(table)].index(True) == 4


async def test_only_lines_that_differ_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app, table = stage()
    source = Counting()
    async with app.run_test(size=(40, 10)) as pilot:
        table.sync(IDS, source)
        await pilot.pause()
        drawn = drawn_lines(table, monkeypatch)
        table.sync(IDS, source)
        assert drawn == []
        table.sync([*IDS[:3], "row-04", "row-03", *IDS[5:]], source)
        assert drawn == [4, 5]
        drawn.clear()
        table.sync([*IDS[:3], "row-04", "row-03", *IDS[5:]], source, dimmed={"row-00"})
        assert drawn == [1]


async def test_lines_of_rows_that_went_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table, IDS[:4])
        drawn = drawn_lines(table, monkeypatch)
        table.sync(IDS[:2], cells)
        await pilot.pause()
        assert {3, 4} <= set(drawn)
        assert lines(table)[3:5] == ["", ""]


async def test_dimmed_rows_have_no_colour() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 5)) as pilot:
        table.sync(IDS[:2], cells, dimmed={"row-01"})
        await pilot.pause()
        app.set_focus(None)
        bright, dim = (
            {segment.style.color for segment in table.render_line(y) if segment.style} for y in (1, 2)
        )
        assert len(bright) > 1
        assert len(dim) == 1


async def test_an_empty_table_says_why() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 6)) as pilot:
        table.set_empty_message([[("no servers yet", "strong")], [("press a to add one", "muted")]])
        await pilot.pause()
        assert lines(table)[2:4] == ["  no servers yet", "  press a to add one"]
        table.sync(IDS[:1], cells)
        await pilot.pause()
        assert "no servers yet" not in "".join(lines(table))


async def test_the_sorted_column_has_an_arrow() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 3)) as pilot:
        table.set_sort("cpu", reverse=True)
        await pilot.pause()
        assert "CPU▼" in lines(table)[0]
        table.set_sort("name")
        assert "NAME▲" in lines(table)[0]
        table.set_sort(None)
        assert lines(table)[0].startswith("NAME                CPU ")


async def test_other_columns_can_be_set() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 3)) as pilot:
        await filled(pilot, table, IDS[:1])
        table.set_columns([Column("id", "ID", 10)])
        table.sync(IDS[:1], lambda row_id: [[(row_id.upper(), "text")]])
        await pilot.pause()
        assert lines(table)[:2] == ["ID", "ROW-00"]
        assert table.widths == {"id": 10}


async def test_without_titles_the_first_line_is_a_row() -> None:
    app, table = stage(LiveTable(COLUMNS, header=False))
    async with app.run_test(size=(40, 3)) as pilot:
        await filled(pilot, table, IDS[:1])
        table.set_sort("cpu")
        assert lines(table)[0].startswith("row-00")


async def test_space_marks_rows_by_id() -> None:
    app, table = stage(LiveTable(COLUMNS, markable=True))
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press("space", "space", "up", "space")
        assert app.said("marked") == [{"row-00"}, {"row-00", "row-01"}, {"row-00"}]
        assert lines(table)[1].startswith("▌row-00")
        table.sync(IDS[::-1], cells)
        assert table.marked == {"row-00"}
        table.sync(IDS[1:], cells)
        assert table.marked == set()


async def test_marks_can_be_cleared() -> None:
    app, table = stage(LiveTable(COLUMNS, markable=True))
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press("space")
        table.clear_marks()
        table.clear_marks()
        await pilot.pause()
        assert table.marked == set()
        assert lines(table)[1].startswith(" row-00")


async def test_without_marks_space_is_left_to_the_screen() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.press("space")
        assert (table.marked, table.cursor_row) == (frozenset(), "row-00")


async def test_a_click_moves_and_a_second_opens() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        await pilot.click(table, offset=(3, 4))
        assert [type(message) for message in app.heard] == [LiveTable.RowHighlighted]
        assert table.cursor_row == "row-03"
        await pilot.click(table, offset=(3, 4), times=2)
        assert app.said("row_id")[-1] == "row-03"
        assert isinstance(app.heard[-1], LiveTable.RowSelected)


async def test_a_click_below_the_rows_does_nothing() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table, IDS[:2])
        await pilot.click(table, offset=(3, 7))
        assert app.heard == []


async def test_a_click_on_a_title_asks_to_sort_by_it() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        for x in (2, 20, 26, 39):
            await pilot.click(table, offset=(x, 0))
        assert app.said("key") == ["name", "cpu"]


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 10)) as pilot:
        await filled(pilot, table)
        table.scroll_to(y=12, animate=False)
        await pilot.pause()
        assert lines(table)[1].startswith("row-12")
        assert table.cursor_row == "row-00"
        table.sync(IDS[::-1], cells)
        await pilot.pause()
        assert lines(table)[1].startswith("row-17"), "an order that changes does not scroll back"
        await pilot.press("j")
        assert table.cursor_row == "row-00", "it was the last one"


async def test_the_cursor_is_in_view_after_the_table_got_lower() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 20)) as pilot:
        await filled(pilot, table)
        table.move_to("row-15")
        await pilot.resize_terminal(40, 8)
        await pilot.pause()
        assert any("row-15" in line for line in lines(table))


async def test_wide_characters_do_not_shift_a_column() -> None:
    app, table = stage()
    async with app.run_test(size=(40, 4)) as pilot:
        names = {"a": "漢字漢字漢字漢字", "b": "x"}
        table.sync(list(names), lambda row: [[(names[row], "text")], [("9%", "ok")]])
        await pilot.pause()
        assert {table.render_line(y).cell_length for y in range(4)} == {39}
        assert lines(table)[1].endswith(" 9%")


@pytest.mark.parametrize("theme", ["chatops-dark", "chatops-light", "ansi-dark", "textual-light"])
async def test_the_cursor_shows_in_every_theme(theme: str) -> None:
    app, table = stage()
    async with app.run_test(size=(40, 6)) as pilot:
        await filled(pilot, table)
        app.theme = theme
        await pilot.pause()
        on, off = (next(iter(table.render_line(y))).style for y in (1, 2))
        assert on is not None
        assert off is not None
        assert (on.bgcolor, on.bold) != (off.bgcolor, off.bold)


def drawn_lines(table: LiveTable, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that will hold the lines `table` asks to be drawn again."""
    drawn: list[int] = []
    refresh = table.refresh

    def note(*regions: Region, **options: bool) -> LiveTable:
        drawn.extend(region.y for region in regions)
        return refresh(*regions, **options)

    monkeypatch.setattr(table, "refresh", note)
    return drawn
