"""Alerts made up for a look at the screens: something of everything."""

from chatops_wire.rest_alerts import AlertComment, AlertContext, Preview, PreviewEpisode
from chatops_wire.samples import Process
from chatops_wire.streams import LogLine
from chatops_wire.times import format_ms
from tests.tui.screens.alert_double import MINUTE, AlertDouble

CONTEXT = AlertContext(
    processes=(
        Process(
            pid=18211, name="postgres", user="postgres", cpu_percent=412, memory_used=31 * 2**30, command=""
        ),
        Process(
            pid=2210,
            name="dockerd",
            user="root",
            cpu_percent=12,
            memory_used=2**28,
            command="/usr/bin/dockerd",
        ),
    ),
    logs=(
        LogLine(ts=format_ms(1_790_000_000_000), stream="stdout", line="kernel: nvme1n1: no space left"),
        LogLine(ts=None, stream="stdout", line="postgres: could not extend file"),
    ),
    log_source="/var/log/syslog",
)


def seed(double: AlertDouble) -> None:
    """Make up enough to look at."""
    now = double.now_ms()
    var = {"metric": "disk.percent:/var", "threshold_value": 90.0, "value": 91.0, "target": "/var"}
    double.make(
        "db-01",
        **var,
        message="disk.percent:/var on db-01 is 91%, above 90%, for 5 minutes",
        threshold_name="disk full",
        context=CONTEXT,
        runbook="https://wiki.example.net/disk-full",
        labels=("env=prod", "db"),
    )
    double.make(
        "edge-07",
        metric="server.up",
        comparison="eq",
        threshold_value=0.0,
        value=0.0,
        since_ms=now - 6 * MINUTE,
        message="edge-07 is down, for 6 minutes",
        threshold_name="server down",
    )
    double.make(
        "api-03",
        severity="warning",
        threshold_value=70.0,
        value=76.0,
        since_ms=now - 2 * MINUTE,
        message="cpu.percent on api-03 is 76%, above 70%, for 1 minute",
        threshold_name="busy",
        labels=("env=prod", "api"),
    )
    double.make(
        "cache-01",
        severity="warning",
        metric="memory.percent",
        threshold_value=80.0,
        value=83.0,
        status="acknowledged",
        acknowledged_by="maria",
        since_ms=now - 90 * MINUTE,
        message="memory.percent on cache-01 is 83%, above 80%, for 5 minutes",
        threshold_name="memory",
        comments=(
            AlertComment(
                ts=format_ms(now - 80 * MINUTE),
                user_id="u2",
                username="maria",
                action="acknowledge",
                text="grows until the nightly flush",
            ),
        ),
    )
    double.make(
        "backup-01",
        severity="info",
        metric="net.tx_bps",
        threshold_value=20e6,
        value=41e6,
        silenced=True,
        since_ms=now - 40 * MINUTE,
        message="net.tx_bps on backup-01 is 41M/s",
        threshold_name="busy line",
    )
    double.make(
        "build-01",
        severity="warning",
        metric="load.1",
        threshold_value=32.0,
        value=35.2,
        status="pending",
        since_ms=now - MINUTE,
        message="load.1 on build-01 is 35.2, above 32",
        threshold_name="load",
    )
    for hours, lasted in ((2, 11), (5, 3), (20, 45)):
        double.make(
            "db-01",
            severity="warning",
            threshold_value=90.0,
            value=94.0,
            status="resolved",
            since_ms=now - hours * 60 * MINUTE,
            resolved_at=format_ms(now - (hours * 60 - lasted) * MINUTE),
            resolution="recovered",
            message="cpu.percent on db-01 was 94%, above 90%",
            threshold_name="busy",
        )
    _seed_rules(double, now)


def _seed_rules(double: AlertDouble, now: int) -> None:
    double.threshold(
        metric="disk.percent",
        value=95.0,
        severity="critical",
        name="disk full",
        owner_id=None,
        clear_value=93.0,
        for_s=60,
    )
    double.threshold(
        metric="disk.percent", value=90.0, severity="warning", name="disk nearly full", owner_id=None
    )
    double.threshold(
        metric="server.up",
        comparison="eq",
        value=0.0,
        for_s=60,
        severity="critical",
        name="server down",
        owner_id=None,
        may_change=False,
    )
    double.threshold(
        metric="load.1",
        value=32.0,
        for_s=300,
        window_s=60,
        aggregation="avg",
        name="load",
        select="tag:env=ci",
        enabled=False,
    )
    double.silence(server_id="id-backup-01", metric="net.tx_bps", comment="the nightly copy")
    double.channel(
        name="on-call",
        url="https://hooks.example.com/***",
        min_severity="critical",
        last_delivered_at=format_ms(now - 4 * MINUTE),
        repeat_s=14_400,
        has_secret=True,
    )
    double.channel(
        name="team",
        url="slack://***",
        last_error="status 404: no such hook",
        waiting=3,
        last_delivered_at=format_ms(now - 3000 * MINUTE),
    )
    episodes = tuple(
        PreviewEpisode(
            server_id="id-db-01",
            started_at=format_ms(now - h * 60 * MINUTE),
            ended_at=format_ms(now - h * 60 * MINUTE + 5 * MINUTE),
            peak=96.5,
        )
        for h in (3, 9, 21)
    )
    double.preview = Preview(times=3, seconds=900.0, episodes=episodes, servers=12)
