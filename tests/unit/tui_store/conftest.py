"""Servers and samples for the store's tests."""

from collections.abc import Callable
from typing import Any

import pytest

from chatops_wire.client import MetricsEvent
from chatops_wire.rest import LatestView, ServerView
from chatops_wire.samples import Cpu, Disk, Memory, Network
from chatops_wire.times import format_ms

MakeView = Callable[..., ServerView]
MakeSample = Callable[..., MetricsEvent]


def latest(ts_ms: int, cpu: float = 10.0, **parts: Any) -> LatestView:  # noqa: ANN401 - whichever parts matter
    return LatestView(
        timestamp=format_ms(ts_ms),
        cpu=Cpu(percent=cpu, load=parts.pop("load", (0.5, 0.4, 0.3))),
        memory=Memory(total=1000, used=400, percent=parts.pop("memory", 40.0)),
        disks=parts.pop(
            "disks", (Disk(mount="/", total=100, used=30, percent=30.0, read_bps=5, write_bps=7),)
        ),
        networks=parts.pop("networks", (Network(interface="eth0", rx_bps=100, tx_bps=50),)),
        uptime_s=parts.pop("uptime_s", 3600.0),
    )


@pytest.fixture
def make_view() -> MakeView:
    def make(server_id: str = "a", ts_ms: int | None = 0, **given: Any) -> ServerView:  # noqa: ANN401 - likewise
        vitals = {
            name: given.pop(name) for name in ("cpu", "memory", "disks", "load", "networks") if name in given
        }
        return ServerView(
            id=server_id,
            name=given.pop("name", f"srv-{server_id}"),
            tags=given.pop("tags", ()),
            status=given.pop("status", "online"),
            last_seen=None if ts_ms is None else format_ms(ts_ms),
            owner_id="u",
            capabilities=(),
            host=None,
            latest=None if ts_ms is None else latest(ts_ms, **vitals),
            **given,
        )

    return make


@pytest.fixture
def make_sample() -> MakeSample:
    def make(server_id: str = "a", ts_ms: int = 0, cpu: float = 10.0) -> MetricsEvent:
        return MetricsEvent(
            server_id=server_id,
            timestamp=format_ms(ts_ms),
            cpu=Cpu(percent=cpu),
            memory=Memory(total=1000, used=400, percent=40.0),
        )

    return make
