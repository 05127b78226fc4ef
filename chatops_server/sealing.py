"""Secrets in the database, sealed with a key that is not in it: whoever copies the database learns none."""

import base64
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE: Final = b"chatops: secrets in the database"


class UnsealError(Exception):
    """What was sealed cannot be read: it was altered, or the hub's secret is another one."""


class Sealer:
    """Seals with a key derived from the hub's secret, so that hubs which share that read each other's.

    A hub that gets another secret (CHATOPS_SECRET, another data directory) cannot read what it sealed before.
    """

    def __init__(self, secret: str) -> None:
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, text: str) -> str:
        """Return the text as it is kept: encrypted, authenticated, different each time."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """Return what was sealed.

        Raises:
            UnsealError: It was altered or sealed with another secret.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError) as exc:
            raise UnsealError from exc
