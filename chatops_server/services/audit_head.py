"""Notes the newest audit entry outside the database, where a log whose end was cut off is found by it."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from chatops_server.domain.audit_chain import AuditEntry
from chatops_server.errors import StorageError
from chatops_server.storage.base import Storage
from chatops_server.storage.sql.audit import Head, add_audit, audit_head, missing_head
from chatops_wire.times import format_ms

log = logging.getLogger(__name__)

# A note takes a file; entries of one second share it. What a kill leaves unnoted is as little.
EVERY_S: Final = 1.0
# The log often leaves the machine, so it says the number as well: a few lines a day.
TOLD_EVERY_MS: Final = 3600 * 1000


class Notebook(Protocol):
    """Where heads are noted; both may block and raise OSError or SettingError."""

    def noted(self) -> Head | None:
        """Return what was noted last."""

    def note(self, head: Head) -> None:
        """Note this one instead."""


class AuditHead:
    """Follows the log of one hub."""

    def __init__(
        self, storage: Storage, notebook: Notebook, grown: asyncio.Event, now_ms: Callable[[], int]
    ) -> None:
        """`grown` is set by whoever adds an entry."""
        self._storage = storage
        self._notebook = notebook
        self._grown = grown
        self._now_ms = now_ms
        self._last: Head | None = None
        self._told_ms = 0

    async def check(self) -> None:
        """Write down, where everybody sees it, that the entry noted last is not there any more.

        Raises:
            StorageError: The database does not answer.
            SettingError: The note cannot be read.
        """
        known = await asyncio.to_thread(self._notebook.noted)
        wrong = await self._storage.read(missing_head(known)) if known else None
        if known is None or wrong is None:
            return
        log.error("the audit log was altered while the hub did not run", extra={"reason": wrong})
        entry = AuditEntry(
            ts=format_ms(self._now_ms()),
            action="audit.altered",
            result="failed",
            target=f"{known.id}:{known.hash}",
            address="console",
            data={"reason": wrong},
        )
        await self._storage.write(add_audit(entry))

    async def run(self) -> None:
        """Note every new head until cancelled."""
        while True:
            self._grown.clear()
            await self.flush()
            await asyncio.sleep(EVERY_S)
            await self._grown.wait()

    async def flush(self) -> None:
        """Note the newest entry; what cannot be noted is told to the log."""
        try:
            head = await self._storage.read(audit_head())
            if head is None or head == self._last:
                return
            await asyncio.to_thread(self._notebook.note, head)
        except (OSError, StorageError) as exc:
            log.warning("the newest audit entry is not noted", extra={"reason": str(exc)})
            return
        self._last = head
        now_ms = self._now_ms()
        if now_ms - self._told_ms >= TOLD_EVERY_MS:
            self._told_ms = now_ms
            log.info("newest audit entry", extra={"audit_head": f"{head.id}:{head.hash}"})
