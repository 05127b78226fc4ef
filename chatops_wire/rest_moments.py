"""One moment of a server's past (`GET /metrics/{server_id}/at`)."""

from msgspec import Struct

from chatops_wire.rest_alerts import AlertView
from chatops_wire.samples import Process, SampleParts


class MomentView(Struct, frozen=True, kw_only=True):
    """What a server looked like at `ts`; what nobody kept (single cores, devices, images) is absent."""

    server_id: str
    ts: str
    """As asked for."""
    tier: str | None
    """`raw`: `sample` is a sample; else the averages of a bucket of this rollup. Null without one."""
    sample: SampleParts | None
    """The newest one up to `ts`; null where none is within five minutes, nor a bucket of a rollup."""
    sample_age_s: float | None
    """How much older than `ts` it is; of a bucket: how long before `ts` that begins."""
    processes: tuple[Process, ...]
    """Those that used most; kept each half minute, as long as samples."""
    processes_at: str | None
    """When these were taken; null where none were within a minute and a half."""
    alerts: tuple[AlertView, ...]
    """Those that were open, as they then stood; at most 100, the newest first."""
