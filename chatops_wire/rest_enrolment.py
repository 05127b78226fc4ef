"""Bodies and answers of enrolment: a machine makes itself known by one line (docs/keys.md)."""

from typing import Annotated

from msgspec import Meta, Struct

from chatops_wire.rest import Lifetime, Name, Tags

MAX_USES = 1000


class EnrollTokenCreate(Struct, frozen=True, kw_only=True):
    """A new token; the servers made with it belong to whoever made it."""

    name: Annotated[str, Meta(max_length=128)] = ""
    tags: Tags = ()
    """What the servers made with it are tagged."""
    max_uses: Annotated[int, Meta(ge=1, le=MAX_USES)] = 1
    expires_in_s: Annotated[int, Meta(ge=60, le=30 * 86_400)] = 900
    key_expires_in_s: Lifetime | None = None
    """How long the keys made with it live; null: until they are revoked."""
    key_auto_rotate: bool = False


class EnrollTokenView(Struct, frozen=True, kw_only=True):
    """A token without its secret."""

    id: str
    name: str
    prefix: str
    tags: tuple[str, ...]
    owner_id: str
    created_at: str
    expires_at: str
    revoked_at: str | None
    max_uses: int
    uses: int
    active: bool
    """Whether one more machine may come with it."""
    server_ids: tuple[str, ...] = ()
    """The servers made with it that are still there."""


class EnrollTokenCreated(EnrollTokenView, frozen=True, kw_only=True):
    """The only time the token itself is shown."""

    token: str
    line: str
    """What the machine is given: the token, and behind a dot the pin of the hub's own certificate."""


class Enroll(Struct, frozen=True, kw_only=True):
    """A machine asks to become a server. Asked again by the same `machine`, it is the same server."""

    token: Annotated[str, Meta(max_length=512)]
    machine: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    """256 bits that only this installation of the agent knows, in hexadecimal."""
    hostname: Annotated[str, Meta(max_length=253)] = ""
    """What it is called where no name is given; a number is added to one that is taken."""
    name: Name | None = None
    """What it is to be called; one that is taken is refused."""


class Enrolled(Struct, frozen=True, kw_only=True):
    """The machine's server, and the only time its agent's key is shown."""

    server_id: str
    name: str
    api_key: str
