"""Opens the terminal UI: looks at the terminal first, because Textual reads its switches when imported."""

import gc
import os
from collections.abc import Callable, Mapping

import msgspec

from chatops_tui.commands.say import complain
from chatops_tui.config import Settings
from chatops_tui.ending import ASKED, Ending, ended_by
from chatops_tui.exit_code import ExitCode
from chatops_tui.terminal import Wishes, has_terminal, prepare


def open_ui(settings: Settings, address: str = "") -> int:
    """Run the UI until somebody quits and return its exit status; without a terminal, say so.

    Args:
        settings: Which hub, and how it is drawn.
        address: Where to begin; empty: with the fleet.
    """
    settings = msgspec.structs.replace(settings, address=address)
    if not has_terminal():
        complain("the UI needs a terminal; `chatops servers` and --json work without one")
        return ExitCode.USAGE
    if is_dumb():
        complain("the UI cannot draw on a terminal of TERM=dumb; `chatops servers` and --json work on it")
        return ExitCode.USAGE
    try:
        # A terminal that hangs up has nothing to be put in order for: there the system's own end is right.
        with ended_by(*ASKED):
            return load_ui(settings)(settings)
    except Ending:
        return ExitCode.DONE


def load_ui(settings: Settings) -> Callable[[Settings], int]:
    """Return what runs the UI, loaded for this terminal; a second call costs nothing."""
    prepare(wishes(settings))
    # What is being loaded stays: to look for garbage in it is a twentieth of the way to the first frame.
    gc.disable()
    try:
        from chatops_tui.app import run  # noqa: PLC0415 - Textual, only now that `prepare` has spoken
    finally:
        gc.enable()
    gc.freeze()
    return run


def is_dumb(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether the terminal says of itself that it cannot move its cursor."""
    return environ.get("TERM") == "dumb"


def wishes(settings: Settings) -> Wishes:
    """Return what the settings ask of the terminal."""
    return Wishes(
        theme=settings.theme,
        colour=settings.color,
        ascii=settings.ascii,
        mouse=settings.mouse,
        low_bandwidth=settings.low_bandwidth,
        fps=settings.fps,
    )
