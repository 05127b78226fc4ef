"""Our two themes; on 16 colours Textual's `ansi-dark` and `ansi-light` take their place."""

from typing import Any, Final

from textual.app import App
from textual.theme import Theme

# Neutral and dark, so that the four colours that mean something are the only ones the eye finds. Each has a
# contrast of at least 4.5 to the background.
DARK: Final = Theme(
    name="chatops-dark",
    primary="#5aa9e6",
    secondary="#c792ea",
    accent="#7fd1c7",
    success="#7bc275",
    warning="#e5b567",
    error="#ef6b73",
    foreground="#d7dae0",
    background="#101318",
    surface="#171b22",
    panel="#1b2029",
    dark=True,
    variables={
        "text-primary": "#6cb6f0",
        "text-secondary": "#c792ea",
        "text-accent": "#7fd1c7",
        "text-success": "#7bc275",
        "text-warning": "#e5b567",
        "text-error": "#ef6b73",
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
    primary="#1f6fb2",
    secondary="#7b3fb0",
    accent="#0b7a75",
    success="#2c7a35",
    warning="#8a5a00",
    error="#b3242f",
    foreground="#24292f",
    background="#fbfbfa",
    surface="#f1f2f3",
    panel="#e8eaed",
    dark=False,
    variables={
        "text-primary": "#1f6fb2",
        "text-secondary": "#7b3fb0",
        "text-accent": "#0b7a75",
        "text-success": "#2c7a35",
        "text-warning": "#8a5a00",
        "text-error": "#b3242f",
        "scrollbar": "#c3c8cf",
        "scrollbar-hover": "#a9b0b9",
        "scrollbar-active": "#1f6fb2",
        "scrollbar-background": "#fbfbfa",
        "scrollbar-background-hover": "#fbfbfa",
        "scrollbar-background-active": "#fbfbfa",
    },
)


def register(app: App[Any]) -> None:
    """Make the themes known to `app`; call it before `app.theme` is set."""
    app.register_theme(DARK)
    app.register_theme(LIGHT)
