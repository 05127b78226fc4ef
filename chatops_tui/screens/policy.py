"""What may be asked of a machine, who decided it, and doing without a part of it."""

import textwrap
from typing import TYPE_CHECKING, ClassVar, Final, cast, get_args

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from chatops_tui.render.policy import badge, lines
from chatops_tui.render.text import clean
from chatops_tui.requests import RequestFailedError
from chatops_tui.screens.closing import close
from chatops_tui.screens.context import Context
from chatops_tui.screens.form import Field, Form
from chatops_tui.store.models import Row
from chatops_tui.widgets.box_title import set_box_title
from chatops_tui.widgets.dialog import Dialog
from chatops_tui.widgets.key_footer import KeyFooter
from chatops_tui.widgets.lines import TextBlock
from chatops_wire.policy import Allowance, PolicyView, summary_of

if TYPE_CHECKING:
    from chatops_tui.render.spans import Cell

_LABEL_WIDTH: Final = 11
# A list of commands may be long; the command line shows all of it.
_MOST_OF_A_LIST: Final = 5
_KNOWN: Final = get_args(Allowance)
_HINT: Final = f"{' '.join(_KNOWN)}; none, or all"


class PolicyScreen(Dialog[None]):
    """Shows the policy as the hub tells it now; whoever has full rights may narrow it in one field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Close", id="policy.close"),
    ]

    def __init__(self, context: Context, row: Row) -> None:
        super().__init__()
        self._given = context
        self._row = row
        self._may_narrow = row.view.role == "admin"

    def compose(self) -> ComposeResult:
        """Lay out the text, and the field for who may use it."""
        with Vertical(classes="dialog wide") as box:
            set_box_title(box, f"What {self._row.name} allows")
            yield TextBlock(id="policy-text")
            if self._may_narrow:
                yield Form(Field("only", "Only", placeholder=_HINT))
        yield KeyFooter()

    def on_mount(self) -> None:
        """Ask the hub."""
        if self._may_narrow:
            self.query_one("#only", Input).focus()
        self._load()

    def action_cancel(self) -> None:
        """Go back."""
        close(self, None)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        words = tuple(dict.fromkeys(event.value.replace(",", " ").split()))
        wrong = next((word for word in words if word not in (*_KNOWN, "none", "all")), None)
        form = self.query_one(Form)
        if not words:
            form.say(f"To what? {_HINT}.", wrong=True)
        elif wrong is not None:
            form.say(f"{wrong!r} is none of {_HINT}.", wrong=True)
        elif "all" in words:
            self._narrow(None)
        else:
            self._narrow(tuple(word for word in words if word != "none"))

    @work(exclusive=True, exit_on_error=False, group="policy")
    async def _load(self) -> None:
        try:
            self._draw(await self._given.hub.policy(self._row.id))
        except RequestFailedError as exc:
            self.query_one("#policy-text", TextBlock).set_lines([[(clean(str(exc)), "crit")]])

    @work(exclusive=True, exit_on_error=False, group="policy")
    async def _narrow(self, allowed: tuple[str, ...] | None) -> None:
        form = self.query_one(Form)
        form.say("Saving…")
        # Each was looked up among them.
        chosen = cast("tuple[Allowance, ...] | None", allowed)
        try:
            await self._given.hub.narrow(self._row.id, chosen)
            self._draw(await self._given.hub.policy(self._row.id))
        except RequestFailedError as exc:
            form.say(str(exc), wrong=True)
            return
        form.say("All that the machine allows again." if allowed is None else "Narrowed.")

    def _draw(self, view: PolicyView) -> None:
        block = self.query_one("#policy-text", TextBlock)
        shown: list[Cell] = [badge(view.capabilities, summary_of(view)), []]
        room = max(20, block.content_size.width - _LABEL_WIDTH)
        for label, value in lines(view):
            for number, part in enumerate(_parts(value, room)):
                shown.append([(f"{label if number == 0 else '':<{_LABEL_WIDTH}}", "muted"), (part, "text")])
        block.set_lines(shown)


def _parts(value: str, room: int) -> list[str]:
    entries = value.split("\n")
    parts = [
        part for entry in entries[:_MOST_OF_A_LIST] for part in textwrap.wrap(clean(entry), room) or [""]
    ]
    left = len(entries) - _MOST_OF_A_LIST
    return [*parts, f"and {left} more: `chatops policy`"] if left > 0 else parts
