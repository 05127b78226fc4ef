"""The keys by which one moves in time, the same wherever there are charts."""

from typing import Final

from textual.binding import Binding

TIME_KEYS: Final = (
    # First, so that the footer of the past never leaves the way back out.
    Binding("0", "live", "Live", id="time.live"),
    Binding(
        "right_square_bracket",
        "range(1)",
        "Longer range",
        # The line of tabs shows it.
        show=False,
        id="time.range-longer",
    ),
    Binding("left_square_bracket", "range(-1)", "Shorter range", show=False, id="time.range-shorter"),
    Binding(
        "plus,equals_sign",
        "zoom_time(1)",
        "Zoom",
        id="time.zoom-in",
        key_display="+ -",
        tooltip="Zoom in",
    ),
    Binding("minus", "zoom_time(-1)", "Zoom out", show=False, id="time.zoom-out"),
    # Before the table, which would scroll sideways by them.
    Binding(
        "left",
        "pan(-1)",
        "Past",
        id="time.pan-back",
        key_display="← →",
        tooltip="Earlier, a quarter",
        priority=True,
    ),
    Binding("right", "pan(1)", "Later, a quarter", show=False, id="time.pan-forth", priority=True),
    Binding(
        "comma",
        "step_time(-1)",
        "Step",
        id="time.step-back",
        key_display=", .",
        tooltip="A step back",
    ),
    Binding("full_stop", "step_time(1)", "A step on", show=False, id="time.step-forth"),
    Binding("semicolon", "step_size", "Size of a step", show=False, id="time.step-size"),
    Binding("left_curly_bracket", "alert_time(-1)", "Alert before", show=False, id="time.alert-before"),
    Binding("right_curly_bracket", "alert_time(1)", "Next alert", show=False, id="time.alert-after"),
    Binding("at", "go_to_time", "Time", id="time.go", key_display="@", tooltip="Go to a time"),
)
MOVING: Final = frozenset({"range", "zoom_time", "pan", "step_time", "step_size", "alert_time", "go_to_time"})
"""Their actions, but for the way back."""
