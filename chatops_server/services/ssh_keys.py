"""The public keys by which people reach the UI over ssh; the private ones never come here."""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from chatops_server.domain.permissions import Principal
from chatops_server.errors import ConflictError, InvalidRequestError, NotFoundError
from chatops_server.services.access import Caller
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.services.user_directory import UserDirectory
from chatops_server.storage.base import Script, Storage, UniqueViolationError
from chatops_server.storage.sql.ssh_keys import (
    SshKeyRow,
    add_ssh_key,
    remove_ssh_key,
    ssh_key,
    ssh_key_used,
    ssh_keys_of,
)
from chatops_server.storage.sql.users import UserRow
from chatops_wire.rest_ssh_keys import SshKeyCreate, SshKeyView
from chatops_wire.times import format_ms

# Of one user: a laptop, a phone, a token or two.
MOST_KEYS: Final = 50
_LEAST_RSA_BITS: Final = 2048
_MOST_NAME: Final = 128


class SshKeys:
    """Lists, adds and removes a user's own keys, and knows whose a key is."""

    def __init__(
        self, storage: Storage, ledger: Ledger, directory: UserDirectory, now_ms: Callable[[], int]
    ) -> None:
        self._storage = storage
        self._ledger = ledger
        self._directory = directory
        self._now_ms = now_ms

    async def listed(self, principal: Principal) -> list[SshKeyView]:
        """Return the user's own keys, oldest first."""
        return [_view(row) for row in await self._storage.read(ssh_keys_of(principal.user_id))]

    async def add(self, body: SshKeyCreate, principal: Principal, caller: Caller) -> SshKeyView:
        """Let the holder of a key in as this user.

        Raises:
            InvalidRequestError: It is no public key, or too weak a one.
            ConflictError: The user has it already, or as many as may be.
        """
        line, comment = _parsed(body.public_key)
        if len(await self._storage.read(ssh_keys_of(principal.user_id))) >= MOST_KEYS:
            raise ConflictError(f"a user has at most {MOST_KEYS} keys")
        row = SshKeyRow(
            f"ssh_{secrets.token_hex(8)}",
            principal.user_id,
            (body.name or comment)[:_MOST_NAME],
            line,
            fingerprint(_blob(line)),
            self._now_ms(),
        )
        deed = Deed("ssh_key.create", caller, target=row.fingerprint, data={"name": row.name})
        try:
            await self._ledger.commit(add_ssh_key(row), deed)
        except UniqueViolationError as exc:
            raise ConflictError("public_key: you have this key already") from exc
        return _view(row)

    async def remove(self, key_id: str, principal: Principal, caller: Caller) -> None:
        """Take a key back; windows that are open stay until they are closed.

        Raises:
            NotFoundError: It is none of theirs.
        """
        deed = Deed("ssh_key.delete", caller, target=key_id)
        await self._ledger.commit(_removed(principal.user_id, key_id), deed)

    async def holder(self, username: str, blob: bytes) -> UserRow | None:
        """Return the active user of this name who has this key; None where there is none."""
        user = self._directory.named(username)
        # Asked for unknown users too, so that the answer takes as long.
        row = await self._storage.read(ssh_key(user.id if user else "", fingerprint(blob)))
        if row is None or user is None or not user.active or _blob(row.line) != blob:
            return None
        return user

    async def used(self, user_id: str, blob: bytes) -> None:
        """Note that a user came in by a key."""
        row = await self._storage.read(ssh_key(user_id, fingerprint(blob)))
        if row is not None:
            await self._storage.write(ssh_key_used(row.id, self._now_ms()))


def fingerprint(blob: bytes) -> str:
    """Return what `ssh-keygen -l` shows of a key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _removed(user_id: str, key_id: str) -> Script[None]:
    if not (yield from remove_ssh_key(user_id, key_id)):
        raise NotFoundError("no such key")


def _parsed(text: str) -> tuple[str, str]:
    """Return algorithm and key as one line, and the comment."""
    words = text.split(maxsplit=2)
    if len(words) < 2 or "PRIVATE" in text:  # noqa: PLR2004 - algorithm and key
        raise InvalidRequestError("public_key: expected one line of a .pub file: ssh-ed25519 AAAA...")
    line = f"{words[0]} {words[1]}"
    try:
        key = load_ssh_public_key(line.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm, UnicodeError) as exc:
        raise InvalidRequestError("public_key: that is no ed25519, ecdsa or rsa key") from exc
    if isinstance(key, RSAPublicKey) and key.key_size < _LEAST_RSA_BITS:
        raise InvalidRequestError(f"public_key: an rsa key has at least {_LEAST_RSA_BITS} bits")
    comment = "".join(letter for letter in words[2] if letter.isprintable()) if len(words) > 2 else ""  # noqa: PLR2004 - likewise
    return line, comment.strip()


def _blob(line: str) -> bytes:
    try:
        return base64.b64decode(line.split()[1], validate=True)
    except (binascii.Error, IndexError):
        return b""


def _view(row: SshKeyRow) -> SshKeyView:
    return SshKeyView(
        id=row.id,
        name=row.name,
        public_key=row.line,
        fingerprint=row.fingerprint,
        created_at=format_ms(row.created_ms),
        last_used_at=None if row.last_used_ms is None else format_ms(row.last_used_ms),
    )
