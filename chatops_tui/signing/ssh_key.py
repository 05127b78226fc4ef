"""A key that ssh-agent holds, or a security key: OpenSSH signs with it (`ssh-keygen -Y sign`)."""

import asyncio
import base64
import re
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chatops_tui.client.errors import SigningError
from chatops_wire.signing import KEY_TYPE, NAMESPACE, fingerprint, parse_public_line

# A person may have to touch the key or confirm in their agent.
_SIGNED_WITHIN_S: Final = 60.0
_ARMOUR: Final = re.compile(rb"-----BEGIN SSH SIGNATURE-----(.+?)-----END SSH SIGNATURE-----", re.DOTALL)
_SIG_BYTES: Final = 64


@dataclass(frozen=True)
class SshKey:
    """A public key file whose private half OpenSSH finds."""

    path: Path
    public: bytes
    program: str
    """OpenSSH's ssh-keygen."""

    @property
    def fingerprint(self) -> str:
        """How it is named."""
        return fingerprint(self.public)

    async def sign(self, message: bytes, _blob: bytes) -> bytes:
        """Return the 64 bytes over the message in OpenSSH's format.

        Raises:
            SigningError: The agent of OpenSSH does not hold the key, or nobody confirmed.
        """
        process = await asyncio.create_subprocess_exec(
            self.program, "-Y", "sign", "-q", "-n", NAMESPACE, "-f", str(self.path),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_SIGNED_WITHIN_S):
                out, err = await process.communicate(message)
        except TimeoutError as exc:
            raise SigningError(f"ssh-agent did not sign with {self.path} within a minute") from exc
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            said = err.decode(errors="replace").strip() or "no reason given"
            raise SigningError(f"ssh-keygen does not sign with {self.path}: {said[:300]}")
        return _ed25519_of(out)


def read_public(path: Path) -> SshKey:
    """Return the key that a file like `id_ed25519.pub` names.

    Raises:
        SigningError: It cannot be read or names no Ed25519 key, or there is no OpenSSH here.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise SigningError(f"signing with {path} needs OpenSSH's ssh-keygen")
    try:
        text = path.read_text(encoding="utf-8")
        public = parse_public_line(text.splitlines()[0] if text else "")
    except OSError as exc:
        raise SigningError(f"{path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise SigningError(f"{path}: no public key") from exc
    if public is None:
        raise SigningError(f"{path}: no ssh-ed25519 public key")
    return SshKey(path, public, program)


def _ed25519_of(armoured: bytes) -> bytes:
    """Return the bare signature in an SSH signature (PROTOCOL.sshsig).

    Raises:
        SigningError: It is none, or of another type of key.
    """
    found = _ARMOUR.search(armoured)
    if found is None:
        raise SigningError("ssh-keygen gave no signature")
    blob = base64.b64decode(found[1])
    # MAGIC, version, public key, namespace, reserved, hash, signature
    rest, fields = blob[10:], []
    for _ in range(5):
        (length,) = struct.unpack_from(">I", rest)
        fields.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    kind_and_sig = fields[-1]
    prefix = struct.pack(">I", len(KEY_TYPE)) + KEY_TYPE + struct.pack(">I", _SIG_BYTES)
    if not kind_and_sig.startswith(prefix):
        raise SigningError("the key is not an Ed25519 key")
    return kind_and_sig[len(prefix) :]
