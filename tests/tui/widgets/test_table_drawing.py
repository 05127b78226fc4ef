"""What the live table shows, and that it asks for and draws no more than it must."""

import pytest
from textual.color import Color
from textual.geometry import Region

from chatops_tui.render.columns import Column
from chatops_tui.widgets.live_table import LiveTable
from tests.tui.widgets.stage import lines
from tests.tui.widgets.tables import IDS, Counting, cells, filled, stage


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


@pytest.mark.parametrize("theme", ["chatops-dark", "chatops-light"])
async def test_a_row_that_is_dimmed_can_be_read_under_the_cursor(theme: str) -> None:
    app, table = stage()
    async with app.run_test(size=(40, 6)) as pilot:
        await filled(pilot, table)
        app.theme = theme
        table.sync(IDS, cells, dimmed=set(IDS))
        await pilot.pause()
        styles = [segment.style for segment in table.render_line(1) if segment.text.strip()]
        assert styles
        for style in styles:
            assert style is not None
            assert style.color is not None
            assert style.bgcolor is not None
            ink, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            assert contrast(ink, ground) >= 4.5


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours as WCAG defines it: 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def drawn_lines(table: LiveTable, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that will hold the lines `table` asks to be drawn again."""
    drawn: list[int] = []
    refresh = table.refresh

    def note(*regions: Region, **options: bool) -> LiveTable:
        drawn.extend(region.y for region in regions)
        return refresh(*regions, **options)

    monkeypatch.setattr(table, "refresh", note)
    return drawn
