"""The title in a box's border, as the text it is: Textual reads a plain string there as markup."""

from textual.content import Content
from textual.widget import Widget

from chatops_tui.render.text import clean


def set_box_title(box: Widget, text: str) -> None:
    """Show `text`, which may be remote, in the border of `box`; a name like `[/z]` stays a name."""
    box.border_title = Content(clean(text).replace("\n", " "))
