"""What was asked of engines, written down: in the audit log before and after, in the timeline after."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from chatops_server.broker.server_state import ServerState
from chatops_server.errors import ChatopsError, StorageError
from chatops_server.services.access import Caller
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.storage.sql.events import NewEvent

log = logging.getLogger(__name__)

KIND: Final = "container"
_REASON_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a user to a server's engine."""

    state: ServerState
    caller: Caller
    deed: str
    """As the audit log names it: `container.restart`."""
    verb: str
    """As people say it: `restart`."""
    target: str
    """The container's name; or the image, volume, network or project."""
    data: Mapping[str, Any]


class Records:
    """Writes down."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def asked(self, asked: Asked) -> None:
        """Write down what is about to be sent; raises StorageError, and then nothing is to be sent."""
        await self._ledger.note(_deed(asked, "sent"))

    async def done(self, asked: Asked) -> None:
        """Write down that it was done."""
        await self._ended(asked, "ok", "done")

    async def failed(self, asked: Asked, error: ChatopsError) -> None:
        """Write down why it was not done, or may not have been."""
        await self._ended(asked, error.code.value, error.detail[:_REASON_CHARS])

    async def read_refused(self, asked: Asked, error: ChatopsError) -> None:
        """Write down that the agent refuses to let something be read; no event, since nothing happened."""
        await self._try(_deed(asked, error.code.value, {"message": error.detail[:_REASON_CHARS]}))

    async def _ended(self, asked: Asked, result: str, words: str) -> None:
        message = f"{asked.verb} {asked.target} on {asked.state.name}: {words}"
        data = {**asked.data, "target": asked.target, "result": result}
        event = NewEvent(KIND, message, asked.state.id, asked.caller.user_id, data)
        more = {} if result == "ok" else {"message": words}
        await self._try(_deed(asked, result, more, event))

    async def _try(self, deed: Deed) -> None:
        # It has happened, whether or not it can be written down.
        try:
            await self._ledger.note(deed)
        except StorageError as exc:
            extra = {"deed": deed.action, "server_id": deed.server_id, "reason": exc.reason}
            log.error("the result of a request is not written down", extra=extra)  # noqa: TRY400 - no defect


def _deed(
    asked: Asked, result: str, more: Mapping[str, Any] | None = None, event: NewEvent | None = None
) -> Deed:
    data = {**asked.data, **(more or {})}
    return Deed(asked.deed, asked.caller, asked.target, asked.state.id, result, data, event)
