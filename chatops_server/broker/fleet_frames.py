"""The `fleet` and `fleet_update` messages: each server encoded once, then spliced for each user."""

from collections.abc import Callable, Sequence

import msgspec

from chatops_server.broker.fleet import Fleet, FleetChanges, role_of
from chatops_server.broker.server_state import encoded_view, with_recent
from chatops_server.domain.permissions import Principal


def fleet_frame(fleet: Fleet, principal: Principal) -> bytes:
    """Return every server the user sees, each with `cpu_recent`."""
    views = [
        with_recent(encoded_view(state, role), fleet.recent(state))
        for state, role in fleet.visible(principal)
    ]
    return b'{"type":"fleet","servers":[%b]}' % b",".join(views)


def update_frame(fleet: Fleet, principal: Principal, changes: FleetChanges) -> bytes | None:
    """Return the changes that concern the user, as they stand now; None when none does."""
    views: list[bytes] = []
    for server_id in changes.changed:
        state = fleet.get(server_id)
        role = None if state is None else role_of(state, principal)
        if state is not None and role is not None:
            views.append(encoded_view(state, role))
    removed = _removed(fleet, principal, changes)
    if not views and not removed:
        return None
    tail = b',"removed":%b' % msgspec.json.encode(removed) if removed else b""
    return b'{"type":"fleet_update","servers":[%b]%b}' % (b",".join(views), tail)


def update_frames(fleet: Fleet, changes: FleetChanges) -> Callable[[Principal], bytes | None]:
    """Return a maker of one tick's frames: users with the same rights share one."""
    made: dict[tuple[str, str], bytes | None] = {}

    def frame(principal: Principal) -> bytes | None:
        # Admins see the same servers with the same role; everybody else sees by user id.
        key = ("", "admin") if principal.role == "admin" else (principal.user_id, principal.role)
        if key not in made:
            made[key] = update_frame(fleet, principal, changes)
        return made[key]

    return frame


def _removed(fleet: Fleet, principal: Principal, changes: FleetChanges) -> Sequence[str]:
    # A server may be back in sight (a grant given again) before the user heard that it was gone.
    gone = (gone.server_id for gone in changes.gone if gone.concerns(principal))
    return [server_id for server_id in dict.fromkeys(gone) if fleet.role_on(server_id, principal) is None]
