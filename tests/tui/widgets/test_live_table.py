"""The live table by its keys and the mouse; the cursor follows its row."""

import pytest

from chatops_tui.widgets.live_table import LiveTable
from tests.tui.widgets.stage import lines
from tests.tui.widgets.tables import COLUMNS, IDS, cells, filled, stage


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
