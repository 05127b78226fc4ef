"""Asks for a moment of the past, in the words people use."""

from datetime import tzinfo
from typing import Final

from textual.widgets import Input

from chatops_tui.screens.closing import close
from chatops_tui.screens.form import Field, Form
from chatops_tui.screens.one_line import OneLine
from chatops_tui.store.time_words import EXAMPLES, NOW, MomentError, parse_moment

LIVE: Final = NOW
"""What it answers where somebody wants the present."""


class GoToTime(OneLine):
    """Answers with the moment as Unix milliseconds in digits, LIVE, or None for nothing."""

    def __init__(self, now_ms: int, zone: tzinfo) -> None:
        """Judge what is typed by this present and these clocks."""
        super().__init__("Go to a time", Field("moment", "Time", placeholder=EXAMPLES))
        self._now_ms = now_ms
        self._zone = zone

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, or say what is wrong and let it be typed again."""
        event.stop()
        event.prevent_default()
        try:
            found = parse_moment(event.value, self._now_ms, self._zone)
        except MomentError as exc:
            self.query_one(Form).say(str(exc), wrong=True)
        else:
            close(self, LIVE if found is None else str(found))
