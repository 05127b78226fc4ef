"""Which key signs: the one of the settings, else the one `chatops keys new` made."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from chatops_tui.client.errors import SigningError
from chatops_tui.client.signatures import Sign
from chatops_tui.config import Settings, config_dir
from chatops_tui.signing.signer import Signer, open_key
from chatops_wire.signing import Request, Signature

KEY_NAME: Final = "signing_key"
PASSPHRASE_VARIABLE: Final = "CHATOPS_KEY_PASSPHRASE"  # noqa: S105 - a name, no secret


def key_path(settings: Settings) -> Path:
    """Return where the key is, or is to be."""
    chosen = settings.signing_key
    return Path(chosen).expanduser() if chosen else config_dir() / KEY_NAME


def chosen_sign(settings: Settings, now_ms: Callable[[], int], ask: Callable[[], str]) -> Sign | None:
    """Return what signs; None where no key was chosen and none was made.

    The key is read when it is first needed.

    Args:
        settings: Name the key.
        now_ms: Unix milliseconds.
        ask: Returns the passphrase, or raises SigningError; not called on the event loop's thread.
    """
    path = key_path(settings)
    if not settings.signing_key and not path.exists():
        return None
    return _Lazily(path, now_ms, ask)


def from_environment(environ: Mapping[str, str] = os.environ) -> str:
    """Return the passphrase of CHATOPS_KEY_PASSPHRASE.

    Raises:
        SigningError: It is not set; the sentence says what else can be done.
    """
    passphrase = environ.get(PASSPHRASE_VARIABLE)
    if passphrase is None:
        raise SigningError(
            f"the signing key has a passphrase: set {PASSPHRASE_VARIABLE},"
            " or add the key to ssh-agent and name its .pub file by --signing-key"
        )
    return passphrase


class _Lazily:
    def __init__(self, path: Path, now_ms: Callable[[], int], ask: Callable[[], str]) -> None:
        self._path, self._now_ms, self._ask = path, now_ms, ask
        self._signer: Signer | None = None
        # Two requests at once ask for one passphrase.
        self._opening = asyncio.Lock()

    async def __call__(self, request: Request) -> Signature:
        async with self._opening:
            if self._signer is None:
                key = await asyncio.to_thread(open_key, self._path, self._ask)
                self._signer = Signer(key, self._now_ms)
        return await self._signer.sign(request)
