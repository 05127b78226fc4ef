"""What can be done to alerts: acknowledge, resolve, silence; each with the dialog that asks for a comment."""

from collections.abc import Callable, Sequence
from typing import Final

from chatops_tui.alert_requests import AlertDeed, Alerts
from chatops_tui.render.spans import Cell
from chatops_tui.render.text import clean, cut
from chatops_tui.screens.alerts_cells import mark, what
from chatops_tui.screens.alerts_form import FormPlan, Values
from chatops_tui.screens.choose import Choice
from chatops_tui.screens.form import Field
from chatops_tui.store import alert_texts
from chatops_tui.store.alerts import Alert
from chatops_tui.store.silence_texts import ends_ms
from chatops_wire.rest_alerts import SilenceCreate
from chatops_wire.times import format_ms

# Said of a form; more do not fit above it.
_MOST_NAMED: Final = 4
_NAME_WIDTH: Final = 70

LENGTHS: Final = (
    Choice("1h", "1 hour"),
    Choice("8h", "8 hours"),
    Choice("1d", "until this time tomorrow"),
    Choice("7d", "a week"),
    Choice("", "some other time …"),
)
"""How long a silence may last, by what is typed for it."""


def comment_plan(deed: AlertDeed, chosen: Sequence[Alert], asked: Alerts) -> FormPlan:
    """Return the dialog before alerts are acknowledged or resolved."""
    title = "Acknowledge" if deed == "acknowledge" else "Resolve"
    done = "acknowledged" if deed == "acknowledge" else "resolved"
    ids = [alert.id for alert in chosen]

    async def save(values: Values) -> str:
        await asked.do(deed, ids, values["comment"].strip())
        return f"{_count(ids)} {done}."

    note = named(chosen)
    if deed == "resolve" and any(alert.is_open for alert in chosen):
        note.append([("What is still so opens no new alert before it has been well once.", "muted")])
    field = Field("comment", "Comment", placeholder="optional: why, or who looks after it")
    return FormPlan(
        title if len(ids) == 1 else f"{title} {len(ids)} alerts", (field,), save, note=[*note, []]
    )


def silence_plan(chosen: Sequence[Alert], length: str, asked: Alerts, now_ms: Callable[[], int]) -> FormPlan:
    """Return the dialog before alerts are silenced, each on its own server and metric."""

    async def save(values: Values) -> str:
        until_ms = ends_ms(values["for"], now_ms())
        for server_id, metric in dict.fromkeys((one.view.server_id, one.view.metric) for one in chosen):
            await asked.silence(
                SilenceCreate(
                    server_id=server_id,
                    metric=metric,
                    ends_at=format_ms(until_ms),
                    comment=values["comment"].strip(),
                )
            )
        return f"Silenced for {alert_texts.seconds_text(alert_texts.seconds(values['for']))}."

    fields = (
        Field("for", "For", length, "8h"),
        Field("comment", "Comment", placeholder="optional: why"),
    )
    first = "comment" if length else "for"
    return FormPlan("Silence", fields, save, note=[*named(chosen), []], first=first)


def named(chosen: Sequence[Alert]) -> list[Cell]:
    """Return what is chosen, one a line, the first few."""
    lines: list[Cell] = [
        [
            mark(alert),
            (" ", "text"),
            (clean(alert.view.server_name or alert.view.server_id), "strong"),
            (f"  {cut(what(alert), _NAME_WIDTH)}", "text"),
        ]
        for alert in chosen[:_MOST_NAMED]
    ]
    if len(chosen) > _MOST_NAMED:
        lines.append([(f"and {len(chosen) - _MOST_NAMED} more", "muted")])
    return lines


def _count(ids: Sequence[str]) -> str:
    return "The alert is" if len(ids) == 1 else f"{len(ids)} alerts are"
