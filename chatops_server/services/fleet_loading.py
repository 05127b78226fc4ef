"""Fills the fleet at start-up from what is stored."""

import logging

from chatops_server.broker.fleet import Fleet
from chatops_server.broker.sample_frames import from_stored
from chatops_server.broker.server_state import ServerState
from chatops_server.domain.latest_order import Mark
from chatops_server.storage.base import Script, Storage
from chatops_server.storage.sql.grants import GrantRow, all_grants
from chatops_server.storage.sql.latest import LatestRow, all_latest
from chatops_server.storage.sql.servers import ServerRow, all_servers

log = logging.getLogger(__name__)

_Stored = tuple[list[ServerRow], list[GrantRow], list[LatestRow]]


async def load_fleet(fleet: Fleet, storage: Storage) -> None:
    """Read every server, grant and latest sample into an empty fleet; all are offline.

    Raises:
        StorageError: The database does not answer.
    """
    servers, grants, latest = await storage.read(_everything())
    states = {row.num: fleet.added(row) for row in servers}
    fleet.loaded_grants((grant.server_id, grant.user_id, grant.role) for grant in grants)
    for row in latest:
        state = states.get(row.server_num)
        if state is not None:
            _load_latest(fleet, state, row)
    # Nobody listens yet, so nothing of this is news.
    fleet.take_changes()


def _everything() -> Script[_Stored]:
    servers = yield from all_servers()
    grants = yield from all_grants()
    latest = yield from all_latest()
    return servers, grants, latest


def _load_latest(fleet: Fleet, state: ServerState, row: LatestRow) -> None:
    try:
        sample = from_stored(row.body)
    except ValueError:
        # Only a convenience until the agent is back: a body of another version must not stop the hub.
        log.warning("stored latest sample cannot be read", extra={"server_id": state.id})
        return
    fleet.loaded_latest(state, sample, Mark(row.epoch, row.seq, is_live=sample.seq is None))
