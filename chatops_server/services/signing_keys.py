"""The keys that sign access tokens: the newest signs, those before are good until their last token ends."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
_PURPOSE: Final = b"chatops: access tokens"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key; `kid` stands in the tokens it signed (RFC 7515, 4.1.4)."""

    kid: str
    secret: bytes = field(repr=False)
    ends_ms: int | None = None
    """From when it is good for nothing, Unix ms; None: it is in use."""


class KeyRing:
    """The keys, the newest first. For the event loop's thread only."""

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self._keys = tuple(keys)
        if not self._keys:
            raise ValueError("a ring has at least one key")

    @classmethod
    def of(cls, *secrets: str) -> "KeyRing":
        """Return keys derived from secrets that several hubs share; the first one signs."""
        return cls(derived(secret) for secret in secrets)

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._keys[0]

    def find(self, kid: object, now_ms: int) -> SigningKey | None:
        """Return the key of this id; None where it is unknown, over, or no text at all."""
        for key in self._keys:
            if key.kid == kid and (key.ends_ms is None or now_ms < key.ends_ms):
                return key
        return None

    def replace(self, other: "KeyRing") -> bool:
        """Take over another ring's keys; return whether another one signs now."""
        before, self._keys = self._keys, other._keys  # noqa: SLF001 - of our own class
        return before[0].kid != self._keys[0].kid


def derived(secret: str) -> SigningKey:
    """Return the key that follows from a secret, the same on every hub."""
    key = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_PURPOSE).derive(secret.encode())
    return SigningKey(kid_of(key), key)


def kid_of(key: bytes) -> str:
    """Return a key's id: it tells nothing of the key."""
    return sha256(_PURPOSE + b" id " + key).hexdigest()[:16]
