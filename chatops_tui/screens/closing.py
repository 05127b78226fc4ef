"""Closing a dialog with an answer."""

from typing import TypeVar

from textual.screen import Screen

T = TypeVar("T")


def close(dialog: Screen[T], answer: T) -> None:
    """Close `dialog`; a second key that arrives before it is gone does nothing."""
    if dialog.is_current:
        # Awaiting it from the dialog's own handler would wait for itself.
        dialog.dismiss(answer)  # type: ignore[unused-awaitable]
