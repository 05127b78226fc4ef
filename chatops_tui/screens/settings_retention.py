"""The tab of retention: how long the hub keeps what it stores, and setting it while it runs."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType

from chatops_tui.render.columns import Column
from chatops_tui.render.spans import Cell
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.alerts_pane import ListTab
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field
from chatops_tui.store.retention_texts import FLAG, TERMS, Term
from chatops_tui.widgets.confirm import Question
from chatops_wire.rest_retention import RetentionPatch


class Kept(NamedTuple):
    """How long one thing is kept."""

    term: Term
    value: int
    flag: int
    is_set: bool


class RetentionTab(ListTab[Kept]):
    """One row for each thing that is kept."""

    columns: ClassVar[Sequence[Column]] = (
        Column("what", "WHAT", 16),
        Column("kept", "KEPT", 12, align="right"),
        Column("from", "FROM", 10),
        Column("flag", "FLAG", 12, align="right"),
        Column("about", "", 20, flex=1, max_width=60, priority=1, sortable=False),
    )
    nothing: ClassVar[Sequence[Cell]] = ([("The hub says nothing of what it keeps.", "muted")],)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "give_back", "As the flag", id="retention.flag", tooltip="What the hub's flag says"),
    ]

    def __init__(self, context: Context) -> None:
        super().__init__(context, id="retention")

    async def fetch(self) -> Sequence[tuple[str, Kept]]:
        """Return the terms."""
        view = await self.given.access.retention()
        return [
            (
                term.name,
                Kept(term, getattr(view, term.name), getattr(view.flags, term.name), term.name in view.set),
            )
            for term in TERMS
        ]

    def cells(self, item: Kept, now_ms: int) -> list[Cell]:  # noqa: ARG002 - nothing of it is in time
        """Return one cell a column."""
        return [
            [(item.term.label, "strong")],
            [(item.term.said(item.value), "text")],
            [("set here", "info") if item.is_set else ("the flag", "muted")],
            [(item.term.said(item.flag), "muted")],
            [(item.term.about, "muted")],
        ]

    def title(self, item: Kept) -> str:
        """Return what is kept."""
        return item.term.label

    def note(self, item: Kept, now_ms: int) -> list[Cell]:  # noqa: ARG002 - likewise
        """Return what it is, and when a change counts."""
        return [
            [(f"{item.term.about}.", "text")],
            [("Counts at once; what is over goes at the next hourly clean-up, for good.", "muted")],
        ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the flag where something stands in its place."""
        if action == "give_back":
            return True if self.chosen is not None and self.chosen.is_set else None
        return super().check_action(action, parameters)

    def edit(self, item: Kept) -> None:
        """Set it."""
        term = item.term

        async def save(values: Values) -> str:
            value = term.read(values["value"])
            await self.given.access.set_retention(_patch(term, value))
            return _done(term, item.flag if value is None else value)

        async def preview(values: Values) -> Sequence[Cell]:
            value = term.read(values["value"])
            wanted = item.flag if value is None else value
            if wanted < item.value:
                return [[("What is beyond it is dropped within the hour, for good.", "warn")]]
            if wanted == item.value:
                return [[(f"As it is: {term.said(wanted)}.", "muted")]]
            return [[(f"{term.said(wanted)} instead of {term.said(item.value)}.", "muted")]]

        typed = str(item.value) if item.is_set else ""
        field = Field("value", term.label, typed, f"{FLAG}: {term.said(item.flag)}")
        unit = "megabytes, compressed" if term.unit == "MB" else "days"
        note: list[Cell] = [[(f"{term.about}, in {unit}: {term.least} to {term.most:,}.", "muted")], []]
        self.ask_form(FormPlan(f"How long: {term.label}", (field,), save, preview, note))

    def action_give_back(self) -> None:
        """Have the hub's flag count again."""
        item = self.chosen
        if item is None:
            return

        async def give_back() -> str:
            await self.given.access.set_retention(_patch(item.term, None))
            return _done(item.term, item.flag)

        if item.flag >= item.value:
            self.carry_out(give_back)
            return
        asked = f"{item.term.label}: {item.term.said(item.flag)} instead of {item.term.said(item.value)}?"
        lost = "What is beyond it is dropped within the hour, for good."
        lines: list[Cell] = [[(asked, "text")], [(lost, "warn")]]
        self.ask_first(Question("As the flag says", lines, "Yes"), give_back)


def _patch(term: Term, value: int | None) -> RetentionPatch:
    return RetentionPatch(**{term.name: value})


def _done(term: Term, value: int) -> str:
    return (
        f"{term.label}: kept for {term.said(value)}." if term.unit == "day" else f"{term.label}: {value} MB."
    )
