"""Brings notifications to their channels: each until it was taken, or for a day."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from secrets import token_hex
from typing import Final

from msgspec.structs import replace

from chatops_server.domain.alerts.batching import GIVE_UP_AFTER_MS, next_batch, retry_ms
from chatops_server.domain.alerts.destinations import DestinationError, destination
from chatops_server.errors import StorageError
from chatops_server.sealing import UnsealError
from chatops_server.services.errands import Errands
from chatops_server.services.notifications import apprise
from chatops_server.services.notifications.channels import Channel, Channels
from chatops_server.services.notifications.messages import gathered, trial
from chatops_server.services.notifications.webhook import DeliveryError, Webhooks
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql import notifications as sql
from chatops_server.storage.sql.channels import channel_failed, channel_reached
from chatops_server.storage.sql.notifications import NotificationRow
from chatops_wire.rest_alerts import ChannelTest, Notification
from chatops_wire.times import format_ms

log = logging.getLogger(__name__)

# Of one channel; more than are told as one list, and few enough to be read at once.
_READ_AT_ONCE: Final = 500
_RETRY_STORAGE_MS: Final = 5_000
# A message a second for a minute is more than any channel is sent.
_REMEMBERED: Final = 60
_LONGEST_WAIT_S: Final = 1.0
_LEAD: Final = "notifications"


class Delivery:
    """A task for each channel that something waits for: one that hangs delays no other. Of one hub at a time.

    What waits is in the database, so the queue has no bound here; a message may come twice after a kill
    or a failed commit, with the same id, and never not at all.
    """

    def __init__(
        self, storage: Storage, channels: Channels, webhooks: Webhooks, now_ms: Callable[[], int]
    ) -> None:
        self._storage = storage
        self._channels = channels
        self._webhooks = webhooks
        self._now_ms = now_ms
        self._errands = Errands()
        self._wake = asyncio.Event()
        # When to look for what waits for a channel, Unix ms; none without anything.
        self._look_ms: dict[str, int] = {}
        self._busy: set[str] = set()
        self._sent_ms: dict[str, deque[int]] = {}
        self.delivered = 0
        """Messages that were taken since the start, tests not counted."""
        self.failed = 0
        """Attempts that were not."""

    def notified(self, channel_ids: Iterable[str]) -> None:
        """Look for what waits for these channels, now."""
        for channel_id in channel_ids:
            self._look_ms[channel_id] = 0
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        led = False
        while True:
            self._wake.clear()
            leads = await self._storage.try_lead(_LEAD)
            if leads and not led:
                # What the one before left.
                self.notified(channel.id for channel in self._channels.enabled())
            led = leads
            if leads:
                self._begin_due()
            try:
                async with asyncio.timeout(_LONGEST_WAIT_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        """End what is being sent: it is tried again after the next start."""
        await self._errands.stop()

    async def test(self, channel: Channel) -> ChannelTest:
        """Send a test message at once, and tell what became of it."""
        began = time.monotonic()
        message = trial(f"ntf_{token_hex(8)}", channel.body.name, format_ms(self._now_ms()))
        error = await self._sent(channel, message)
        took_ms = round((time.monotonic() - began) * 1000)
        now_ms = None if error else self._now_ms()
        await self._storage.write(_reached(channel.id, now_ms, error))
        self._channels.told(channel.id, now_ms, error)
        return ChannelTest(delivered=error is None, message=error or "delivered", duration_ms=took_ms)

    def _begin_due(self) -> None:
        now_ms = self._now_ms()
        for channel_id, at_ms in list(self._look_ms.items()):
            if at_ms <= now_ms and channel_id not in self._busy:
                self._begin(channel_id)

    def _begin(self, channel_id: str) -> None:
        channel = self._channels.get(channel_id)
        del self._look_ms[channel_id]
        # Of a channel that is off everything waits, at most for a day.
        if channel is not None:
            self._busy.add(channel_id)
            self._errands.start(self._serve(channel), f"notify-{channel_id}")

    async def _serve(self, channel: Channel) -> None:
        try:
            next_ms = await self._deliver(channel)
        except StorageError as exc:
            log.warning("notifications cannot be read or marked", extra={"reason": exc.reason})
            next_ms = self._now_ms() + _RETRY_STORAGE_MS
        finally:
            self._busy.discard(channel.id)
        if next_ms is not None:
            self._look_ms.setdefault(channel.id, next_ms)
        self._wake.set()

    async def _deliver(self, channel: Channel) -> int | None:
        """Deliver one message at most; return when to look again."""
        rows = await self._storage.read(sql.waiting_notifications(channel.id, _READ_AT_ONCE))
        now_ms = self._now_ms()
        expired = [row for row in rows if now_ms - row.created_ms > GIVE_UP_AFTER_MS]
        if expired:
            await self._give_up(channel, expired)
            return now_ms
        current = self._channels.get(channel.id)
        if current is None or not current.body.enabled:
            # Looked at again when it is on; what is a day old by then is given up.
            return now_ms + GIVE_UP_AFTER_MS // 24 if rows and current else None
        sent_ms = self._sent_ms.setdefault(channel.id, deque(maxlen=_REMEMBERED))
        batch = next_batch(rows, now_ms, sent_ms)
        if not batch.chosen:
            return batch.next_ms
        chosen = [rows[at] for at in batch.chosen]
        message = replace(gathered([row.body for row in chosen]), sent_at=format_ms(now_ms))
        error = await self._sent(current, message)
        sent_ms.append(self._now_ms())
        await self._noted(current, chosen, error)
        return self._now_ms()

    async def _noted(self, channel: Channel, rows: Sequence[NotificationRow], error: str | None) -> None:
        now_ms = self._now_ms()
        ids = [row.id for row in rows]
        self.delivered += error is None
        self.failed += error is not None
        if error is None:
            await self._storage.write(_delivered(channel.id, ids, now_ms))
            self._channels.told(channel.id, now_ms, None)
            return
        due_ms = now_ms + retry_ms(max(row.attempts for row in rows) + 1)
        await self._storage.write(_failed(channel.id, ids, due_ms, error))
        if channel.row.last_error is None:
            log.warning("a notification is not taken", extra={"channel_id": channel.id, "reason": error})
        self._channels.told(channel.id, None, error)

    async def _give_up(self, channel: Channel, rows: Sequence[NotificationRow]) -> None:
        log.error("notifications are given up", extra={"channel_id": channel.id, "count": len(rows)})
        await self._storage.write(sql.notifications_given_up([row.id for row in rows]))

    async def _sent(self, channel: Channel, message: Notification) -> str | None:
        """Send a message; return why it was not taken."""
        try:
            secrets = self._channels.secrets(channel)
            where = destination(secrets.url)
            if where.kind == "webhook":
                await self._webhooks.send(where, secrets.secret, message, self._now_ms() // 1000)
            else:
                await apprise.send(where.url, message)
        except (DeliveryError, DestinationError) as exc:
            return str(exc)
        except UnsealError:
            return "its address was sealed with another secret of the hub: enter it again"
        return None


def _delivered(channel_id: str, ids: Sequence[str], now_ms: int) -> Script[None]:
    yield from sql.notifications_delivered(ids, now_ms)
    yield from channel_reached(channel_id, now_ms)


def _failed(channel_id: str, ids: Sequence[str], due_ms: int, error: str) -> Script[None]:
    yield from sql.notifications_failed(ids, due_ms)
    yield from channel_failed(channel_id, error)


def _reached(channel_id: str, now_ms: int | None, error: str | None) -> Script[None]:
    if now_ms is not None:
        yield from channel_reached(channel_id, now_ms)
    else:
        yield from channel_failed(channel_id, error or "")
