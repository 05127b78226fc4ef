"""Pins: a hub's certificate named by its SHA-256, for teams without an authority that signs it."""

import hashlib
import re
from typing import Final

PREFIX: Final = "sha256:"
_DIGEST_BYTES: Final = 32
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def pin_of(certificate: bytes) -> str:
    """Return the pin of a certificate (DER)."""
    return PREFIX + hashlib.sha256(certificate).hexdigest()


def parse_pin(text: str) -> bytes:
    """Return the 32 bytes a pin stands for; colons as OpenSSL writes them, and no prefix, are fine too.

    Raises:
        ValueError: It is no SHA-256 in hexadecimal.
    """
    plain = text.strip().lower().removeprefix(PREFIX).replace(":", "")
    if _HEX.fullmatch(plain) is None:
        raise ValueError(f"expected {PREFIX} and {2 * _DIGEST_BYTES} hexadecimal digits")
    return bytes.fromhex(plain)
