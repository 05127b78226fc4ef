"""The frames of topic fleet: each server encoded once, and to each user only what is theirs to see."""

from typing import Any

import msgspec

from chatops_server.broker.fleet import FleetChanges
from chatops_server.broker.fleet_frames import fleet_frame, update_frame, update_frames
from chatops_server.domain.latest_order import Mark
from chatops_wire import codec
from chatops_wire.client import Fleet as FleetMessage
from chatops_wire.client import FleetUpdate
from tests.broker_builders import ADMIN, NOW_MS, OWNER, STRANGER, fleet_of, principal, sample, state_of

_decoder = codec.to_client()


def _changed(*server_ids: str) -> FleetChanges:
    return FleetChanges(frozenset(server_ids))


def _decoded(frame: bytes | None) -> Any:  # noqa: ANN401 - JSON
    assert frame is not None
    return msgspec.json.decode(frame)


def test_the_first_frame_holds_every_visible_server_with_its_recent_points() -> None:
    message = _decoder.decode(fleet_frame(fleet_of(1, 2), OWNER))
    assert isinstance(message, FleetMessage)
    assert [(view.id, view.cpu_recent) for view in message.servers] == [("srv_1", (5, 6)), ("srv_2", (5, 6))]


def test_the_first_frame_of_somebody_who_sees_nothing_is_empty() -> None:
    assert fleet_frame(fleet_of(), STRANGER) == b'{"type":"fleet","servers":[]}'


def test_a_server_without_recent_points_has_an_empty_list() -> None:
    message = _decoder.decode(fleet_frame(fleet_of(1, recent=()), OWNER))
    assert isinstance(message, FleetMessage)
    assert message.servers[0].cpu_recent == ()


def test_an_update_holds_only_what_changed() -> None:
    fleet = fleet_of(1, 2)
    fleet.observed(state_of(fleet, "srv_2"), sample(3), Mark("e", 3), NOW_MS)
    message = _decoder.decode(update_frame(fleet, OWNER, fleet.take_changes()) or b"")
    assert isinstance(message, FleetUpdate)
    [view] = message.servers
    assert view.id == "srv_2"
    assert view.cpu_recent is msgspec.UNSET
    assert view.latest is not None
    assert view.latest.seq == 3


def test_an_encoded_server_is_kept_until_it_changes() -> None:
    fleet = fleet_of()
    state = state_of(fleet)
    before = update_frame(fleet, OWNER, _changed("srv_1"))
    kept = state.encoded["admin"]
    again = update_frame(fleet, OWNER, _changed("srv_1"))
    assert before == again
    assert state.encoded["admin"] is kept
    fleet.changed("srv_1", name="db-1", tags=())
    assert _decoded(update_frame(fleet, OWNER, _changed("srv_1")))["servers"][0]["name"] == "db-1"


def test_each_user_is_told_their_own_role() -> None:
    fleet = fleet_of()
    guest = principal("usr_guest")
    fleet.set_grant("srv_1", guest.user_id, "viewer")
    frame_for = update_frames(fleet, _changed("srv_1"))
    roles = [_decoded(frame_for(user))["servers"][0]["role"] for user in (OWNER, guest, ADMIN)]
    assert roles == ["admin", "viewer", "admin"]


def test_who_sees_none_of_the_changes_gets_no_frame() -> None:
    assert update_frame(fleet_of(), STRANGER, _changed("srv_1")) is None


def test_admins_share_one_frame() -> None:
    frame_for = update_frames(fleet_of(), _changed("srv_1"))
    assert frame_for(ADMIN) is frame_for(principal("usr_other_admin", "admin"))


def test_a_server_that_is_gone_is_told_by_id() -> None:
    fleet = fleet_of(1, 2)
    fleet.removed("srv_1")
    update = _decoded(update_frame(fleet, OWNER, fleet.take_changes()))
    assert update == {"type": "fleet_update", "servers": [], "removed": ["srv_1"]}


def test_a_grant_taken_and_given_again_removes_nothing() -> None:
    fleet = fleet_of()
    guest = principal("usr_guest")
    for _ in range(2):
        fleet.set_grant("srv_1", guest.user_id, "viewer")
        fleet.drop_grant("srv_1", guest.user_id)
    fleet.set_grant("srv_1", guest.user_id, "viewer")
    update = _decoded(update_frame(fleet, guest, fleet.take_changes()))
    assert "removed" not in update
    assert [view["id"] for view in update["servers"]] == ["srv_1"]
