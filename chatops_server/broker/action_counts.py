"""Counts of what agents were asked to do, for the metrics page."""

from collections import Counter
from dataclasses import dataclass, field

from chatops_wire.commands import FinalStatus


@dataclass(slots=True)
class ActionCounts:
    """Written by the services, read by whoever shows them. Totals only grow until the hub ends."""

    commands_running: int = 0
    """Sent and not ended."""
    commands: Counter[FinalStatus] = field(default_factory=Counter)
    """Ended, by how; one that was given up for lost and came back counts for both."""
    output_bytes: int = 0
    """Output of commands, as it came."""
    terminals_open: int = 0
    """Relayed now, those without a viewer included."""
    terminals: int = 0
    """Opened or attached."""
    screen_bytes: int = 0
    """Output of terminals, as it came."""
    logs_followed: int = 0
    """Log streams now."""
    log_lines: int = 0
    """Lines of logs, as they came."""
    engine_requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Asked of container engines, by action and result: `ok`, or the code of the error."""
