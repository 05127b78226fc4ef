"""Lines that follow the newest, stand still where one reads, and can be searched."""

from collections.abc import Sequence

from chatops_tui.render.sgr import PLAIN, Style
from chatops_tui.widgets.output_paint import Piece
from chatops_tui.widgets.scroll_back import ScrollBack, marked, sought
from tests.tui.widgets.stage import Stage, lines


class Numbers:
    """`line N` for all N in a range."""

    def __init__(self, first: int, last: int, suffix: str = "") -> None:
        self.dropped = first
        self._numbers = range(first, last)
        self._suffix = suffix

    def __len__(self) -> int:
        return len(self._numbers)

    def pieces(self, index: int) -> Sequence[Piece]:
        return [(f"line {self._numbers[index]}{self._suffix}", PLAIN)]


async def test_it_follows_until_somebody_scrolls_up_and_again_from_the_end_on() -> None:
    view = ScrollBack()
    async with Stage(view).run_test(size=(20, 5)) as pilot:
        view.sync(Numbers(0, 100))
        await pilot.pause()
        assert lines(view)[-1] == "line 99"
        view.focus()
        await pilot.press("up", "up")
        view.sync(Numbers(0, 120))
        await pilot.pause()
        assert lines(view)[-1] == "line 97"
        await pilot.press("f")
        assert lines(view)[-1] == "line 119"
        await pilot.press("g")
        assert lines(view)[0] == "line 0"
        await pilot.press("G")
        view.sync(Numbers(0, 130))
        await pilot.pause()
        assert lines(view)[-1] == "line 129"


async def test_lines_that_leave_do_not_move_what_is_read() -> None:
    view = ScrollBack()
    async with Stage(view).run_test(size=(20, 5)) as pilot:
        view.sync(Numbers(0, 100))
        await pilot.pause()
        view.scroll_to_line(50)
        view.sync(Numbers(20, 120))
        await pilot.pause()
        assert lines(view)[0] == "line 50"


async def test_long_lines_are_read_sideways() -> None:
    view = ScrollBack()
    async with Stage(view).run_test(size=(20, 5)) as pilot:
        view.sync(Numbers(0, 1, suffix=" and much more than fits"))
        view.focus()
        await pilot.pause()
        assert lines(view)[0].endswith("›")  # noqa: RUF001 - the arrow itself
        await pilot.press("right")
        assert "than fits" in lines(view)[0]
        await pilot.press("left")
        assert lines(view)[0].startswith("line 0")


async def test_a_search_goes_from_match_to_match_and_round() -> None:
    view = ScrollBack()
    async with Stage(view).run_test(size=(20, 5)) as pilot:
        view.sync(Numbers(0, 100))
        await pilot.pause()
        assert view.search("LINE 7") == 11
        assert view.find(-1)
        assert "line 79" in lines(view)
        assert view.find(1)
        assert "line 7" in lines(view)
        assert view.search("nowhere") == 0
        assert not view.find(1)


def test_what_is_found_is_reversed_across_pieces() -> None:
    bold = Style(bold=True)
    found = marked([("ab", PLAIN), ("cd", bold)], sought("bc"))
    assert found == [
        ("a", PLAIN),
        ("b", Style(reverse=True)),
        ("c", Style(bold=True, reverse=True)),
        ("d", bold),
    ]


async def test_wrapped_lines_go_on_below_and_the_end_is_the_last_row() -> None:
    view = ScrollBack()
    async with Stage(view).run_test(size=(20, 5)) as pilot:
        view.sync(Numbers(0, 50, suffix=" " + "x" * 25 + " end"))
        await pilot.pause()
        view.focus()
        assert "end" not in "".join(lines(view))
        await pilot.press("w")
        await pilot.pause()
        assert lines(view)[-1].endswith("end")
        await pilot.press("g")
        assert lines(view)[:3] == ["line 0 xxxxxxxxxxxx", "xxxxxxxxxxxxx end", "line 1 xxxxxxxxxxxx"]
        await pilot.press("down")
        assert lines(view)[0] == "xxxxxxxxxxxxx end"
        await pilot.press("w")
        assert lines(view)[0].startswith("line 0 ")


async def test_wrapped_lines_are_found_and_stay_where_they_are_read() -> None:
    view = ScrollBack()
    async with Stage(view).run_test(size=(20, 5)) as pilot:
        view.sync(Numbers(0, 100, suffix="y" * 30))
        await pilot.pause()
        view.focus()
        await pilot.press("w")
        assert view.search("line 40y") == 1
        assert view.find(-1)
        await pilot.pause()
        assert any(line.startswith("line 40y") for line in lines(view))
        view.scroll_to_line(60)
        view.sync(Numbers(30, 130, suffix="y" * 30))
        await pilot.pause()
        assert lines(view)[0].startswith("line 60y")
