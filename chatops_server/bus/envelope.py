"""How messages travel: packed where that is worth it, and sealed for the hubs that share a secret."""

import secrets
import zlib
from collections.abc import Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chatops_server.bus.base import MAX_PAYLOAD_BYTES

_PURPOSE: Final = b"chatops: messages between hubs"
# Below this zlib costs more than the bytes it saves are worth on a wire between hubs.
PACKED_FROM_BYTES: Final = 4 * 1024
# What AES-GCM wants (NIST SP 800-38D, 8.2).
_NONCE_BYTES: Final = 12
_PLAIN: Final = b"\x00"
_PACKED: Final = b"\x01"


class EnvelopeError(Exception):
    """Not a message of a hub with this secret, or one that was altered or meant for another subject."""


class Envelope:
    """Seals with a key derived from the secret that the hubs share.

    Whoever reaches NATS could otherwise have every machine do what it likes. The subject is bound in, so that
    a message cannot be moved to another one.
    """

    def __init__(self, secret: str, *previous: str) -> None:
        self._ciphers = [_cipher(each) for each in (secret, *previous)]

    def seal(self, subject: str, payload: bytes) -> bytes:
        """Return what goes over the wire."""
        body = _PLAIN + payload
        if len(payload) >= PACKED_FROM_BYTES:
            body = _PACKED + zlib.compress(payload, 1)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, body, subject.encode())

    def open(self, subject: str, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            EnvelopeError: It cannot be read, or is larger than a message may be.
        """
        nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        for opened in self._opened(nonce, body, subject.encode()):
            return _unpacked(opened)
        raise EnvelopeError("it was sealed with another secret")

    def _opened(self, nonce: bytes, body: bytes, subject: bytes) -> Iterator[bytes]:
        for cipher in self._ciphers:
            try:
                yield cipher.decrypt(nonce, body, subject)
            except (InvalidTag, ValueError):
                continue


def _unpacked(body: bytes) -> bytes:
    if body[:1] != _PACKED:
        return body[1:]
    unpacking = zlib.decompressobj()
    try:
        payload = unpacking.decompress(body[1:], MAX_PAYLOAD_BYTES)
    except zlib.error as exc:
        raise EnvelopeError("it cannot be unpacked") from exc
    if not unpacking.eof:
        raise EnvelopeError("it is too large")
    return payload


def _cipher(secret: str) -> AESGCM:
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode()))
