"""The thresholds of a new hub: what nearly everybody wants to be told of, to be changed or deleted."""

from typing import Final

from chatops_wire.rest_alerts import ThresholdCreate

DEFAULTS: Final = (
    ThresholdCreate(
        name="Disk nearly full",
        metric="disk.percent",
        comparison="gt",
        value=90,
        clear_value=88,
        for_s=60,
        severity="warning",
    ),
    ThresholdCreate(
        name="Disk full",
        metric="disk.percent",
        comparison="gt",
        value=95,
        clear_value=93,
        for_s=60,
        severity="critical",
    ),
    ThresholdCreate(
        name="Memory full",
        metric="memory.percent",
        comparison="gt",
        value=95,
        clear_value=90,
        for_s=300,
        severity="critical",
    ),
    ThresholdCreate(
        name="Overloaded",
        metric="load.per_core",
        comparison="gt",
        value=2,
        clear_value=1.5,
        for_s=300,
        severity="warning",
    ),
    # A reboot takes a minute; an agent's update seconds.
    ThresholdCreate(
        name="Server down", metric="server.up", comparison="lt", value=1, for_s=60, severity="critical"
    ),
)
