"""Signs requests for machines that ask for it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from chatops_tui.client.errors import SigningError
from chatops_wire.signing import LIFETIME_S, Request, Signature, Terms, message_bytes, sshsig_blob
from chatops_wire.times import format_ms

_NONCE_BYTES: Final = 16


class Key(Protocol):
    """A private key, here or in ssh-agent."""

    @property
    def fingerprint(self) -> str:
        """How it is named."""
        ...

    async def sign(self, message: bytes, blob: bytes) -> bytes:
        """Return the Ed25519 signature of a message, whose blob in OpenSSH's format is given too."""
        ...


@dataclass(frozen=True)
class Signer:
    """One key and a clock."""

    key: Key
    now_ms: Callable[[], int]

    async def sign(self, request: Request) -> Signature:
        """Return a signature that is good for LIFETIME_S.

        Raises:
            SigningError: The key does not sign.
        """
        now_ms = self.now_ms()
        ends_ms = now_ms + int(LIFETIME_S * 1000)
        terms = Terms(secrets.token_hex(_NONCE_BYTES), format_ms(now_ms), format_ms(ends_ms))
        message = message_bytes(request, terms)
        return Signature(
            signer=self.key.fingerprint,
            nonce=terms.nonce,
            issued_at=terms.issued_at,
            expires_at=terms.expires_at,
            sig=await self.key.sign(message, sshsig_blob(message)),
        )


def open_key(path: Path, passphrase: Callable[[], str]) -> Key:
    """Return the key a path names: a private key, or the public half of one that ssh-agent holds.

    Raises:
        SigningError: It is neither.
    """
    # Not above: only who signs needs them.
    if path.suffix == ".pub":
        from chatops_tui.signing.ssh_key import read_public  # noqa: PLC0415

        return read_public(path)
    try:
        from chatops_tui.signing.key_file import read_key  # noqa: PLC0415
    except ImportError as exc:
        raise SigningError("signing with a key file needs the package cryptography") from exc
    return read_key(path, passphrase)
