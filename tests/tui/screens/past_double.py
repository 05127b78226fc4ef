"""What the hub's double says of a moment that is over."""

from collections.abc import Iterable

import msgspec

from chatops_wire.containers import Container
from chatops_wire.rest_alerts import AlertView
from chatops_wire.rest_moments import MomentView
from chatops_wire.samples import SampleParts
from chatops_wire.times import format_ms
from tests.tui.screens import synthetic
from tests.tui.screens.synthetic import Machine


def moment_of(
    machine: Machine, ts_ms: int, containers: tuple[Container, ...] | None, alerts: Iterable[AlertView]
) -> MomentView:
    """Return a machine as it was 2 s before `ts_ms`, with a process that tells which moment it is."""
    sampled_ms = ts_ms - 2000
    whole = msgspec.structs.asdict(synthetic.whole(machine, sampled_ms))
    parts = {name: whole[name] for name in SampleParts.__struct_fields__ if name in whole}
    kept = None if containers is None else tuple(map(_kept, containers))
    sample = SampleParts(**{**parts, "processes": (), "containers": kept})
    first, *others = whole["processes"]
    marked = msgspec.structs.replace(first, name="then", command=f"then {ts_ms // 1000}", cpu_percent=9999.0)
    return MomentView(
        server_id=machine.id,
        ts=format_ms(ts_ms),
        tier="raw",
        sample=sample,
        sample_age_s=2.0,
        processes=(marked, *others),
        processes_at=format_ms(sampled_ms),
        alerts=tuple(alert for alert in alerts if alert.server_id == machine.id),
    )


def _kept(container: Container) -> Container:
    """Return what a hub keeps of one."""
    return Container(
        name=container.name,
        state="" if container.cpu_percent is None else "running",
        cpu_percent=container.cpu_percent,
        memory_used=container.memory_used,
    )
