"""The tab of notification channels: where alerts are told, and what became of the last message."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType

from chatops_tui.clock import moment, zone_name
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.store.channel_texts import (
    CHANNEL_PARTS,
    CHANNEL_TITLES,
    ChannelPart,
    channel,
    patch,
    texts_of,
)
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest_alerts import ChannelPatch, ChannelView
from chatops_wire.times import parse_ms

_HINTS: Final[Mapping[ChannelPart, str]] = {
    "name": "on-call",
    "url": "https://… or json://host:port/path, or what Apprise takes",
    "severity": "info (else), warning or critical",
    "on": "empty: all; tag:prod, db-*",
    "repeat": "optional: again every 4h while nobody acknowledges",
    "escalate_after": "optional: also to another channel after 15m",
    "escalate_to": "the other channel's name",
    "quiet": "optional: 22:00-07:00: only critical ones then",
    "ends": "yes (else) or no: tell also the end of an alert",
    "secret": "optional: signs what a webhook is sent",
}


class ChannelsTab(ListTab[ChannelView]):
    """Admins only."""

    columns: ClassVar[Sequence[Column]] = (
        Column("mark", "", 1, sortable=False),
        Column("name", "NAME", 12, flex=2, max_width=28, sortable=False),
        Column("url", "ADDRESS", 24, flex=4, max_width=60, sortable=False),
        Column("from", "FROM", 8, sortable=False),
        Column("told", "TOLD", 12, align="right", sortable=False),
        Column("waiting", "WAITS", 5, align="right", priority=1, sortable=False),
        Column("lost", "LOST", 5, align="right", priority=2, sortable=False),
    )
    nothing: ClassVar[Sequence[Cell]] = (
        [("No channels: alerts are shown here, and told nowhere else.", "strong")],
        [],
        [("N", "accent"), (" makes one: a webhook, or one of the services Apprise knows.", "muted")],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "new", "New", id="channels.new"),
        Binding("t", "test", "Test", id="channels.test", tooltip="Send a test message"),
        Binding("X", "switch", "On/off", id="channels.switch", tooltip="Switch it on or off"),
        Binding("D", "delete", "Delete", id="channels.delete"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="channels")

    async def fetch(self) -> Sequence[tuple[str, ChannelView]]:
        """Return the channels by name."""
        found = await self.given.alerting.channels.all()
        return [(one.id, one) for one in sorted(found, key=lambda one: one.name.casefold())]

    def cells(self, item: ChannelView, now_ms: int) -> list[Cell]:
        """Return one cell a column."""
        return [
            [_mark(item)],
            [(clean(item.name), "strong" if item.enabled else "off")],
            [(clean(item.url), "text" if item.enabled else "off")],
            [(item.min_severity, "muted")],
            [(self._moment(item.last_delivered_at, now_ms) or "never", "muted")],
            [(str(item.waiting) if item.waiting else "", "warn")],
            [(str(item.undelivered) if item.undelivered else "", "crit")],
        ]

    def title(self, item: ChannelView) -> str:
        """Return its name."""
        return clean(item.name)

    def note(self, item: ChannelView, now_ms: int) -> list[Cell]:
        """Return what became of the last message, and the rest of its settings."""
        told = self._moment(item.last_delivered_at, now_ms)
        state: Span = (f"last delivered {told}" if told else "nothing delivered yet", "muted")
        if item.last_error:
            state = (f"✖ {clean(item.last_error)}", "crit")
        texts = texts_of(item, self._channel_names())
        lines: list[Cell] = [[state]]
        rest = "; ".join(
            f"{CHANNEL_TITLES[part]} {texts[part]}"
            for part in ("on", "repeat", "escalate_after", "escalate_to", "quiet")
            if texts[part]
        )
        if rest:
            lines.append([(clean(rest), "muted")])
        if item.has_secret:
            lines.append([("what it is sent is signed", "muted")])
        return lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what needs a channel only where there is one."""
        if action in {"test", "switch", "delete"}:
            return True if self.chosen is not None else None
        return super().check_action(action, parameters)

    def action_new(self) -> None:
        """Make one."""
        asked = self.given.alerting.channels

        async def save(values: Values) -> str:
            wanted = channel(values, self._channel_names(), zone_name(self.given.zone))
            await asked.create(wanted)
            return f"{wanted.name} is made; t sends it a test message."

        self.ask_form(FormPlan("New channel", _fields({}), save))

    def edit(self, item: ChannelView) -> None:
        """Change it; address and secret stay as they are unless something is typed."""
        asked = self.given.alerting.channels

        async def save(values: Values) -> str:
            await asked.change(
                item.id, patch(item, values, self._channel_names(), zone_name(self.given.zone))
            )
            return f"{values['name'].strip()} is changed."

        texts = texts_of(item, self._channel_names())
        note: list[Cell] = [[("Address and secret are never shown again; type to replace them.", "muted")]]
        self.ask_form(FormPlan(f"Change {item.name}", _fields(texts), save, note=[*note, []]))

    def action_test(self) -> None:
        """Send a test message."""
        item = self.chosen
        if item is None:
            return

        async def test() -> str:
            result = await self.given.alerting.channels.test(item.id)
            outcome = "Delivered" if result.delivered else "Not delivered"
            return f"{outcome} to {item.name} ({result.duration_ms} ms): {result.message}".removesuffix(": ")

        self.app.notify(f"Sending a test message to {clean(item.name)}…", markup=False)
        self.carry_out(test)

    def action_switch(self) -> None:
        """Switch it on or off."""
        item = self.chosen
        if item is None:
            return

        async def switch() -> str:
            await self.given.alerting.channels.change(item.id, ChannelPatch(enabled=not item.enabled))
            return f"{item.name} is switched {'off' if item.enabled else 'on'}."

        self.carry_out(switch)

    def action_delete(self) -> None:
        """Delete it."""
        item = self.chosen
        if item is None:
            return

        async def delete() -> str:
            await self.given.alerting.channels.delete(item.id)
            return f"{item.name} is deleted."

        lost = f" {item.waiting} messages that wait are lost." if item.waiting else ""
        lines: list[Cell] = [
            [("Delete ", "text"), (clean(item.name), "strong"), ("?", "text")],
            [(f"Nothing is told there any more.{lost}", "muted")],
        ]
        self.ask_first(Question("Delete a channel", lines, "Delete"), delete)

    def _channel_names(self) -> dict[str, str]:
        return {channel_id: one.name for channel_id, one in (self._items or {}).items()}

    def _moment(self, text: str | None, now_ms: int) -> str:
        try:
            return moment(parse_ms(text), now_ms, self.given.zone) if text else ""
        except (ValueError, OverflowError):
            return clean(text or "", 12)


def _fields(texts: Mapping[ChannelPart, str]) -> tuple[Field, ...]:
    return tuple(
        Field(
            part,
            CHANNEL_TITLES[part].capitalize(),
            texts.get(part, ""),
            _HINTS[part],
            secret=part == "secret",
        )
        for part in CHANNEL_PARTS
    )


def _mark(item: ChannelView) -> Span:
    if not item.enabled:
        return "○", "off"
    return ("✖", "crit") if item.last_error else ("●", "ok")
