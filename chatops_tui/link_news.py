"""What a person is told of the link: once when it has been away, and once when it is back. Pure."""

from typing import Final

import msgspec
from msgspec.structs import replace

from chatops_tui.render.numbers import duration
from chatops_tui.store.models import LinkPhase

# A hub that restarts is back sooner; nobody needs to hear of that.
QUIET_MS: Final = 3000


class LinkNews(msgspec.Struct, frozen=True):
    """Since when the link is away, and whether that has been said."""

    was_live: bool = False
    lost_ms: int | None = None
    said: bool = False

    def after(self, phase: LinkPhase, now_ms: int) -> tuple["LinkNews", str]:
        """Return the state after this look at the link, and what to say, mostly nothing."""
        if phase is LinkPhase.LIVE:
            told = self.lost_ms is not None and self.said
            text = f"Connected again after {duration((now_ms - (self.lost_ms or 0)) / 1000)}." if told else ""
            return LinkNews(was_live=True), text
        if not self.was_live or phase is LinkPhase.SIGN_IN:
            return self, ""
        if self.lost_ms is None:
            return replace(self, lost_ms=now_ms), ""
        if not self.said and now_ms - self.lost_ms >= QUIET_MS:
            return replace(self, said=True), "The connection to the hub is lost."
        return self, ""
