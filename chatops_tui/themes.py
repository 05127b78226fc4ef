"""The themes one can choose, in the order `T` goes through them."""

from typing import Final

from textual.app import App
from textual.theme import Theme

from chatops_tui.widgets import themes as own

# For bright rooms and tired eyes: no greys, every colour at least 7 to 1 on black.
CONTRAST: Final = Theme(
    name="chatops-contrast",
    primary="#6cc7ff",
    secondary="#e9a6ff",
    accent="#b9c8ff",
    success="#6ff2e0",
    warning="#ffd75e",
    error="#ff8089",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    dark=True,
    variables={
        "text-primary": "#6cc7ff",
        "text-secondary": "#e9a6ff",
        "text-accent": "#b9c8ff",
        "text-success": "#6ff2e0",
        "text-warning": "#ffd75e",
        "text-error": "#ff8089",
        "scrollbar": "#9a9a9a",
        "scrollbar-background": "#000000",
    },
)
ANSI: Final = ("ansi-dark", "ansi-light")
"""Textual's own: the terminal's 16 colours, whatever its user made of them."""


def register(app: App[object]) -> None:
    """Make the themes known to `app`; call it before `app.theme` is set."""
    own.register(app)
    app.register_theme(CONTRAST)


def names(*, is_poor: bool) -> tuple[str, ...]:
    """Return the names; on a terminal of 16 colours only the themes made for it."""
    return ANSI if is_poor else (own.DARK.name, own.LIGHT.name, CONTRAST.name, *ANSI)


def after(current: str, offered: tuple[str, ...]) -> str:
    """Return the theme after `current`, the first after the last."""
    return offered[(offered.index(current) + 1) % len(offered)] if current in offered else offered[0]
