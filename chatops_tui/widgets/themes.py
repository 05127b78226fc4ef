"""Our two themes; on 16 colours Textual's `ansi-dark` and `ansi-light` take their place."""

from typing import Any, Final

from textual.app import App
from textual.theme import Theme

# Neutral and dark, so that the colours that mean something are the only ones the eye finds. Each has a
# contrast of at least 4.5 to every ground, and OK, WARN and CRIT (blue-green, yellow, red) are apart for eyes
# without one kind of cone too; tests/unit/tui_render/test_theme_colours.py measures both.
DARK: Final = Theme(
    name="chatops-dark",
    primary="#5aa9e6",
    secondary="#c792ea",
    accent="#a9b8ff",
    success="#62d0c3",
    warning="#e9c046",
    error="#f0606f",
    foreground="#d7dae0",
    background="#101318",
    surface="#171b22",
    panel="#1b2029",
    dark=True,
    variables={
        "text-primary": "#6cb6f0",
        "text-secondary": "#c792ea",
        "text-accent": "#a9b8ff",
        "text-success": "#62d0c3",
        "text-warning": "#e9c046",
        "text-error": "#f0606f",
        "scrollbar": "#333b48",
        "scrollbar-hover": "#465062",
        "scrollbar-active": "#5aa9e6",
        "scrollbar-background": "#101318",
        "scrollbar-background-hover": "#101318",
        "scrollbar-background-active": "#101318",
        "border": "#5aa9e6",
        "border-blurred": "#2a313c",
    },
)
LIGHT: Final = Theme(
    name="chatops-light",
    primary="#1b66a6",
    secondary="#7b3fb0",
    accent="#4b4fc4",
    success="#0f6b63",
    warning="#7a6200",
    error="#a0102a",
    foreground="#24292f",
    background="#fbfbfa",
    surface="#f1f2f3",
    panel="#e8eaed",
    dark=False,
    variables={
        "text-primary": "#1b66a6",
        "text-secondary": "#7b3fb0",
        "text-accent": "#4b4fc4",
        "text-success": "#0f6b63",
        "text-warning": "#7a6200",
        "text-error": "#a0102a",
        "scrollbar": "#c3c8cf",
        "scrollbar-hover": "#a9b0b9",
        "scrollbar-active": "#1b66a6",
        "scrollbar-background": "#fbfbfa",
        "scrollbar-background-hover": "#fbfbfa",
        "scrollbar-background-active": "#fbfbfa",
    },
)


def register(app: App[Any]) -> None:
    """Make the themes known to `app`; call it before `app.theme` is set."""
    app.register_theme(DARK)
    app.register_theme(LIGHT)
