"""What an admin sets about how long things are kept, in place of the hub's flags and without a restart."""

import logging

from chatops_server.domain.keeping import NAMES, Terms
from chatops_server.errors import StorageError
from chatops_server.services.access import Caller
from chatops_server.services.ledger import Deed, Ledger
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql.keeping import kept_terms, set_term
from chatops_wire.rest_retention import RetentionPatch, RetentionTerms, RetentionView

log = logging.getLogger(__name__)


class KeepingTerms:
    """Knows what holds now, and tells the database's samples."""

    def __init__(self, storage: Storage, ledger: Ledger, flags: Terms) -> None:
        """Begin with what the flags say, until it is loaded."""
        self._storage = storage
        self._ledger = ledger
        self._flags = flags
        self._set: dict[str, int] = {}

    @property
    def terms(self) -> Terms:
        """What holds now."""
        return self._flags.with_set(self._set)

    async def load(self) -> None:
        """Take over what is set, also what another hub on this database has set since.

        Raises:
            StorageError: The database does not answer.
        """
        self._take(await self._storage.read(kept_terms()))

    async def look(self) -> None:
        """Load it, and if that fails leave it as it is."""
        try:
            await self.load()
        except StorageError as exc:
            log.warning("what is kept cannot be looked up", extra={"reason": exc.reason})

    def view(self) -> RetentionView:
        """Return what holds, and where it comes from."""
        now, flags = self.terms, self._flags
        return RetentionView(
            **{name: getattr(now, name) for name in NAMES},
            flags=RetentionTerms(**{name: getattr(flags, name) for name in NAMES}),
            set=tuple(name for name in NAMES if name in self._set),
        )

    async def change(self, patch: RetentionPatch, caller: Caller) -> RetentionView:
        """Set what is named, or give its flag back, and hold to it; what is over goes with the next clean-up.

        Raises:
            StorageError: The database does not answer; nothing is changed.
        """
        changes = patch.changes()
        if changes:
            deed = Deed("retention.change", caller, data=changes)
            self._take(await self._ledger.commit(_changed(changes), deed))
        return self.view()

    def _take(self, values: dict[str, int]) -> None:
        self._set = {name: value for name, value in values.items() if name in NAMES}
        self._storage.samples.keep(self.terms.tiers)


def _changed(changes: dict[str, int | None]) -> Script[dict[str, int]]:
    for name, value in changes.items():
        yield from set_term(name, value)
    # What others have set meanwhile counts too.
    return (yield from kept_terms())
