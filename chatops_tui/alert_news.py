"""What a terminal says when something critical begins to fire: toast, bell, a message of the desktop."""

from collections.abc import Sequence
from typing import Final

from chatops_tui.config import AlertSignal
from chatops_tui.render.alerts import condition
from chatops_tui.render.charset import Charset
from chatops_tui.render.text import clean, cut
from chatops_tui.store.alerts import Alert

# A toast is read in passing, a desktop shows a line or two.
_MOST_NAMED: Final = 3
_LINE_WIDTH: Final = 60
_MESSAGE_WIDTH: Final = 200


def critical(news: Sequence[Alert]) -> list[Alert]:
    """Return those worth a sound: what comes and goes has been told once."""
    return [alert for alert in news if alert.view.severity == "critical" and not alert.view.flapping]


def toast(found: Sequence[Alert]) -> str:
    """Return what is said of alerts that began together, one a line; clean text."""
    lines = [_line(alert) for alert in found[:_MOST_NAMED]]
    if len(found) > _MOST_NAMED:
        lines.append(f"and {len(found) - _MOST_NAMED} more: a shows them")
    return "\n".join(lines)


def attention(found: Sequence[Alert], signal: AlertSignal, charset: Charset) -> str:
    """Return what is written to the terminal so that somebody looks up: the bell, and with it OSC 9.

    A terminal emulator that does not know OSC 9 ignores it; its text cannot end it, for it has no control
    characters. A console may print it, and gets the bell alone.
    """
    if signal not in {"bell", "desktop"} or not found:
        return ""
    if signal == "bell" or charset != "braille":
        return "\a"
    text = "; ".join(_line(alert) for alert in found[:_MOST_NAMED])
    # Text that began with a number and a semicolon would be another command to some terminals.
    return f"\x1b]9;ChatOps: {cut(text, _MESSAGE_WIDTH)}\a\a"


def _line(alert: Alert) -> str:
    view = alert.view
    name = clean(view.server_name or view.server_id)
    what = clean(condition(view.metric, view.comparison, view.threshold_value))
    return cut(f"{name}: {what}", _LINE_WIDTH)
