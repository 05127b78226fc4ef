"""Public keys by which a user reaches the UI over ssh (`/auth/ssh-keys`)."""

from typing import Annotated

from msgspec import Meta, Struct


class SshKeyCreate(Struct, frozen=True, kw_only=True):
    """A key as one line of `~/.ssh/id_….pub`; without a name the line's comment is it."""

    public_key: Annotated[str, Meta(min_length=1, max_length=8192)]
    password: Annotated[str, Meta(max_length=1024)]
    """The own one once more: who came by a token alone is to make no way in that outlives it."""
    name: Annotated[str, Meta(max_length=128)] = ""


class SshKeyView(Struct, frozen=True, kw_only=True):
    """One key of a user; `fingerprint` as `ssh-keygen -l` shows it."""

    id: str
    name: str
    public_key: str
    fingerprint: str
    created_at: str
    last_used_at: str | None
