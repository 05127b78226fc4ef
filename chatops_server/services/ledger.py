"""A change and its entries in audit log and timeline, in one transaction: neither without the other."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from chatops_server.domain.audit_chain import AuditEntry
from chatops_server.services.access import Caller
from chatops_server.services.events import Events
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql.audit import AuditFilter, AuditRow, add_audit, audit_matching
from chatops_server.storage.sql.events import EventRow, NewEvent, add_event
from chatops_wire.rest import AuditView
from chatops_wire.times import format_ms

T = TypeVar("T")

# A person who tries what they may not makes a few; a program that does must not fill the disk.
MOST_DENIALS: Final = 20


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, for the audit log; with `event` for the timeline too."""

    action: str
    """`noun.verb`, for instance `server.delete`."""
    caller: Caller
    target: str | None = None
    server_id: str | None = None
    result: str = "ok"
    data: Mapping[str, Any] = field(default_factory=dict)
    event: NewEvent | None = None
    user_id: str | None = None
    """Whom it is put down to when the caller is the hub itself, for what a user began earlier."""


class Ledger:
    """Writes deeds."""

    def __init__(self, storage: Storage, events: Events, now_ms: Callable[[], int]) -> None:
        self._storage = storage
        self._events = events
        self._now_ms = now_ms
        # Minute, entries in it and those left out since the last one, by user; there are no more than users.
        self._denials: dict[str, tuple[int, int, int]] = {}
        self._commit_listeners: list[Callable[[], object]] = []
        self.has_grown = asyncio.Event()
        """Set with every entry; whoever notes the newest one elsewhere clears it (services.audit_head)."""

    def on_commit(self, listener: Callable[[], object]) -> None:
        """Call `listener` after each commit; it may not block or raise."""
        self._commit_listeners.append(listener)

    async def commit(self, change: Script[T], deed: Deed | Callable[[T], Deed]) -> T:
        """Carry out a change and write it down; return what the change returned.

        A deed that only the change tells is made from what that returned. What the change raises rolls
        everything back and comes out here.
        """
        result, event = await self._storage.write(self._written(change, deed))
        self.has_grown.set()
        for listener in self._commit_listeners:
            listener()
        if event is not None:
            self._events.publish(event)
        return result

    async def note(self, deed: Deed) -> None:
        """Write down a deed that changed nothing here."""
        await self.commit(_nothing(), deed)

    async def denied(self, caller: Caller, target: str, server_id: str | None = None) -> None:
        """Write down that somebody asked for what is not theirs to do.

        So many a minute of one user; more are counted, and the next entry says how many.
        """
        user_id, minute = caller.user_id or "", self._now_ms() // 60_000
        since, noted, left_out = self._denials.get(user_id, (minute, 0, 0))
        if since != minute:
            noted = 0
        if noted >= MOST_DENIALS:
            self._denials[user_id] = (minute, noted, left_out + 1)
            return
        # Set before the wait, so that a flood is one minute's worth and no more.
        self._denials[user_id] = (minute, noted + 1, 0)
        data = {"left_out": left_out} if left_out else {}
        await self.note(Deed("access.denied", caller, target[:200], server_id, "forbidden", data))

    async def listed(self, wanted: AuditFilter) -> tuple[list[AuditView], int | None]:
        """Return the newest entries that match, and the cursor of those that follow."""
        rows = await self._storage.read(audit_matching(replace(wanted, limit=wanted.limit + 1)))
        shown = rows[: wanted.limit]
        cursor = shown[-1].id if len(rows) > wanted.limit else None
        return [_view(row) for row in shown], cursor

    def _written(
        self, change: Script[T], deed: Deed | Callable[[T], Deed]
    ) -> Script[tuple[T, EventRow | None]]:
        now_ms = self._now_ms()
        result = yield from change
        done = deed if isinstance(deed, Deed) else deed(result)
        yield from add_audit(_entry(done, now_ms))
        event = (yield from add_event(now_ms, done.event)) if done.event else None
        return result, event


def _nothing() -> Script[None]:
    yield from ()


def _entry(deed: Deed, now_ms: int) -> AuditEntry:
    return AuditEntry(
        ts=format_ms(now_ms),
        action=deed.action,
        result=deed.result,
        user_id=deed.user_id or deed.caller.user_id,
        target=deed.target,
        server_id=deed.server_id,
        address=deed.caller.address,
        data=deed.data,
    )


def _view(row: AuditRow) -> AuditView:
    entry = row.entry
    return AuditView(
        id=str(row.id),
        ts=entry.ts,
        user_id=entry.user_id,
        action=entry.action,
        target=entry.target,
        server_id=entry.server_id,
        result=entry.result,
        address=entry.address,
        data=dict(entry.data),
        prev_hash=row.prev_hash,
        hash=row.hash,
    )
