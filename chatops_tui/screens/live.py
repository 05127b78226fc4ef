"""What screens with live data share: status bar, the line for a lost link, freezing, what they need."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Final, TypeVar

from textual.screen import Screen

from chatops_tui.clock import clock
from chatops_tui.render import numbers
from chatops_tui.render.severity import Level
from chatops_tui.render.spans import Cell
from chatops_tui.render.status import LinkKind, LinkState
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs
from chatops_tui.screens.context import Context
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.models import LinkPhase
from chatops_tui.store.store import Store
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar

T = TypeVar("T")

# The feed pings every 2.5 s; silence beyond this says that what is shown may be old.
STALE_AFTER_MS: Final = 4000

_KINDS: Final[dict[LinkPhase, LinkKind]] = {
    LinkPhase.CONNECTING: "connecting",
    LinkPhase.LIVE: "live",
    LinkPhase.RECONNECTING: "reconnecting",
    LinkPhase.OFFLINE: "offline",
    LinkPhase.SIGN_IN: "sign-in",
    LinkPhase.UPDATE_NEEDED: "update",
}


class LiveScreen(Screen[None]):
    """A screen that is told four times a second at most what changed, and only while it is seen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.given = context
        self._frozen_ms: int | None = None
        self._frozen: Store | None = None

    @property
    def store(self) -> Store:
        """The state to draw: that of now, or as it was when the screen was frozen."""
        return self._frozen or self.given.store

    @property
    def shown_ms(self) -> int:
        """The time the screen shows: now, or when it was frozen."""
        return self.given.now_ms() if self._frozen_ms is None else self._frozen_ms

    def needs(self) -> Needs:
        """Return what has to be asked of the hub for this screen."""
        return Needs()

    def draw(self, dirty: AbstractSet[str]) -> None:
        """Draw what depends on these topics, or on the time, from `store` as it is at `shown_ms`."""
        raise NotImplementedError

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is, without the program's name; clean text."""
        raise NotImplementedError

    def sync(self, dirty: AbstractSet[str]) -> None:
        """Draw everything that may have changed."""
        # The tick may come while it is put up, and while it is taken down: then some widgets are missing.
        if self.is_mounted and self.query(StatusBar):
            self.paint(dirty)

    def paint(self, dirty: AbstractSet[str]) -> None:
        """Draw as `sync` does; every widget must be there, as in `on_mount`."""
        if self._frozen is not None and self._frozen.user != self.given.store.user:
            # Nobody sees what another user has frozen.
            self.thaw()
        for box in self.query(TooSmall):
            if box.display:
                box.show(self.given.store)
                return
        self._draw_status()
        self.draw(dirty)

    def ask(self, dialog: Screen[T], then: Callable[[T | None], None]) -> None:
        """Open a dialog over this screen; `then` gets its answer."""
        # It is mounted in Textual's own time; nobody waits for that.
        self.app.push_screen(dialog, then)  # type: ignore[unused-awaitable]

    def on_screen_resume(self) -> None:
        """Draw at once what one comes back to."""
        self.call_after_refresh(self.sync, frozenset())

    def on_resize(self) -> None:
        """Draw for the new size, once everything has found its place."""
        self.call_after_refresh(self.sync, frozenset())

    def action_freeze(self) -> None:
        """Stop the picture, or let it go on; one may still look at another part of it."""
        if self._frozen is None:
            self._frozen_ms, self._frozen = self.given.now_ms(), self.store.still(self.needs().watched)
        else:
            self.thaw()
        self.sync(frozenset())

    def thaw(self) -> None:
        """Let the picture go on with whatever is drawn next."""
        self._frozen_ms = self._frozen = None

    def hold(self, store: Store, at_ms: int) -> None:
        """Draw this store, as of `at_ms`, until it is thawed."""
        self._frozen, self._frozen_ms = store, at_ms

    def note(self) -> str:
        """Return what holds for the whole screen, in a word or two; nothing while it is live."""
        return "" if self._frozen_ms is None else f"frozen {clock(self._frozen_ms, self.given.zone)}"

    def _draw_status(self) -> None:
        bar = self.query_one(StatusBar)
        store = self.given.store
        total = store.counted()
        well = total.up - total.warning - total.critical
        bar.set_crumbs("chatops", *self.crumbs())
        bar.set_link(link_state(store, self.given.now_ms()))
        bar.set_counts(
            (
                (Level.OK, well),
                (Level.WARN, total.warning),
                (Level.CRIT, total.critical),
                (Level.OFF, total.offline + total.never),
            )
        )
        firing = store.alerts.counted()
        bar.set_alerts((("critical", firing.critical), ("warning", firing.warning), ("info", firing.info)))
        bar.set_clock(clock(self.given.now_ms(), self.given.zone))
        bar.set_note(self.note())
        line = self.query_one("#link-line", TextBlock)
        said = link_line(store, self.given.now_ms())
        line.set_class(not said, "-gone")
        if said:
            line.set_lines([said])


def link_state(store: Store, now_ms: int) -> LinkState:
    """Return what the status bar says of the link."""
    link = store.link
    silent_ms = now_ms - store.heard_ms
    if link.phase is LinkPhase.LIVE and silent_ms > STALE_AFTER_MS:
        return LinkState("stale", age_s=silent_ms / 1000)
    return LinkState(
        _KINDS[link.phase],
        round_trip_ms=link.rtt_ms,
        attempt=link.attempt,
        retry_in_s=_retry_in_s(store, now_ms),
    )


def link_line(store: Store, now_ms: int) -> Cell:
    """Return why nothing is live any more and when it is tried again; nothing while all is well.

    Only once there is something on screen that has become old.
    """
    link = store.link
    if not store.is_loaded or link.phase in {LinkPhase.LIVE, LinkPhase.SIGN_IN}:
        return []
    # The reason may be longer than the line.
    return [(" ↻ ", "warn"), *retry_hint(store, now_ms, "F5"), (f"  {clean(link.reason)}", "muted")]


def retry_hint(store: Store, now_ms: int, key: str) -> Cell:
    """Return when it is tried again, and by which key at once."""
    wait_s = _retry_in_s(store, now_ms)
    if wait_s is None and store.link.phase is LinkPhase.CONNECTING:
        return [("connecting…", "muted")]
    if wait_s is None:
        return [(key, "accent"), (" tries again", "muted")]
    return [
        ("Next attempt in ", "muted"),
        (numbers.duration(wait_s), "text"),
        ("  ", "text"),
        (key, "accent"),
        (" now", "muted"),
    ]


def _retry_in_s(store: Store, now_ms: int) -> float | None:
    retry_ms = store.link.retry_ms
    # Whole seconds that count down to 1, then the attempt itself is shown.
    return None if retry_ms is None else max(1.0, float(-(-(retry_ms - now_ms) // 1000)))
