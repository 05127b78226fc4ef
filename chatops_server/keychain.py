"""The hub's own secrets put together: what signs tokens, and what seals in the database and between hubs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chatops_server.bus.envelope import Envelope
from chatops_server.sealing import Sealer
from chatops_server.secret_file import kept_secret
from chatops_server.services.signing_keys import KeyRing
from chatops_server.token_keys import TokenKeysFile


@dataclass(frozen=True, slots=True)
class Keychain:
    """All of them, and the file of the signing keys where they are this hub's own."""

    ring: KeyRing
    sealer: Sealer
    file: TokenKeysFile | None
    envelope: Envelope
    """For messages to other hubs."""


def open_keychain(
    secret: str | None, previous: str | None, data_dir: Path, now_ms: Callable[[], int]
) -> Keychain:
    """Return the hub's secrets; blocks for small files.

    Args:
        secret: What several hubs share; None: the one kept in the data directory.
        previous: What they shared before: tokens it signed are good, and what it sealed is read.
        data_dir: Where the hub keeps its state.
        now_ms: Unix ms.

    Raises:
        SettingError: A file cannot be read or written.
    """
    before = (previous,) if previous else ()
    if secret:
        return Keychain(KeyRing.of(secret, *before), Sealer(secret, *before), None, Envelope(secret, *before))
    file, own = TokenKeysFile(data_dir, now_ms), kept_secret(data_dir)
    return Keychain(file.ring(), Sealer(own, *before), file, Envelope(own, *before))
