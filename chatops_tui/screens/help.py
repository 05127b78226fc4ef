"""Every key that works right now, made from the bindings themselves."""

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from chatops_tui.render.spans import Cell, fit
from chatops_tui.screens.closing import close
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock

_KEY_WIDTH: Final = 13
_TWO_COLUMNS_FROM: Final = 68


class KeyGroup(msgspec.Struct, frozen=True):
    """Keys of one place: what to press and what it does."""

    title: str
    keys: Sequence[tuple[str, str]]


class HelpScreen(ModalScreen[None]):
    """Lists the keys in two columns where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "close", "Close", id="help.close", key_display="esc"),
        Binding("w", "tour", "Welcome tour", id="help.tour"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="help.down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="help.up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="help.page-down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="help.page-up"),
        Binding("home,g", "end(False)", "Top", show=False, id="help.top"),
        Binding("end,G", "end(True)", "Bottom", show=False, id="help.bottom"),
    ]

    def __init__(self, title: str, groups: Sequence[KeyGroup]) -> None:
        super().__init__()
        self._title = title
        self._groups = tuple(groups)

    @property
    def groups(self) -> tuple[KeyGroup, ...]:
        """What is listed."""
        return self._groups

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="dialog wide") as box:
            set_box_title(box, f"Keys: {self._title}")
            with VerticalScroll(can_focus=False):
                yield TextBlock(id="help-keys")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Draw once there is a size."""
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """Fit to the new size."""
        self.call_after_refresh(self._draw)

    def action_close(self) -> None:
        """Close it."""
        close(self, None)

    async def action_tour(self) -> None:
        """Close it, and show a newcomer what to press."""
        self.app.call_later(self.app.run_action, "app.tour")
        close(self, None)

    def action_scroll(self, rows: int) -> None:
        """Scroll by `rows`."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll by the height, less one line for orientation."""
        height = self.query_one(VerticalScroll).scrollable_content_region.height
        self.action_scroll(pages * max(1, height - 1))

    def action_end(self, last: bool) -> None:  # noqa: FBT001 - a binding's parameter
        """Go to the first keys or the last."""
        box = self.query_one(VerticalScroll)
        box.scroll_to(y=box.max_scroll_y if last else 0, animate=False)

    def _draw(self) -> None:
        block = self.query_one("#help-keys", TextBlock)
        # Its own width: the frame does not grow with a wide terminal.
        block.set_lines(laid_out(self._groups, block.content_size.width))


def laid_out(groups: Sequence[KeyGroup], columns: int) -> list[Cell]:
    """Return the groups as lines, in two columns of about equal length where they fit."""
    blocks = [_block(group) for group in groups if group.keys]
    if columns < _TWO_COLUMNS_FROM or len(blocks) < 2:  # noqa: PLR2004 - one column of one block
        return [line for block in blocks for line in block]
    left, right = blocks[0], [line for block in blocks[1:] for line in block]
    half = columns // 2
    longest = max(len(left), len(right))
    pairs = zip(_filled(left, longest), _filled(right, longest), strict=True)
    return [[*fit(one, half), *fit(other, columns - half)] for one, other in pairs]


def _block(group: KeyGroup) -> list[Cell]:
    lines: list[Cell] = [[(group.title, "strong")]]
    for key, what in group.keys:
        lines.append([(key + " " * max(1, _KEY_WIDTH - cell_len(key)), "accent"), (what, "text")])
    return [*lines, []]


def _filled(lines: list[Cell], count: int) -> list[Cell]:
    blank: Cell = []
    return [*lines, *([blank] * (count - len(lines)))]
