"""The `/` line."""

from textual.widgets import Input

from chatops_tui.render.columns import Column
from chatops_tui.widgets.filter_bar import FilterBar
from chatops_tui.widgets.live_table import LiveTable
from tests.tui.widgets.stage import Stage


def stage() -> tuple[Stage, FilterBar, LiveTable]:
    bar, table = FilterBar("name"), LiveTable([Column("name", "NAME", 10)])
    return Stage(bar, table), bar, table


async def test_it_is_hidden_and_takes_no_focus_until_opened() -> None:
    app, bar, table = stage()
    async with app.run_test():
        assert not bar.display
        assert app.focused is table


async def test_it_tells_every_change_while_one_types() -> None:
    app, bar, _table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.press("d", "b", "backspace")
        assert app.said("text") == ["d", "db", "d"]
        assert {message.control for message in app.heard} == {bar}
        assert bar.display


async def test_enter_keeps_the_filter_and_goes_back() -> None:
    app, bar, table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.press("d", "b", "enter")
        assert (bar.text, bar.display, app.focused) == ("db", True, table)


async def test_down_goes_to_the_list_as_well() -> None:
    app, bar, table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.press("d", "down")
        assert (bar.text, app.focused) == ("d", table)


async def test_an_empty_filter_is_not_kept_in_sight() -> None:
    app, bar, table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.press("enter")
        assert (bar.display, app.focused) == (False, table)


async def test_escape_clears_it_and_goes_back() -> None:
    app, bar, table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.press("d", "b", "escape")
        await pilot.pause()
        assert (bar.text, bar.display, app.focused) == ("", False, table)
        assert app.said("text")[-1] == ""


async def test_a_kept_filter_is_opened_at_its_end() -> None:
    app, bar, table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.press("d", "b", "enter")
        bar.open()
        bar.open()
        await pilot.press("1", "enter")
        assert (bar.text, app.focused) == ("db1", table)


async def test_a_kept_filter_can_be_cleared_from_outside() -> None:
    app, bar, table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.press("d", "enter")
        bar.action_clear()
        await pilot.pause()
        assert (bar.text, bar.display, app.focused) == ("", False, table)


async def test_when_the_list_is_gone_the_focus_goes_on() -> None:
    app, bar, table = stage()
    async with app.run_test() as pilot:
        bar.open()
        await pilot.pause()
        await table.remove()
        await pilot.press("d", "enter")
        assert not isinstance(app.focused, Input)


async def test_it_says_how_many_are_left() -> None:
    app, bar, _table = stage()
    async with app.run_test() as pilot:
        bar.open()
        bar.set_counts(9, 99)
        await pilot.pause()
        assert "9/99" in bar.query_one("#filter-count").render_line(0).text


async def test_its_cursor_does_not_blink() -> None:
    app, bar, _table = stage()
    async with app.run_test():
        assert not bar.query_one(Input).cursor_blink
