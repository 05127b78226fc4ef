"""The tab of thresholds: when alerts fire, and the editor that says what one would have done yesterday."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, cast

from msgspec import structs
from textual.binding import Binding, BindingType

from chatops_tui.clock import moment
from chatops_tui.render import numbers
from chatops_tui.render.alerts import amount, severity_ink, severity_mark
from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell, Span
from chatops_tui.render.text import clean
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.store.targets import target, target_text
from chatops_tui.store.threshold_texts import (
    PARTS,
    TITLES,
    Part,
    Target,
    difference,
    sentence,
    texts_of,
    threshold,
)
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest_alerts import Preview, ThresholdCreate, ThresholdPatch, ThresholdView
from chatops_wire.times import parse_ms

_HINTS: Final[dict[Part, str]] = {
    "name": "optional: disk full",
    "when": "disk.percent:/var > 90   load.1 >= 8   server.up = 0",
    "on": "empty: all you may manage; a name, tag:web, db-*",
    "for": "how long it has to last: 5m; empty: the first sample",
    "clear": "optional: the value it has to come back to, 85",
    "keep_firing": "optional: how long it has to be well, 2m",
    "window": "optional: judge avg 5m, max 1m or min 1m, not each sample",
    "no_data": "optional: fire when it has not come for 10m",
    "severity": "info, warning (else) or critical",
    "runbook": "optional: text or an address",
}
# What is shown of the times it would have fired.
_MOST_EPISODES: Final = 3


class ThresholdsTab(ListTab[ThresholdView]):
    """Every threshold the user may see."""

    columns: ClassVar[Sequence[Column]] = (
        Column("mark", "", 1, sortable=False),
        Column("name", "NAME", 14, flex=2, max_width=32, priority=1, sortable=False),
        Column("when", "FIRES WHEN", 30, flex=4, max_width=80, sortable=False),
        Column("where", "SERVERS", 10, flex=2, max_width=32, sortable=False),
        Column("owner", "BY", 6, priority=2, sortable=False),
    )
    nothing: ClassVar[Sequence[Cell]] = (
        [("No thresholds: nothing is watched.", "strong")],
        [],
        [("N", "accent"), (" makes one.", "muted")],
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("N", "new", "New", id="thresholds.new"),
        Binding("C", "copy", "Copy", id="thresholds.copy", tooltip="Make a new one like it"),
        Binding("X", "switch", "On/off", id="thresholds.switch", tooltip="Switch it on or off"),
        Binding("D", "delete", "Delete", id="thresholds.delete"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="thresholds")

    async def fetch(self) -> Sequence[tuple[str, ThresholdView]]:
        """Return the thresholds by metric, the worst of one metric first."""
        found = await self.given.alerting.thresholds.all()
        ranks = ("critical", "warning", "info")
        ordered = sorted(found, key=lambda one: (one.metric, ranks.index(one.severity), one.name))
        return [(one.id, one) for one in ordered]

    def cells(self, item: ThresholdView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - nothing of it is of now
        """Return one cell a column."""
        where = clean(target_text(item.server_id, item.select, self.names()))
        found: list[Cell] = [
            [(severity_mark(item.severity), severity_ink(item.severity))],
            [(clean(item.name), "strong")],
            [(clean(sentence(item)), "text")],
            [(where or "all", "text")],
            [("hub" if item.owner_id is None else "", "muted")],
        ]
        if not item.enabled:
            found = [[(text, "off") for text, _ink in cell] for cell in found]
            found[0] = [("○", "off")]
        return found

    def title(self, item: ThresholdView) -> str:
        """Return its name, or what it watches."""
        return clean(item.name or item.metric)

    def note(self, item: ThresholdView, now_ms: int) -> list[Cell]:  # noqa: ARG002 - likewise
        """Return what the row has no room for."""
        parts = [item.severity, sentence(item)]
        if not item.enabled:
            parts.insert(0, "switched off")
        if not item.may_change:
            parts.append("you may not change it")
        lines: list[Cell] = [[(clean("; ".join(parts)), "muted")]]
        if item.runbook:
            lines.append([("what to do: ", "muted"), (clean(item.runbook), "text")])
        return lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to change one only to who may."""
        match action:
            case "switch" | "delete":
                return True if self.chosen is not None and self.chosen.may_change else None
            case "copy":
                return True if self.chosen is not None else None
            case "new":
                user = self.given.store.user
                return True if user is not None and user.role != "viewer" else None
            case _:
                return super().check_action(action, parameters)

    def action_new(self) -> None:
        """Make one."""
        self.ask_form(self._plan("New threshold", {"severity": "warning"}, None))

    def action_copy(self) -> None:
        """Make another one like it."""
        if self.chosen is not None:
            self.ask_form(self._plan("New threshold", self._texts(self.chosen), None))

    def action_switch(self) -> None:
        """Switch it on or off."""
        item = self.chosen
        if item is None:
            return

        async def switch() -> str:
            patch = ThresholdPatch(enabled=not item.enabled)
            await self.given.alerting.thresholds.change(item.id, patch)
            return f"{item.name or item.metric} is switched {'off' if item.enabled else 'on'}."

        self.carry_out(switch)

    def action_delete(self) -> None:
        """Delete it."""
        item = self.chosen
        if item is None:
            return

        async def delete() -> str:
            await self.given.alerting.thresholds.delete(item.id)
            return f"{item.name or item.metric} is deleted."

        lines: list[Cell] = [
            [("Delete ", "text"), (clean(item.name or item.metric), "strong"), ("?", "text")],
            [(clean(sentence(item)), "text")],
            [("Its open alerts end. X would only switch it off.", "muted")],
        ]
        self.ask_first(Question("Delete a threshold", lines, "Delete"), delete)

    def edit(self, item: ThresholdView) -> None:
        """Change it."""
        if item.may_change:
            self.ask_form(self._plan(f"Change {item.name or item.metric}", self._texts(item), item))
        else:
            self.app.notify("You may not change this threshold; C makes one like it.", markup=False)

    def _texts(self, item: ThresholdView) -> dict[Part, str]:
        name = "" if item.server_id is None else self.names().get(item.server_id, item.server_id)
        return texts_of(item, name)

    def _plan(self, title: str, texts: dict[Part, str], before: ThresholdView | None) -> FormPlan:
        fields = tuple(
            Field(part, TITLES[part].capitalize(), texts.get(part, ""), _HINTS[part]) for part in PARTS
        )
        asked = self.given.alerting.thresholds

        async def save(values: Values) -> str:
            wanted = self._typed(values)
            if before is None:
                await asked.create(wanted)
                return f"{wanted.name or wanted.metric} is watched."
            await asked.change(before.id, difference(before, _as_enabled(wanted, before)))
            return f"{wanted.name or wanted.metric} is changed."

        return FormPlan(title, fields, save, self._preview)

    def _typed(self, values: Values) -> ThresholdCreate:
        # The fields' ids are those of the parts.
        texts = cast("dict[Part, str]", dict(values))
        return threshold(texts, self._target)

    def _target(self, text: str) -> Target:
        return target(text, self.names())

    async def _preview(self, values: Values) -> Sequence[Cell]:
        if not values["when"].strip():
            return [[("With a condition: what it would have done in the last day.", "muted")]]
        wanted = self._typed(values)
        preview = await self.given.alerting.thresholds.preview(wanted)
        told = Told(self.names(), self.given.now_ms())
        return [
            preview_line(preview),
            *(self._episode(preview, at, wanted.metric, told) for at in range(_shown(preview))),
        ]

    def _episode(self, preview: Preview, at: int, metric: str, told: "Told") -> Cell:
        episode = preview.episodes[at]
        try:
            begun_ms = parse_ms(episode.started_at)
            ended_ms = told.now_ms if episode.ended_at is None else parse_ms(episode.ended_at)
        except ValueError:
            return []
        spans: list[Span] = [
            (f"  {moment(begun_ms, told.now_ms, self.given.zone)} ", "muted"),
            (clean(told.names.get(episode.server_id, episode.server_id)), "strong"),
            (f" for {numbers.duration_long((ended_ms - begun_ms) / 1000)}", "text"),
            (f", at most {amount(metric, episode.peak)}", "muted"),
        ]
        return spans


@dataclass(frozen=True, slots=True)
class Told:
    """What the lines of a preview depend on besides it."""

    names: dict[str, str]
    now_ms: int


def preview_line(preview: Preview) -> Cell:
    """Return how often it would have fired in the last day."""
    where = "1 server" if preview.servers == 1 else f"{preview.servers} servers"
    if not preview.servers:
        return [("These servers are none of yours, or there are none.", "warn")]
    if not preview.times:
        return [("In the last day it would not have fired", "ok"), (f" on {where}.", "muted")]
    times = "once" if preview.times == 1 else f"{numbers.count(preview.times)} times"
    lasted = numbers.duration_long(preview.seconds)
    return [
        ("In the last day it would have fired ", "text"),
        (times, "strong"),
        (f" on {where}, {lasted} in all", "muted"),
    ]


def _shown(preview: Preview) -> int:
    return min(_MOST_EPISODES, len(preview.episodes))


def _as_enabled(wanted: ThresholdCreate, before: ThresholdView) -> ThresholdCreate:
    """Return what was typed; whether it is switched on is no field of the form."""
    return structs.replace(wanted, enabled=before.enabled)
