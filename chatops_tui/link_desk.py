"""What the parts of the link to the hub are given by the whole of it."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chatops_tui.store.models import Event

if TYPE_CHECKING:
    from chatops_tui.client.http import Rest

T = TypeVar("T")


class Desk(Protocol):
    """The link, as far as histories and commands need it."""

    @property
    def rest(self) -> "Rest":
        """The hub's REST interface; RequestFailedError while there is none."""
        ...

    def now_ms(self) -> int:
        """Unix milliseconds."""
        ...

    def apply(self, event: Event) -> None:
        """Fold an event into the store."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> bool:
        """Start a task that ends with the hub's connections; False: there are none, and it is not begun."""
        ...

    async def ask(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request; RequestFailedError."""
        ...
