"""The logs of containers: of one, or of several on any machines, read as one in the order of time."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, ClassVar, Final

from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from chatops_tui.clock import clock
from chatops_tui.render.text import clean
from chatops_tui.requests import Needs, RequestFailedError
from chatops_tui.screens.closing import close
from chatops_tui.screens.container_cells import state
from chatops_tui.screens.context import Context
from chatops_tui.screens.live import LiveScreen
from chatops_tui.screens.log_view import LogScroll, LogView
from chatops_tui.screens.too_small import TooSmall
from chatops_tui.store.containers import ContainerKey
from chatops_tui.store.log_merge import REORDER_MS, MergedLog
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_tui.widgets.status_bar import StatusBar
from chatops_wire.streams import MAX_TAIL, LogSource
from chatops_wire.times import parse_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.timer import Timer

# A screen or two to scroll back of one; of several each brings less, so that all together are about as many.
_TAIL: Final = 500
_LEAST_TAIL: Final = 50
_OLDER: Final = 4
# Each is a stream from an agent; nobody reads more at once.
_MOST: Final = 40


class ContainerScroll(LogScroll):
    """Of containers: what is older can be had too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "wish('older')", "Older", id="logs.older"),
    ]


class ContainerLogs(Vertical):
    """Follows from `begin` on until it is taken away."""

    def __init__(self, context: Context, keys: Sequence[ContainerKey], title: str = "") -> None:
        """Make a view of these containers' logs; without a title one is named by its container."""
        super().__init__()
        self._given = context
        self._keys = tuple(keys[:_MOST])
        self._left_out = len(keys) - len(self._keys)
        self._title = title
        self._tail = max(_LEAST_TAIL, _TAIL // max(1, len(self._keys)))
        self._merged: MergedLog | None = None
        self._stops: list[Callable[[], None]] = []
        self._later: Timer | None = None
        self._states: dict[ContainerKey, tuple[str, str | None]] = {}
        """State and beginning of each as they were last seen."""
        self._view = LogView(context, ContainerScroll())

    def compose(self) -> ComposeResult:
        """Lay out the view."""
        yield self._view

    @property
    def lines(self) -> LogScroll:
        """The lines."""
        return self._view.lines

    def show(self) -> None:
        """Draw the lines; the first time it begins to follow."""
        if self._merged is None:
            self._begin()
        merged = self._merged
        if merged is None:
            return
        self._note_changes(merged)
        merged.release()
        if merged.is_holding and self._later is None:
            # What waits for its turn is drawn then, not with whatever comes next.
            self._later = self.set_timer(REORDER_MS / 1000, self._show_later)
        servers = (self._given.store.server(server_id) for server_id, _container in self._keys)
        self._view.show(
            online=any(server is not None and server.row.status == "online" for server in servers)
        )

    def back(self) -> bool:
        """Take mark or filter away."""
        return self._view.back()

    def on_unmount(self) -> None:
        """Follow nothing any more."""
        self._end()

    @on(LogScroll.Wished)
    def _wished(self, event: LogScroll.Wished) -> None:
        event.stop()
        if self._tail * len(self._keys) >= MAX_TAIL:
            self.notify("That is all that can be scrolled through here.", markup=False)
            return
        self._tail = min(MAX_TAIL, self._tail * _OLDER)
        self._end()
        self._begin()
        self.show()

    @on(LogView.Outdated)
    def _outdated(self, event: LogView.Outdated) -> None:
        event.stop()
        self.show()

    def _show_later(self) -> None:
        self._later = None
        self.show()

    def _note_changes(self, merged: MergedLog) -> None:
        """Say among the lines when a container has ended or begun anew: the log itself does not."""
        for index, key in enumerate(self._keys):
            memory = self._given.store.containers.get(key)
            if memory is None:
                continue
            now = (memory.item.state, memory.item.started_at)
            before = self._states.setdefault(key, now)
            if now != before:
                self._states[key] = now
                _mark, (word, _ink) = state(replace(memory, doing=""))
                what = f"running since {self._clock(now[1])}" if now[0] == "running" else word
                merged.memory.note(f"… {what} …", index)

    def _clock(self, text: str | None) -> str:
        try:
            return clock(parse_ms(text or ""), self._given.zone)
        except (ValueError, OverflowError):
            return "now"

    def _begin(self) -> None:
        merged = self._merged = MergedLog(len(self._keys), self._given.now_ms)
        names = [self._named(key) for key in self._keys]
        is_several = len(names) > 1
        self._view.begin(self._title or " ".join(names), merged.memory, names if is_several else ())
        for key, part in zip(self._keys, merged.parts, strict=True):
            server_id, container = key
            refusal = self._refusal(server_id)
            if refusal:
                part.end(refusal)
                continue
            source = LogSource(container=container, tail=self._tail)
            try:
                self._stops.append(self._given.logs.follow(server_id, source, part))
            except RequestFailedError as exc:
                part.end(str(exc))
        if self._left_out:
            merged.memory.note(f"… {self._left_out} more are not followed: {_MOST} at once are …", 0)

    def _end(self) -> None:
        stops, self._stops = self._stops, []
        for stop in stops:
            stop()

    def _named(self, key: ContainerKey) -> str:
        memory, server = self._given.store.containers.get(key), self._given.store.server(key[0])
        name = memory.item.name if memory else key[1]
        servers = {server_id for server_id, _container in self._keys}
        return f"{server.row.name}/{name}" if server is not None and len(servers) > 1 else name

    def _refusal(self, server_id: str) -> str:
        """Return why its agent lets nobody read logs, and how to allow it; empty where it does."""
        server = self._given.store.server(server_id)
        capabilities = server.row.view.capabilities if server else ()
        if server is None or "logs" in capabilities or "docker" in capabilities:
            return ""
        return f"{server.row.name} shows no logs: start its agent with --allow logs"


class ContainerLogsScreen(LiveScreen):
    """The logs of several containers, or of one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="container-logs.back", key_display="esc"),
    ]

    def __init__(self, context: Context, keys: Sequence[ContainerKey], title: str = "") -> None:
        super().__init__(context)
        self._keys = tuple(keys)
        self._title = title
        self._logs = ContainerLogs(context, keys, title)

    def compose(self) -> ComposeResult:
        """Lay out bars and lines."""
        yield StatusBar()
        yield TooSmall()
        yield self._logs
        yield TextBlock(id="link-line")
        yield KeyFooter()

    def on_mount(self) -> None:
        """Read at once."""
        self.set_focus(self._logs.lines)

    def crumbs(self) -> tuple[str, ...]:
        """Return where one is."""
        server = self.store.server(self._keys[0][0])
        servers = {server_id for server_id, _container in self._keys}
        where = clean(server.row.name) if server and len(servers) == 1 else f"{len(servers)} servers"
        return ("Fleet", where, "Logs")

    def needs(self) -> Needs:
        """Return what tells of ends and restarts."""
        return Needs(containers=frozenset(server_id for server_id, _container in self._keys))

    def draw(self, dirty: AbstractSet[str]) -> None:  # noqa: ARG002 - the view knows what has changed
        """Draw the lines."""
        self._logs.show()

    def action_back(self) -> None:
        """Leave mark and filter, then the logs."""
        if not self._logs.back():
            close(self, None)
