"""A threshold as the texts somebody types in a form, on the command line or in a file. Pure."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal

from msgspec import structs

from chatops_tui.render.alerts import amount, condition, unit_of
from chatops_tui.store import alert_texts
from chatops_tui.store.alert_texts import WrongTextError
from chatops_wire.rest_alerts import LONGEST_FOR_S, LONGEST_WINDOW_S, ThresholdCreate, ThresholdPatch

Part = Literal[
    "name",
    "when",
    "on",
    "for",
    "clear",
    "keep_firing",
    "window",
    "no_data",
    "severity",
    "runbook",
]
"""What is typed of a threshold."""

PARTS: Final[tuple[Part, ...]] = (
    "name",
    "when",
    "on",
    "for",
    "clear",
    "keep_firing",
    "window",
    "no_data",
    "severity",
    "runbook",
)
TITLES: Final[dict[Part, str]] = {
    "name": "name",
    "when": "condition",
    "on": "servers",
    "for": "for",
    "clear": "ends at",
    "keep_firing": "ends after",
    "window": "window",
    "no_data": "no data",
    "severity": "severity",
    "runbook": "what to do",
}
Target = tuple[str | None, str]
"""A server's id or None for all, and a selector that narrows those."""


class WrongPartError(WrongTextError):
    """One part is not understood; the text begins with its title."""

    def __init__(self, part: Part, reason: str) -> None:
        super().__init__(f"{TITLES[part]}: {reason}")
        self.part = part
        self.reason = reason


def threshold(texts: Mapping[Part, str], target: Callable[[str], Target]) -> ThresholdCreate:
    """Return the threshold somebody has typed.

    Args:
        texts: By part; what is missing or empty is as if it had not been asked for.
        target: Returns which servers a text means; WrongTextError.

    Raises:
        WrongPartError: A part is not understood.
    """
    with _about("when"):
        metric, comparison, value = alert_texts.condition(texts.get("when", ""))
    clear_text = texts.get("clear", "").strip()
    with _about("clear"):
        clear = alert_texts.amount(clear_text, unit_of(metric)) if clear_text else None
    with _about("severity"):
        severity = alert_texts.severity(texts.get("severity", "") or "warning")
    with _about("window"):
        aggregation, window_s = alert_texts.window(texts.get("window", ""))
        _within(window_s, LONGEST_WINDOW_S)
    with _about("on"):
        server_id, select = target(texts.get("on", "").strip())
    return ThresholdCreate(
        server_id=server_id,
        metric=metric,
        comparison=comparison,
        value=value,
        for_s=_seconds(texts, "for"),
        clear_value=clear,
        severity=severity,
        name=texts.get("name", "").strip(),
        select=select,
        window_s=window_s,
        aggregation=aggregation,
        keep_firing_s=_seconds(texts, "keep_firing"),
        no_data_s=_seconds(texts, "no_data"),
        runbook=texts.get("runbook", "").strip(),
    )


def texts_of(shown: ThresholdCreate, server_name: str) -> dict[Part, str]:
    """Return a threshold as it is typed; `server_name` is that of its server, empty without one."""
    return {
        "name": shown.name,
        "when": alert_texts.condition_text(shown.metric, shown.comparison, shown.value),
        "on": server_name or shown.select,
        "for": alert_texts.seconds_text(shown.for_s),
        "clear": ""
        if shown.clear_value is None
        else alert_texts.amount_text(shown.clear_value, unit_of(shown.metric)),
        "keep_firing": alert_texts.seconds_text(shown.keep_firing_s),
        "window": alert_texts.window_text(shown.aggregation, shown.window_s),
        "no_data": alert_texts.seconds_text(shown.no_data_s),
        "severity": shown.severity,
        "runbook": shown.runbook,
    }


def difference(before: ThresholdCreate, wanted: ThresholdCreate) -> ThresholdPatch:
    """Return what has to be changed of `before`, which may be a view with more fields."""
    return ThresholdPatch(
        **{
            name: getattr(wanted, name)
            for name in ThresholdCreate.__struct_fields__
            if getattr(before, name) != getattr(wanted, name)
        }
    )


def changed_fields(patch: ThresholdPatch) -> dict[str, object]:
    """Return the fields of a patch that are there."""
    default = ThresholdPatch()
    given = structs.asdict(patch)
    return {name: value for name, value in given.items() if value != getattr(default, name)}


def sentence(shown: ThresholdCreate) -> str:
    """Return when it fires, in one line: `disk.percent > 90% for 5m, ends below 85%`. Clean where it was."""
    parts = [condition(shown.metric, shown.comparison, shown.value)]
    if shown.window_s:
        parts[0] = f"{shown.aggregation} {alert_texts.seconds_text(shown.window_s)} of {parts[0]}"
    if shown.for_s:
        parts[0] += f" for {alert_texts.seconds_text(shown.for_s)}"
    if shown.clear_value is not None:
        parts.append(f"ends at {amount(shown.metric, shown.clear_value)}")
    if shown.keep_firing_s:
        parts.append(f"after {alert_texts.seconds_text(shown.keep_firing_s)}")
    if shown.no_data_s:
        parts.append(f"or no data for {alert_texts.seconds_text(shown.no_data_s)}")
    return ", ".join(parts)


def _seconds(texts: Mapping[Part, str], part: Part) -> float:
    with _about(part):
        value = alert_texts.seconds(texts.get(part, ""))
        _within(value, LONGEST_FOR_S)
    return value


def _within(value: float, most: float) -> None:
    if value > most:
        raise WrongTextError(f"at most {alert_texts.seconds_text(most)}")


@contextmanager
def _about(part: Part) -> Iterator[None]:
    try:
        yield
    except WrongPartError:
        raise
    except WrongTextError as exc:
        raise WrongPartError(part, str(exc)) from exc
