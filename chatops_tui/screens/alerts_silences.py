"""The tab of silences: when nobody is notified, of what, and why."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from chatops_tui.clock import moment, zone_name
from chatops_tui.render import numbers
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.store import alert_texts
from chatops_tui.store.silence_texts import ENDLESS, silence_of
from chatops_tui.store.targets import target, target_text
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest_alerts import SilenceView
from chatops_wire.times import parse_ms


class SilencesTab(ListTab[SilenceView]):
    """Those that hold and those to come; the hub forgets the others."""

    columns: ClassVar[Sequence[Column]] = (
        Column("mark", "", 1, sortable=False),
        Column("where", "SERVERS", 14, flex=2, max_width=32, sortable=False),
        Column("metric", "METRIC", 14, flex=2, max_width=32, sortable=False),
        Column("when", "WHEN", 26, flex=2, max_width=48, sortable=False),
        Column("left", "LEFT", 4, align="right", sortable=False),
        Column("comment", "COMMENT", 10, flex=3, priority=1, sortable=False),
    )
    nothing: ClassVar[Sequence[Cell]] = (
        [("No silences: everything that fires is told.", "muted")],
        [],
        [("N", "accent"), (" makes one: for some hours, or every week.", "muted")],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "new", "New", id="silences.new"),
        Binding("D", "end", "End", id="silences.end", tooltip="End the silence"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="silences")

    async def fetch(self) -> Sequence[tuple[str, SilenceView]]:
        """Return the silences, those that hold first."""
        found = await self.given.alerting.alerts.silences()
        return [(one.id, one) for one in sorted(found, key=lambda one: (not one.active, one.ends_at))]

    def cells(self, item: SilenceView, now_ms: int) -> list[Cell]:
        """Return one cell a column."""
        where = clean(target_text(item.server_id, item.select, self.names()))
        return [
            [("○" if item.active else "·", "accent" if item.active else "muted")],
            [(where or "all", "strong" if item.active else "text")],
            [(clean(item.metric or "all"), "text")],
            [(self._when(item, now_ms), "text")],
            [(_left(item, now_ms), "muted")],
            [(clean(item.comment), "muted")],
        ]

    def title(self, item: SilenceView) -> str:
        """Return what is silenced where."""
        where = clean(target_text(item.server_id, item.select, self.names())) or "all servers"
        return f"{clean(item.metric or 'everything')} on {where}"

    def note(self, item: SilenceView, now_ms: int) -> list[Cell]:
        """Return what it does."""
        held = "Holds now" if item.active else "Does not hold now"
        said = f": {clean(item.comment)}" if item.comment else ""
        when = self._when(item, now_ms)
        return [[(f"{held}, {when}{said}", "muted")]]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to end one only to who may."""
        if action == "end":
            return True if self.chosen is not None and self.chosen.may_change else None
        return super().check_action(action, parameters)

    def edit(self, item: SilenceView) -> None:
        """End it: a silence is not changed."""
        if item.may_change:
            self.action_end()

    def action_new(self) -> None:
        """Make one."""
        fields = (
            Field("on", "Servers", placeholder="empty: all you may manage; a name, tag:web, db-*"),
            Field("metric", "Metric", placeholder="empty: all; disk.percent, disk.percent:/var"),
            Field("for", "For", placeholder="8h, 2d; empty with weekly hours: for ever"),
            Field("weekly", "Every week", placeholder="optional: sun 02:00-04:00, mon-fri 22:00-06:00 UTC"),
            Field("comment", "Comment", placeholder="why"),
        )
        self.ask_form(FormPlan("New silence", fields, self._make))

    def action_end(self) -> None:
        """End the chosen one."""
        item = self.chosen
        if item is None:
            return

        async def end() -> str:
            await self.given.alerting.alerts.end_silence(item.id)
            return "The silence has ended."

        where = clean(target_text(item.server_id, item.select, self.names())) or "all servers"
        lines: list[Cell] = [
            [("End the silence of ", "text"), (clean(item.metric or "everything"), "strong")],
            [(f"on {where}: from now on what fires is told.", "muted")],
        ]
        self.ask_first(Question("End a silence", lines, "End"), end)

    async def _make(self, values: Values) -> str:
        where = target(values["on"].strip(), self.names())
        wanted = silence_of(values, where, self.given.now_ms(), zone_name(self.given.zone))
        await self.given.alerting.alerts.silence(wanted)
        return "The silence is made."

    def _when(self, item: SilenceView, now_ms: int) -> str:
        zone = self.given.zone
        hours = clean(alert_texts.weekly_text(item.weekly)) if item.weekly else ""
        if hours and item.ends_at >= ENDLESS[:4]:
            return f"every {hours}"
        try:
            begins, ends = (moment(parse_ms(text), now_ms, zone) for text in (item.starts_at, item.ends_at))
        except (ValueError, OverflowError):
            return clean(f"{item.starts_at} to {item.ends_at}")
        return f"{hours} {begins} to {ends}".strip()


def _left(item: SilenceView, now_ms: int) -> str:
    if not item.active or item.ends_at >= ENDLESS[:4]:
        return ""
    try:
        return numbers.duration(max(0.0, (parse_ms(item.ends_at) - now_ms) / 1000))
    except ValueError:
        return ""
