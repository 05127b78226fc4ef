"""One alert in words: lines for a text block. Everything remote passes `clean` here."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Final

from rich.cells import cell_len

from chatops_tui.clock import clock, moment
from chatops_tui.render import numbers
from chatops_tui.render.command import command_cell
from chatops_tui.render.spans import Cell, fit
from chatops_tui.render.text import clean
from chatops_tui.screens.alerts_cells import Look, lasted_s, mark, state, what
from chatops_tui.screens.facts import rule
from chatops_tui.store.alerts import Alert
from chatops_wire.rest_alerts import AlertComment, AlertContext
from chatops_wire.streams import LogLine
from chatops_wire.times import parse_ms

_LABEL_WIDTH: Final = 11


def title(alert: Alert, columns: int) -> Cell:
    """Return `─ db-01 ───── disk.percent:/var > 90% ─`."""
    return rule(clean(alert.view.server_name or alert.view.server_id), columns, what(alert))


def summary(alert: Alert, look: Look) -> list[Cell]:
    """Return what happened, since when, and who looks after it."""
    view = alert.view
    lines: list[Cell] = [[mark(alert), (" ", "text"), (clean(view.message), "text")]]
    times: Cell = [state(alert), (f"  {_times(alert, look)}", "muted")]
    lines.append(_fact("state", times))
    lines += [_fact(name, [(clean(text), "text")]) for name, text in _facts(alert) if text]
    return lines + [_comment(comment, look) for comment in view.comments]


def context(found: AlertContext, columns: int, look: Look) -> list[Cell]:
    """Return the processes and the log lines of that moment."""
    lines: list[Cell] = []
    if found.processes:
        lines += [[], rule("TOP AT THAT MOMENT", columns, "pid  cpu  mem  command")]
        for process in found.processes:
            line: Cell = [
                (f"{process.pid:>7} ", "muted"),
                (f"{numbers.percent(process.cpu_percent):>5} ", "text"),
                (f"{numbers.size(process.memory_used):>6}  ", "text"),
                *command_cell(process.name, process.command, whole=False),
            ]
            lines.append(fit(line, columns))
    if found.logs:
        lines += [[], rule("LOG AT THAT MOMENT", columns, clean(found.log_source, 60))]
        lines += [_log_line(line, look.zone) for line in found.logs]
    return lines


def _facts(alert: Alert) -> Iterator[tuple[str, str]]:
    view = alert.view
    yield "threshold", view.threshold_name
    yield "looked after", f"by {view.acknowledged_by}" if view.acknowledged_by else ""
    yield "told", _untold(alert)
    yield "tags", "  ".join(view.labels)
    yield "what to do", view.runbook


def _untold(alert: Alert) -> str:
    """Return why nobody is notified of it; empty when they are."""
    view = alert.view
    if not alert.is_open:
        return ""
    if view.silenced:
        return "to nobody: it is silenced"
    if view.muted:
        return "to nobody: its server is down, of which another alert tells"
    return "once: it comes and goes, the next message is when it is over" if view.flapping else ""


def _times(alert: Alert, look: Look) -> str:
    since = moment(alert.started_ms, look.now_ms, look.zone)
    lasted = numbers.duration_long(lasted_s(alert, look.now_ms))
    if alert.resolved_ms is None:
        return f"since {since}, {lasted}"
    why = f": {clean(alert.view.resolution)}" if alert.view.resolution else ""
    return f"{since} to {moment(alert.resolved_ms, look.now_ms, look.zone)}, {lasted}{why}"


def _comment(comment: AlertComment, look: Look) -> Cell:
    try:
        when = moment(parse_ms(comment.ts), look.now_ms, look.zone)
    except (ValueError, OverflowError):
        when = clean(comment.ts, 12)
    done = "acknowledged" if comment.action == "acknowledge" else "resolved"
    said = f": {clean(comment.text)}" if comment.text else ""
    return _fact(
        when[-_LABEL_WIDTH + 1 :], [(clean(comment.username), "strong"), (f" {done} it{said}", "text")]
    )


def _log_line(line: LogLine, zone: tzinfo) -> Cell:
    try:
        when = clock(parse_ms(line.ts), zone) if line.ts else ""
    except (ValueError, OverflowError):
        when = ""
    return [(f"{when} " if when else "", "muted"), (clean(line.line), "text")]


def _fact(name: str, value: Cell) -> Cell:
    return [(name + " " * max(1, _LABEL_WIDTH + 1 - cell_len(name)), "muted"), *value]
