"""Tables for people, as every list of ours is printed."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from chatops_tui.commands.say import console, drawn
from chatops_tui.config import Settings


def show_table(
    settings: Settings, titles: Sequence[str], rows: Iterable[Sequence[Text]], *, wraps: str, empty: str
) -> None:
    """Print rows below titles, or the sentence `empty` where there are none.

    Only the column `wraps` gives way where the terminal is narrow.
    """
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for title in titles:
        grid.add_column(drawn(settings, title, "strong"), no_wrap=title != wraps, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    out = console(settings)
    if grid.row_count:
        out.print(grid)
    else:
        out.print(drawn(settings, empty), soft_wrap=True)


def say(settings: Settings, text: str) -> None:
    """Print one line for people; remote text in it is made harmless."""
    console(settings).print(drawn(settings, text), soft_wrap=True)
