"""The spool's folder: segments of 1 MiB and a small state beside them. Blocking; for one thread.

Records are written before their sequences are used, and whole segments are deleted once they are
acknowledged, which also works where there is no room. Synced once a minute and at the end: a process that
is killed loses nothing, a power cut at most the last minute, which is then declared.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from chatops_agent.segments import (
    SLOT_BYTES,
    SLOTS,
    Opened,
    Owner,
    Record,
    Segment,
    State,
    View,
    decode_state,
    encode_record,
    encode_state,
    scan,
    segment_head,
)

SEGMENT_BYTES: Final = 1024 * 1024
# Sequences that may be used before the state is synced again. After a power cut as many at most are declared
# lost beyond those that really are.
RESERVE: Final = 16
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_SUFFIX: Final = ".segment"


class SpoolInUseError(Exception):
    """Another agent has this folder."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large the spool may become: beyond `total_bytes` its oldest segment goes."""

    total_bytes: int
    segment_bytes: int = SEGMENT_BYTES


def boot_id() -> str:
    """Return what names the time since the system started; empty where it does not tell."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""


class SpoolFiles:
    """One folder; the first call is `open`, the last `close`."""

    def __init__(
        self, folder: Path, bounds: Bounds, new_epoch: Callable[[], str], boot: Callable[[], str] = boot_id
    ) -> None:
        """Prepare.

        Args:
            folder: Made where it is missing.
            bounds: How large it may become.
            new_epoch: Called when there is no spool to go on with.
            boot: What names the time since the system started.
        """
        self._folder = folder
        self._bounds = bounds
        self._new_epoch = new_epoch
        self._boot = boot
        self._state = State("0" * 32)
        self._segments: list[Segment] = []
        self._saved = 0
        self._lock = self._state_file = self._active = -1

    def open(self) -> Opened:
        """Take the folder and find out what is in it.

        Raises:
            SpoolInUseError: Another process has it.
            OSError: It cannot be used.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise SpoolInUseError(str(self._folder)) from exc
        path = self._folder / "state"
        self._state_file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        before = decode_state(os.pread(self._state_file, SLOTS * SLOT_BYTES, 0))
        # Without it nobody knows which sequences were used: the spool is lost, and a new epoch begins.
        state = before or State(self._new_epoch())
        is_newest_whole = self._find_segments(state.epoch)
        boot = self._boot()
        next_seq = self._next_seq(state, is_exact=is_newest_whole and state.boot_id == boot != "")
        self._state = replace(state, boot_id=boot)
        if not self._segments and state.mode != "clean":
            # Whatever there was never came to disk.
            self._state = replace(self._state, dropped=next_seq - 1)
        self._write_state(next_seq, reserved=next_seq)
        _sync_folder(self._folder)
        return Opened(self._state, next_seq, tuple(self._segments))

    def append(self, owner: Owner, records: Sequence[Record]) -> View:
        """Save records, ascending; a full disk leaves out the rest of them, and is named in the answer."""
        try:
            if owner.epoch != self._state.epoch:
                self._start_over(owner)
            elif owner.server_id != self._state.server_id:
                self._state = replace(self._state, server_id=owner.server_id)
                self._write_state(records[0][0])
            for record in records:
                # One whose writer did not wait for it to come back may be there already.
                if record[0] > self._saved:
                    self._append(record)
            if self._state.mode != "on_disk":
                self._state = replace(self._state, mode="on_disk")
                self._write_state(records[-1][0] + 1)
        except OSError as exc:
            self._remember_used(records[-1][0])
            return self._view(exc.strerror or str(exc))
        return self._view()

    def load(self, first: int) -> tuple[Record, ...]:
        """Return what is whole in the segment that begins with this sequence.

        Raises:
            OSError: It cannot be read.
        """
        return scan(self._path(first).read_bytes(), self._state.epoch).records

    def trim(self, through: int) -> View:
        """Delete the segments that hold nothing beyond this sequence.

        Never the newest. And none while a hole behind it has not been told: nobody would know of it.
        """
        while len(self._segments) > 1 and self._segments[1].first - 1 <= through:
            with suppress(OSError):
                self._path(self._segments[0].first).unlink()
            del self._segments[0]
        return self._view()

    def sync(self) -> None:
        """Make what was written survive a power cut.

        Raises:
            OSError: The disk failed.
        """
        if self._active >= 0:
            os.fdatasync(self._active)

    def close(self, next_seq: int | None) -> None:
        """Sync everything and give the folder back. Idempotent; what fails is left to the next start.

        Args:
            next_seq: The first sequence that was not used; None where that is not known.
        """
        if self._state_file >= 0 and next_seq is not None:
            with suppress(OSError):
                self.sync()
                if self._state.mode == "on_disk":
                    self._state = replace(self._state, mode="clean")
                self._write_state(next_seq, reserved=next_seq)
        for file in (self._active, self._state_file, self._lock):
            if file >= 0:
                with suppress(OSError):
                    os.close(file)
        self._active = self._state_file = self._lock = -1

    def _next_seq(self, state: State, *, is_exact: bool) -> int:
        """Return a sequence that was never used.

        Args:
            state: As it was left.
            is_exact: Whether every record that was written is there: the system has not gone down since.
        """
        beyond = max((segment.last + 1 for segment in self._segments), default=0)
        if state.mode == "clean":
            return max(beyond, state.next_seq)
        if state.mode == "on_disk" and is_exact and self._segments:
            return max(beyond, state.next_seq)
        return max(beyond, state.next_seq, state.reserved)

    def _find_segments(self, epoch: str) -> bool:
        """List the segments of this epoch, delete all others; return whether the newest one is whole."""
        is_newest_whole = True
        for path in sorted(path for path in self._folder.iterdir() if path.suffix == _SUFFIX):
            found = scan(path.read_bytes(), epoch)
            is_newest_whole = found.is_whole
            if not found.records or not path.stem.isdecimal():
                path.unlink()
                continue
            # By its name: what stood before a damaged beginning is missing from it.
            self._segments.append(Segment(int(path.stem), found.records[-1][0], path.stat().st_size))
            self._saved = found.records[-1][0]
        return is_newest_whole

    def _start_over(self, owner: Owner) -> None:
        """Forget everything: from now on the samples are of another epoch, and perhaps another server."""
        self._close_active()
        for segment in self._segments:
            self._path(segment.first).unlink(missing_ok=True)
        self._segments.clear()
        self._saved = 0
        self._state = replace(self._state, epoch=owner.epoch, server_id=owner.server_id, dropped=0)
        self._write_state(1, reserved=1)

    def _append(self, record: Record) -> None:
        seq, raw = record[0], encode_record(record)
        if seq >= self._state.reserved:
            self.sync()
            self._write_state(seq, reserved=seq + RESERVE)
        if self._active < 0 or self._segments[-1].size + len(raw) > self._bounds.segment_bytes:
            self._begin_segment(seq)
        active = self._segments[-1]
        try:
            rest = memoryview(raw)
            while rest:
                rest = rest[os.write(self._active, rest) :]
        except OSError:
            # Half a record would make this segment look torn.
            with suppress(OSError):
                os.ftruncate(self._active, active.size)
            raise
        self._segments[-1] = replace(active, last=seq, size=active.size + len(raw))
        self._saved = seq

    def _begin_segment(self, seq: int) -> None:
        self._close_active()
        while self._segments and self._total() + self._bounds.segment_bytes > self._bounds.total_bytes:
            self._drop_oldest(seq)
        path, head = self._path(seq), segment_head(self._state.epoch)
        # Appending, so that what follows a truncation stands where that ended.
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            _must_be_whole(os.write(file, head), head)
            _sync_folder(self._folder)
        except OSError:
            os.close(file)
            path.unlink(missing_ok=True)
            raise
        self._active = file
        self._segments.append(Segment(seq, seq - 1, len(head)))

    def _close_active(self) -> None:
        if self._active >= 0:
            file, self._active = self._active, -1
            try:
                os.fdatasync(file)
            finally:
                os.close(file)

    def _drop_oldest(self, next_seq: int) -> None:
        oldest = self._segments[0]
        last = self._segments[1].first - 1 if len(self._segments) > 1 else oldest.last
        self._state = replace(self._state, dropped=max(self._state.dropped, last))
        self._write_state(next_seq)
        self._path(oldest.first).unlink(missing_ok=True)
        del self._segments[0]

    def _total(self) -> int:
        return sum(segment.size for segment in self._segments)

    def _remember_used(self, seq: int) -> None:
        """Keep a sequence that could not be saved from being used again; works where there is no room."""
        if self._state.mode == "in_memory" and seq < self._state.reserved:
            return
        self._state = replace(self._state, mode="in_memory")
        with suppress(OSError):
            self._write_state(seq, reserved=max(self._state.reserved, seq + RESERVE))

    def _write_state(self, next_seq: int, *, reserved: int | None = None) -> None:
        state = replace(
            self._state,
            next_seq=next_seq,
            reserved=self._state.reserved if reserved is None else reserved,
            generation=self._state.generation + 1,
        )
        slot = encode_state(state)
        _must_be_whole(os.pwrite(self._state_file, slot, state.generation % SLOTS * SLOT_BYTES), slot)
        os.fdatasync(self._state_file)
        self._state = state

    def _view(self, failure: str | None = None) -> View:
        return View(self._state.epoch, tuple(self._segments), self._saved, self._state.dropped, failure)

    def _path(self, first: int) -> Path:
        # 20 digits: what any sequence has at most, so that names sort as numbers do.
        return self._folder / f"{first:020d}{_SUFFIX}"


def _must_be_whole(written: int, content: bytes) -> None:
    if written < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
