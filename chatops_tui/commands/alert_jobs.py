"""The commands about alerts and about what happened, by name: arguments to jobs."""

import argparse
from collections.abc import Callable
from typing import Final

from chatops_tui.commands import ack, alerts, channels, plan, silence, thresholds, timeline
from chatops_tui.commands.ids import NoSuchOneError
from chatops_tui.commands.say import complain
from chatops_tui.commands.targets import UnknownServerError
from chatops_tui.config import Settings
from chatops_tui.exit_code import ExitCode
from chatops_tui.store.alert_texts import WrongTextError


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `alert_arguments.JOBS` and return the exit status."""
    try:
        return _JOBS[arguments.job](settings, arguments)
    except WrongTextError as exc:
        complain(str(exc))
        return ExitCode.USAGE
    except (UnknownServerError, NoSuchOneError) as exc:
        complain(str(exc))
        return ExitCode.REFUSED


_JOBS: Final[dict[str, Callable[[Settings, argparse.Namespace], int]]] = {
    "alerts": lambda settings, typed: alerts.show_alerts(settings, alerts.wanted_of(typed)),
    "ack": lambda settings, typed: ack.act(settings, ack.wanted_of(typed)),
    "resolve": lambda settings, typed: ack.act(settings, ack.wanted_of(typed)),
    "silence": silence.silence,
    "thresholds": thresholds.thresholds,
    "channels": channels.channels,
    "plan": lambda settings, typed: plan.plan_or_apply(settings, plan.wanted_of(typed)),
    "apply": lambda settings, typed: plan.plan_or_apply(settings, plan.wanted_of(typed)),
    "audit": lambda settings, typed: timeline.show_audit(settings, timeline.audit_wanted(typed)),
    "events": lambda settings, typed: timeline.show_events(settings, timeline.events_wanted(typed)),
}
