"""An Ed25519 key in OpenSSH's file format: made, read, used."""

import getpass
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from chatops_tui.client.errors import SigningError
from chatops_wire.signing import fingerprint

Passphrase = Callable[[], str]
"""Asks a person for the passphrase of a key."""
_OTHERS: Final = 0o077


@dataclass(frozen=True)
class FileKey:
    """A key that was read from a file."""

    private: Ed25519PrivateKey

    @property
    def fingerprint(self) -> str:
        """How it is named."""
        return fingerprint(raw_public(self.private))

    async def sign(self, _message: bytes, blob: bytes) -> bytes:
        """Return the 64 bytes over the blob of OpenSSH's format."""
        return self.private.sign(blob)


def make_key(path: Path, passphrase: str) -> str:
    """Make a key, write it to `path` (0600) and its public line to `path`.pub; return that line.

    Raises:
        SigningError: There is a file already, or it cannot be written.
    """
    private = Ed25519PrivateKey.generate()
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, encryption)
    line = public_line(private, f"{getpass.getuser()}@{socket.gethostname()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, content, 0o600)
        try:
            _write_new(path.with_name(f"{path.name}.pub"), f"{line}\n".encode(), 0o644)
        except OSError:
            # A private key whose public half nobody was told is of no use, and in the way of the next one.
            path.unlink()
            raise
    except FileExistsError as exc:
        raise SigningError(f"{exc.filename} is there already; machines may know it, so it stays") from exc
    except OSError as exc:
        raise SigningError(f"{path}: {exc.strerror}") from exc
    return line


def read_key(path: Path, passphrase: Passphrase) -> FileKey:
    """Return the key of a file; asks for the passphrase where it has one.

    Raises:
        SigningError: It cannot be read, is open to others, is no Ed25519 key, or the passphrase is wrong.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _OTHERS:
                raise SigningError(f"{path} may be read by others: chmod 600 {path}")
            content = file.read(64 * 1024)
    except OSError as exc:
        raise SigningError(f"{path}: {exc.strerror}") from exc
    return FileKey(_private(path, content, passphrase))


def raw_public(private: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of the public key."""
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_line(private: Ed25519PrivateKey, comment: str) -> str:
    """Return the line for a machine's file of authorized signers."""
    line = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f"{line} {comment}"


def _private(path: Path, content: bytes, passphrase: Passphrase) -> Ed25519PrivateKey:
    try:
        try:
            key = load_ssh_private_key(content, None)
        except TypeError:
            # What cryptography raises when there is a passphrase and none was given.
            key = load_ssh_private_key(content, passphrase().encode())
    except (TypeError, ValueError, UnsupportedAlgorithm) as exc:
        # TypeError again: an empty passphrase.
        raise SigningError(f"{path}: no OpenSSH private key, or the wrong passphrase") from exc
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(f"{path}: not an Ed25519 key")
    return key


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
