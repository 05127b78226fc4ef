"""Alerting put together: what judges, what keeps, what users ask; and its background loops."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from chatops_server.broker.sample_frames import AnySample
from chatops_server.broker.server_state import ServerState
from chatops_server.services.alerting.alerts import Alerts
from chatops_server.services.alerting.engine import Engine
from chatops_server.services.alerting.keeper import Keeper
from chatops_server.services.alerting.log_lines import LogLines
from chatops_server.services.alerting.numbers import Numbers
from chatops_server.services.alerting.previews import Previews
from chatops_server.services.alerting.silences import Silences
from chatops_server.services.alerting.thresholds import Thresholds
from chatops_server.services.notifications.notifications import Notifications
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import alerts as alerts_sql
from chatops_server.storage.sql.notifications import drop_notifications_before
from chatops_server.storage.sql.silences import drop_silences_before

SWEEP_EVERY_S: Final = 1.0
_DAY_MS: Final = 24 * 3600 * 1000
# As long as the timeline that tells of them.
KEEP_ALERTS_MS: Final = 90 * _DAY_MS
_KEEP_NOTIFICATIONS_MS: Final = 7 * _DAY_MS
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Alerting:
    """Everything about alerts."""

    storage: Storage
    engine: Engine
    keeper: Keeper
    thresholds: Thresholds
    silences: Silences
    alerts: Alerts
    previews: Previews
    numbers: Numbers
    log_lines: LogLines
    notifications: Notifications

    async def load(self) -> None:
        """Go on where an earlier hub stopped; before any agent connects.

        Raises:
            StorageError: The database does not answer.
        """
        await self.thresholds.load()
        await self.silences.load()
        await self.notifications.channels.load()
        for alert in await self.storage.read(alerts_sql.remembered_alerts()):
            self.engine.remember(alert)

    def judge(self, server: ServerState, sample: AnySample) -> None:
        """Judge one new sample of a server; nothing here waits."""
        self.engine.judge(server, sample)

    @property
    def loops(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """What runs in the background."""
        return {
            "alerts": self.keeper.run,
            "alert-sweep": self._sweep,
            "notifications": self.notifications.delivery.run,
        }

    async def flush(self) -> None:
        """Write down what is not yet; at the end of the hub.

        Raises:
            StorageError: The database does not take it.
        """
        await self.keeper.flush()

    async def close(self) -> None:
        """End all tasks; what was on its way is sent again after the next start."""
        await self.log_lines.close()
        await self.notifications.delivery.close()

    async def drop_old(self, now_ms: int) -> None:
        """Drop alerts, silences and notifications that are over.

        Raises:
            StorageError: The database does not answer.
        """
        while await self.storage.write(alerts_sql.drop_alerts_before(now_ms - KEEP_ALERTS_MS, _AT_ONCE)):
            pass
        await self.storage.write(_dropped(now_ms))
        self.silences.forget_ended(now_ms - _DAY_MS)

    async def _sweep(self) -> None:
        while True:
            self.engine.sweep()
            await asyncio.sleep(SWEEP_EVERY_S)


def _dropped(now_ms: int) -> Script[None]:
    yield from drop_silences_before(now_ms - _DAY_MS)
    yield from drop_notifications_before(now_ms - _KEEP_NOTIFICATIONS_MS)
