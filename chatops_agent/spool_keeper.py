"""Carries samples to the spool's folder and back, on a thread of its own: no disk holds the agent up."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

from chatops_agent.disk_spool import DiskSpool
from chatops_agent.episodes import Episode
from chatops_agent.lanes import Lane, LaneBusyError
from chatops_agent.segments import EPOCH_BYTES
from chatops_agent.spool import pack
from chatops_agent.spool_files import Bounds, SpoolFiles, SpoolInUseError

log = logging.getLogger(__name__)

T = TypeVar("T")

# What a power cut may take. More often would wear out SD cards.
SYNC_EVERY_S: Final = 60.0
# A disk that needs longer is as good as none: samples go on from memory.
_STEP_WITHIN_S: Final = 5.0
# An hour's outage is read in a fraction of this, however the disk is.
_OPEN_WITHIN_S: Final = 15.0
# Of the 5 s that the program has to end.
_CLOSE_WITHIN_S: Final = 1.5
_FOLDER: Final = "spool"


class SpoolKeeper:
    """An opened folder, its spool, and the thread that works in it."""

    def __init__(self, files: SpoolFiles, lane: Lane) -> None:
        """Prepare; `open` comes first."""
        self._files = files
        self._lane = lane
        # One step at a time; who waits is served in turn.
        self._turn = asyncio.Lock()
        self._asked = asyncio.Event()
        self._spool: DiskSpool | None = None
        self._job: asyncio.Future[Any] | None = None
        self._episode = Episode(
            log, "samples cannot be saved and are kept in memory", "samples are saved again"
        )

    @property
    def spool(self) -> DiskSpool:
        """What the outbox reads."""
        assert self._spool is not None, "not opened"  # noqa: S101 - a defect of ours
        return self._spool

    async def open(self) -> None:
        """Find out what an earlier process left.

        Raises:
            SpoolInUseError: Another agent has the folder.
            OSError: It cannot be used, or not in time.
        """
        async with asyncio.timeout(_OPEN_WITHIN_S):
            opened = await self._lane.run(self._files.open)
        self._spool = DiskSpool(opened, new_epoch, self._asked.set)

    async def save(self, body: bytes) -> None:
        """Write a sample, after those that could not be written before. Never raises.

        Only then is it handed to the outbox: what is not on disk may not use a sequence up.
        """
        spool = self.spool
        records = [*spool.unsaved(), (spool.next_seq, pack(body))]
        view = await self._step(partial(self._files.append, spool.owner, records))
        if view is None:
            return
        spool.saved(view)
        if view.failure is None:
            self._episode.recover()
        else:
            self._episode.fail("disk", reason=view.failure)

    async def serve(self, notify: Callable[[], None]) -> NoReturn:
        """Read and delete segments as they are asked for, and sync once a minute, until cancelled.

        Args:
            notify: Called when the outbox may have something to send.
        """
        loop = asyncio.get_running_loop()
        sync_at = loop.time() + SYNC_EVERY_S
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(sync_at):
                    await self._asked.wait()
            self._asked.clear()
            if loop.time() >= sync_at:
                await self._step(self._files.sync)
                sync_at = loop.time() + SYNC_EVERY_S
            await self._read()
            notify()
            if self.spool.has_obsolete:
                view = await self._step(partial(self._files.trim, self.spool.trimmed))
                if view is not None:
                    self.spool.saved(view)

    async def close(self) -> None:
        """Sync and give the folder back, within 1.5 s."""
        with suppress(TimeoutError, LaneBusyError):
            async with asyncio.timeout(_CLOSE_WITHIN_S), self._turn:
                if self._job is not None:
                    # Whoever waited for it was cancelled.
                    await asyncio.wait({self._job})
                next_seq = self._spool.next_seq if self._spool else None
                await self._lane.run(partial(self._files.close, next_seq))
        self._lane.close()

    async def _read(self) -> None:
        spool = self.spool
        first, epoch = spool.wanted, spool.epoch
        if first is None:
            return
        records = await self._step(partial(self._files.load, first))
        if records is None:
            # The disk is slow, or busy with a sample; what waits there is not lost.
            await asyncio.sleep(_STEP_WITHIN_S)
            self._asked.set()
        elif epoch == spool.epoch:
            spool.loaded(first, records)

    async def _step(self, job: Callable[[], T]) -> T | None:
        """Return what the job returns; None when it fails or does not come back in time."""
        async with self._turn:
            try:
                running = asyncio.ensure_future(self._lane.run(job))
                self._job = running
                async with asyncio.timeout(_STEP_WITHIN_S):
                    return await asyncio.shield(running)
            except (TimeoutError, LaneBusyError):
                self._episode.fail("slow", reason=f"the disk does not answer within {_STEP_WITHIN_S:g} s")
            except OSError as exc:
                self._episode.fail("disk", reason=exc.strerror or str(exc))
        return None


async def open_spool(data_dir: Path, max_mb: int) -> SpoolKeeper | None:
    """Open the spool in the data directory; None, which is logged, where that cannot be used."""
    folder, lane = data_dir / _FOLDER, Lane("spool")
    keeper = SpoolKeeper(SpoolFiles(folder, Bounds(max_mb * 1024 * 1024), new_epoch), lane)
    try:
        await keeper.open()
    except (SpoolInUseError, OSError) as exc:
        await keeper.close()
        log.warning(
            "samples are kept in memory only, and are lost when the agent ends",
            extra={"data_dir": str(data_dir), "reason": _reason(exc)},
        )
        return None
    return keeper


def new_epoch() -> str:
    """Return a name that no other spool has."""
    return secrets.token_hex(EPOCH_BYTES)


def _reason(exc: Exception) -> str:
    if isinstance(exc, SpoolInUseError):
        return "another agent is using this folder"
    if isinstance(exc, TimeoutError):
        return f"the disk does not answer within {_OPEN_WITHIN_S:g} s"
    return exc.strerror or str(exc) if isinstance(exc, OSError) else str(exc)
