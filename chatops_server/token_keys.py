"""The keys that sign access tokens, in the data directory: changed while the hub runs, nobody logged out."""

import asyncio
import fcntl
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_bytes
from typing import Final

import msgspec

from chatops_server.private_file import write_private
from chatops_server.services.access import Caller
from chatops_server.services.access_tokens import ACCESS_TOKEN_S
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.signing_keys import KEY_BYTES, KeyRing, SigningKey, kid_of
from chatops_wire.settings import SettingError

log = logging.getLogger(__name__)

_NAME: Final = "token_keys.json"
_LOOK_EVERY_S: Final = 3.0
# A hub that runs goes on signing with the key before until it looks; then its last token has its time.
_GRACE_MS: Final = (ACCESS_TOKEN_S + 60) * 1000
# A key that leaked unseen is worth something for this long.
_MOST_AGE_MS: Final = 90 * 24 * 3600 * 1000
_MAX_BYTES: Final = 1 << 20


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    secret: str
    """Base64."""
    made_ms: int
    ends_ms: int | None = None


class TokenKeysFile:
    """The file; every method blocks for it."""

    def __init__(self, data_dir: Path, now_ms: Callable[[], int]) -> None:
        self._path = data_dir / _NAME
        self._now_ms = now_ms

    @property
    def stamp(self) -> tuple[int, int]:
        """What differs once the file was changed."""
        try:
            there = self._path.stat()
        except OSError:
            return (0, 0)
        return (there.st_mtime_ns, there.st_ino)

    def ring(self) -> KeyRing:
        """Return the keys, making the first one.

        Raises:
            SettingError: The file cannot be read or written, or holds no keys.
        """
        with self._alone():
            kept = self._read() or self._write([self._new()])
        return KeyRing(_key(each) for each in kept)

    def rotate(self, *, forget: bool = False) -> str:
        """Have a new key sign; return its id.

        Args:
            forget: Whether those before end at once, and with them the access tokens they signed.

        Raises:
            SettingError: As for `ring`.
        """
        with self._alone():
            now_ms = self._now_ms()
            before = [] if forget else [_ending(each, now_ms + _GRACE_MS) for each in self._read()]
            still = [each for each in before if each.ends_ms is None or each.ends_ms > now_ms]
            kept = self._write([self._new(), *still])
        return _key(kept[0]).kid

    def is_due(self) -> bool:
        """Return whether the key that signs has done so for long."""
        kept = self._read()
        return bool(kept) and self._now_ms() - kept[0].made_ms > _MOST_AGE_MS

    def _new(self) -> _Kept:
        return _Kept(secret=b64encode(token_bytes(KEY_BYTES)).decode(), made_ms=self._now_ms())

    def _read(self) -> list[_Kept]:
        try:
            if not self._path.exists():
                return []
            # Copied about, it may have become readable to others.
            self._path.chmod(0o600)
            with self._path.open("rb") as file:
                kept = msgspec.json.decode(file.read(_MAX_BYTES), type=list[_Kept])
            lengths = {len(b64decode(each.secret)) for each in kept}
        except (OSError, ValueError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it holds no keys"
            raise SettingError(f"--data-dir: {str(self._path)!r}: {reason}") from exc
        if lengths != {KEY_BYTES}:
            raise SettingError(f"--data-dir: {str(self._path)!r}: it holds no keys")
        return kept

    def _write(self, kept: list[_Kept]) -> list[_Kept]:
        try:
            write_private(self._path, msgspec.json.encode(kept))
        except OSError as exc:
            raise SettingError(f"--data-dir: {str(self._path)!r}: {exc.strerror}") from exc
        return kept

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold off others that change it: `secret rotate` beside a hub that runs."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise SettingError(f"--data-dir: {str(self._path.parent)!r}: {exc.strerror}") from exc
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


class TokenKeysKeeper:
    """Has a running hub take over what was changed, and changes a key that has signed for long."""

    def __init__(self, file: TokenKeysFile, ring: KeyRing, ledger: Ledger) -> None:
        self._file = file
        self._ring = ring
        self._ledger = ledger
        self._stamp: tuple[int, int] | None = None

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def look(self) -> None:
        """Take over what is in the file; a new key is audited."""
        try:
            ring = await asyncio.to_thread(self._changed)
        except SettingError as exc:
            log.warning("the keys that sign tokens cannot be read", extra={"reason": str(exc)})
            return
        if ring is not None and self._ring.replace(ring):
            log.info("another key signs access tokens", extra={"kid": ring.current.kid})
            await self._ledger.note(Deed("secret.rotate", Caller(None, None), target=ring.current.kid))

    def _changed(self) -> KeyRing | None:
        if self._file.is_due():
            self._file.rotate()
        stamp = self._file.stamp
        if stamp == self._stamp:
            return None
        ring = self._file.ring()
        self._stamp = stamp
        return ring


def _key(kept: _Kept) -> SigningKey:
    secret = b64decode(kept.secret)
    return SigningKey(kid_of(secret), secret, kept.ends_ms)


def _ending(kept: _Kept, ends_ms: int) -> _Kept:
    return kept if kept.ends_ms is not None else msgspec.structs.replace(kept, ends_ms=ends_ms)
