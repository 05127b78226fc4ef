"""What an operator signs, so that an agent need not trust the hub (docs/protocol.md, "Signed requests").

The signature is OpenSSH's (PROTOCOL.sshsig): Ed25519 over a blob that names our namespace, so that a key of
ssh-agent can sign, and a signature made for anything else is none of ours.
"""

import base64
import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

NAMESPACE: Final = "chatops"
# Long enough for a slow link and a hub that is busy; clocks of operators and machines may differ by less.
LIFETIME_S: Final = 120.0
# What agents accept at most between `issued_at` and `expires_at`.
LONGEST_LIFETIME_S: Final = 300.0
SKEW_S: Final = 60.0
KEY_TYPE: Final = b"ssh-ed25519"
_KEY_BYTES: Final = 32
_MAGIC: Final = b"SSHSIG"
_HASH: Final = "sha512"

Action = Literal["command", "terminal", "terminal_attach", "docker"]


class Signature(Struct, frozen=True, kw_only=True):
    """An operator's word for one request to one machine, good once and for a short while."""

    signer: Annotated[str, Meta(max_length=64)]
    """Fingerprint of the key as `ssh-keygen -l` shows it: SHA256:…"""
    nonce: Annotated[str, Meta(min_length=16, max_length=64)]
    """Random; an agent accepts each once."""
    issued_at: Annotated[str, Meta(max_length=40)]
    expires_at: Annotated[str, Meta(max_length=40)]
    """RFC 3339, like `issued_at`; both are signed."""
    sig: Annotated[bytes, Meta(max_length=128)]
    """The 64 bytes of Ed25519."""


class Runnable(Protocol):
    """A command, as clients order it or as the hub passes it on."""

    @property
    def command(self) -> str:
        """For `/bin/sh -c`."""
        ...

    @property
    def argv(self) -> tuple[str, ...]:
        """Or as it stands."""
        ...

    @property
    def timeout_s(self) -> float:
        """Seconds."""
        ...

    @property
    def cwd(self) -> str | None:
        """Where it runs."""
        ...

    @property
    def env(self) -> dict[str, str]:
        """Added to its environment."""
        ...

    @property
    def stdin(self) -> str | None:
        """What it reads, as text."""
        ...

    @property
    def stdin_data(self) -> bytes | None:
        """Or as bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """Once, and between when; RFC 3339."""

    nonce: str
    issued_at: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of which machine."""

    action: Action
    server_id: str
    params: Mapping[str, Any]


def command_params(order: Runnable) -> dict[str, Any]:
    """Return what is signed of a command: all that decides what runs, its input as a hash."""
    data = order.stdin_data or (order.stdin or "").encode()
    return {
        "command": order.command,
        "argv": list(order.argv),
        "timeout_s": float(order.timeout_s),
        "cwd": order.cwd,
        "env": dict(order.env),
        "stdin_sha256": hashlib.sha256(data).hexdigest() if data else None,
    }


def terminal_params(container: str | None) -> dict[str, Any]:
    """Return what is signed of a terminal that is opened."""
    return {"container": container}


def attach_params(terminal_id: str) -> dict[str, Any]:
    """Return what is signed when a terminal is attached again."""
    return {"terminal_id": terminal_id}


def docker_params(action: str, container_id: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is signed of something done with a container or an image."""
    return {"action": action, "container_id": container_id, "params": dict(params)}


def message_bytes(request: Request, terms: Terms) -> bytes:
    """Return the one way to write a request down: JSON without spaces, keys sorted, letters as UTF-8."""
    told = {
        "action": request.action,
        "server_id": request.server_id,
        "params": request.params,
        "nonce": terms.nonce,
        "issued_at": terms.issued_at,
        "expires_at": terms.expires_at,
    }
    return msgspec.json.encode(told, order="sorted")


def sshsig_blob(message: bytes) -> bytes:
    """Return the bytes an Ed25519 key signs for a message: OpenSSH's blob, with the message's SHA-512."""
    digest = hashlib.new(_HASH, message).digest()
    parts = (NAMESPACE.encode(), b"", _HASH.encode(), digest)
    return _MAGIC + b"".join(_string(part) for part in parts)


def fingerprint(public_key: bytes) -> str:
    """Return how a key is named: of the 32 bytes of an Ed25519 public key."""
    digest = hashlib.sha256(public_blob(public_key)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def public_blob(public_key: bytes) -> bytes:
    """Return a public key as OpenSSH writes it into its files, before base64."""
    return _string(KEY_TYPE) + _string(public_key)


def parse_public_line(line: str) -> bytes | None:
    """Return the 32 bytes of the Ed25519 key in a line of `authorized_keys` or `allowed_signers`.

    None for a line that holds none: empty, a comment, a key of another type.

    Raises:
        ValueError: It claims to hold one and does not.
    """
    words = line.split()
    if not words or words[0].startswith("#") or KEY_TYPE.decode() not in words[:-1]:
        return None
    encoded = words[words.index(KEY_TYPE.decode()) + 1]
    blob = base64.b64decode(encoded, validate=True)
    key = blob[-_KEY_BYTES:]
    if blob != public_blob(key):
        raise ValueError("no Ed25519 public key")
    return key


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
