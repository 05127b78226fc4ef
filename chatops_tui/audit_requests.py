"""What screens ask of the audit log, without knowing how the hub is reached."""

from typing import Protocol

import msgspec

from chatops_wire.rest import AuditView


class AuditWish(msgspec.Struct, frozen=True):
    """Which entries; an empty field narrows nothing."""

    user: str = ""
    """A name or an id."""
    action: str = ""
    """How the action begins."""
    server_id: str = ""
    result: str = ""
    start: str = ""
    """RFC 3339 or Unix ms: nothing older."""
    end: str = ""


class AuditPart(msgspec.Struct, frozen=True):
    """Some entries, the newest first, and where those before them begin: None at the end."""

    entries: tuple[AuditView, ...]
    following: str | None


class Auditing(Protocol):
    """The hub's audit log, for admins. RequestFailedError; cancelling is safe."""

    async def part(self, wish: AuditWish, cursor: str | None) -> AuditPart:
        """Return the newest entries that match, or those after a cursor."""
        ...

    async def names(self) -> dict[str, str]:
        """Return the names of users by id."""
        ...
