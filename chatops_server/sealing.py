"""Secrets in the database, sealed with a key that is not in it: whoever copies the database learns none."""

import base64
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE: Final = b"chatops: secrets in the database"


class UnsealError(Exception):
    """What was sealed cannot be read: it was altered, or the hub's secret is another one."""


class Sealer:
    """Seals with a key derived from the hub's secret, so that hubs which share that read each other's.

    A hub that gets another secret (CHATOPS_SECRET, another data directory) reads what it sealed before only
    where it is told the previous one too.
    """

    def __init__(self, secret: str, *previous: str) -> None:
        self._fernet = _fernet(secret)
        self._before = [_fernet(each) for each in previous]

    def seal(self, text: str) -> str:
        """Return the text as it is kept: encrypted, authenticated, different each time."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def unseal(self, sealed: str) -> str:
        """Return what was sealed.

        Raises:
            UnsealError: It was altered or sealed with another secret.
        """
        try:
            return MultiFernet([self._fernet, *self._before]).decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError) as exc:
            raise UnsealError from exc

    def is_current(self, sealed: str) -> bool:
        """Return whether the present secret alone opens it."""
        try:
            self._fernet.decrypt(sealed.encode())
        except (InvalidToken, UnicodeError):
            return False
        return True


def _fernet(secret: str) -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
