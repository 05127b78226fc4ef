"""What a server looked like at some time: its sample, who used it, and what was the matter."""

import asyncio
from typing import Final

from chatops_server.domain.moments import Moment, sample_of
from chatops_server.errors import NoMetricsError, StorageError
from chatops_server.services.access import ServerAccess
from chatops_server.services.alerting.alerts import Alerts
from chatops_server.storage.base import Storage
from chatops_wire.rest_moments import MomentView
from chatops_wire.times import format_ms

# As long as our own client waits.
_WITHIN_S: Final = 15.0


class Moments:
    """Looks the past up."""

    def __init__(self, storage: Storage, alerts: Alerts, within_s: float = _WITHIN_S) -> None:
        """Ask these; what takes longer than `within_s` is broken off."""
        self._storage = storage
        self._alerts = alerts
        self._within_s = within_s

    async def at(self, access: ServerAccess, ts_ms: int) -> MomentView:
        """Return the moment.

        Raises:
            NoMetricsError: Nothing is stored of it, and no alert was open.
            StorageError: The database does not answer, or not in time.
        """
        try:
            async with asyncio.timeout(self._within_s):
                moment = await self._storage.samples.moment(access.state.num, ts_ms)
                alerts = await self._alerts.open_at(access.state.id, ts_ms)
        except TimeoutError as exc:
            raise StorageError(f"a moment took more than {self._within_s:g} s") from exc
        if moment is None and not alerts:
            raise NoMetricsError("nothing is stored of this time")
        snapshot = None if moment is None else moment.snapshot
        return MomentView(
            server_id=access.state.id,
            ts=format_ms(ts_ms),
            tier=None if moment is None else moment.tier,
            sample=None if moment is None else sample_of(moment, _memory_total(access)),
            sample_age_s=None if moment is None else _age_s(moment, ts_ms),
            processes=() if snapshot is None else snapshot.processes,
            processes_at=None if snapshot is None else format_ms(snapshot.ts_ms),
            alerts=tuple(alerts),
        )


def _memory_total(access: ServerAccess) -> int:
    host = access.state.host
    return 0 if host is None else host.memory_total


def _age_s(moment: Moment, ts_ms: int) -> float:
    return (ts_ms - moment.ts_ms) / 1000
