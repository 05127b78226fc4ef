"""The audit log between hub and screens: asked for as it is looked at, never kept."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from chatops_tui.audit_requests import AuditPart, AuditWish

if TYPE_CHECKING:
    from chatops_tui.client.http import Rest

T = TypeVar("T")

# A few screens' worth; the next one is asked for when its end is reached.
PART: Final = 200


class Desk(Protocol):
    """The link, as far as the audit log needs it."""

    @property
    def rest(self) -> "Rest":
        """The hub's REST interface; RequestFailedError while there is none."""
        ...

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request; RequestFailedError."""
        ...


class AuditLink:
    """`audit_requests.Auditing`."""

    def __init__(self, desk: Desk) -> None:
        """Ask nothing yet."""
        self._desk = desk

    async def part(self, wish: AuditWish, cursor: str | None) -> AuditPart:
        """Return the newest entries that match, or those after a cursor; RequestFailedError."""
        return await self._desk.ask(self._desk.rest.timeline.audit(wish, PART, cursor))

    async def names(self) -> dict[str, str]:
        """Return the names of users by id; RequestFailedError."""
        return {user.id: user.username for user in await self._desk.ask(self._desk.rest.users())}
