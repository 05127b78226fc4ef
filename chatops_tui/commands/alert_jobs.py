"""The commands about alerts and about what happened, by name: arguments to jobs."""

import argparse
from typing import Final

from chatops_tui.commands import ack, alerts, channels, plan, silence, thresholds, timeline
from chatops_tui.commands.typed_jobs import Job, run_typed
from chatops_tui.config import Settings


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Run one of `alert_arguments.JOBS` and return the exit status."""
    return run_typed(_JOBS, settings, arguments)


_JOBS: Final[dict[str, Job]] = {
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
