"""A dialog: what all of them share is that their keys can be asked for, also while one types."""

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """A screen above another one; the keys of the app do not reach through it, so that of help is its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Last in the footer, wherever it stands here (`KeyFooter`).
        Binding("f1", "app.help(True)", "Help", id="dialog.help-typing", key_display="F1"),
        # Where one types it is a character.
        Binding("question_mark", "app.help", "Help", show=False, id="dialog.help", key_display="?"),
    ]
