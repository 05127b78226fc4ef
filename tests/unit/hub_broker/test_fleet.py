"""The fleet in memory: who sees which server, how it is shown, and what changed."""

import msgspec

from chatops_server.broker.fleet import Fleet
from chatops_server.domain.latest_order import Mark
from chatops_wire.agent import AgentInfo, Live
from chatops_wire.rest import MetricsView, ServerView
from chatops_wire.samples import Cpu, Disk, Memory
from tests.broker_builders import (
    ADMIN,
    NOW_MS,
    OWNER,
    STRANGER,
    TIMESTAMP,
    fleet_of,
    principal,
    row,
    sample,
    state_of,
)

HOST = AgentInfo(hostname="web-1", cpu_count=4)


def test_a_server_is_never_then_online_then_offline() -> None:
    fleet = fleet_of()
    state = state_of(fleet)
    assert state.status == "never"
    fleet.connected(state, HOST, ("docker",), NOW_MS)
    online = state.status
    fleet.disconnected(state)
    assert (online, state.status) == ("online", "offline")


def test_the_view_says_what_is_known() -> None:
    fleet = fleet_of()
    state = state_of(fleet)
    fleet.connected(state, HOST, ("docker",), NOW_MS)
    fleet.observed(state, sample(7, cpu=42.0), Mark("e", 7), NOW_MS + 5)
    view = fleet.view(state, "operator", fleet.recent(state))
    assert ("web-1", ("prod",), "online", OWNER.user_id) == (view.name, view.tags, view.status, view.owner_id)
    assert (view.last_seen, view.host, view.capabilities) == ("2027-01-15T08:00:00.005Z", HOST, ("docker",))
    assert view.latest is not None
    assert (view.latest.seq, view.latest.timestamp, view.latest.cpu.percent) == (7, TIMESTAMP, 42.0)
    assert (view.role, view.cpu_recent, view.created_at) == ("operator", (5, 6), "2027-01-15T07:59:59.000Z")


def test_one_machine_with_thousands_of_mounts_does_not_fill_everybodys_list() -> None:
    fleet = fleet_of()
    state = state_of(fleet)
    disks = tuple(Disk(mount=f"/{number}", total=1, used=0, percent=0.0) for number in range(3000))
    crowded = msgspec.structs.replace(sample(), disks=disks)
    fleet.observed(state, crowded, Mark("e", 1), NOW_MS)
    view = fleet.view(state, "admin")
    assert view.latest is not None
    assert len(view.latest.disks) == 64


def test_the_whole_latest_sample_is_a_metrics_view() -> None:
    fleet = fleet_of()
    fleet.observed(state_of(fleet), sample(7), Mark("e", 7), NOW_MS)
    body = fleet.latest_whole("srv_1")
    assert body is not None
    view = msgspec.json.decode(body, type=MetricsView)
    assert (view.server_id, view.seq, view.timestamp) == ("srv_1", 7, TIMESTAMP)
    assert b'"type"' not in body


def test_a_live_sample_has_no_sequence() -> None:
    fleet = fleet_of()
    live = Live(timestamp=TIMESTAMP, cpu=Cpu(percent=1), memory=Memory(total=1, used=1, percent=100))
    fleet.observed(state_of(fleet), live, Mark("e", 3, is_live=True), NOW_MS)
    body = fleet.latest_whole("srv_1")
    assert body is not None
    assert "seq" not in msgspec.json.decode(body)


def test_there_is_no_whole_sample_of_a_server_that_never_sent_one() -> None:
    fleet = fleet_of()
    assert (fleet.latest_whole("srv_1"), fleet.latest_whole("srv_unknown")) == (None, None)


def test_a_server_is_seen_by_its_owner_by_admins_and_by_grant() -> None:
    fleet = fleet_of(1, 2)
    fleet.set_grant("srv_2", "usr_guest", "operator")
    guest = principal("usr_guest", "viewer")

    def seen(who: object) -> list[tuple[str, str]]:
        return [(state.id, role) for state, role in fleet.visible(who)]  # type: ignore[arg-type] # a Principal

    assert seen(ADMIN) == [("srv_1", "admin"), ("srv_2", "admin")]
    assert seen(OWNER) == [("srv_1", "admin"), ("srv_2", "admin")]
    assert seen(guest) == [("srv_2", "viewer")]
    assert seen(STRANGER) == []


def test_a_dropped_grant_hides_the_server_and_is_told_to_that_user_only() -> None:
    fleet = fleet_of()
    heard: list[str] = []
    fleet.on_access_change(heard.append)
    guest, other = principal("usr_guest"), principal("usr_other")
    for user in (guest, other):
        fleet.set_grant("srv_1", user.user_id, "viewer")
    fleet.drop_grant("srv_1", guest.user_id)
    [gone] = fleet.take_changes().gone
    assert heard == ["srv_1"]
    assert fleet.role_on("srv_1", guest) is None
    assert (gone.concerns(guest), gone.concerns(other), gone.concerns(ADMIN)) == (True, False, False)


def test_a_deleted_server_is_told_to_all_who_saw_it_and_to_nobody_else() -> None:
    fleet = fleet_of()
    guest = principal("usr_guest")
    fleet.set_grant("srv_1", guest.user_id, "viewer")
    fleet.removed("srv_1")
    changes = fleet.take_changes()
    assert changes.changed == frozenset()
    concerned = [changes.gone[0].concerns(user) for user in (ADMIN, OWNER, guest, STRANGER)]
    assert concerned == [True, True, True, False]


def test_the_servers_of_a_removed_user_pass_on() -> None:
    fleet = fleet_of()
    fleet.set_grant("srv_1", "usr_guest", "viewer")
    fleet.user_removed(OWNER.user_id, STRANGER.user_id)
    fleet.user_removed("usr_guest", STRANGER.user_id)
    assert fleet.role_on("srv_1", STRANGER) == "admin"
    assert fleet.role_on("srv_1", principal(OWNER.user_id)) is None
    assert state_of(fleet).grants == {}


def test_changes_are_taken_once() -> None:
    fleet = fleet_of(1, 2)
    fleet.changed("srv_1", name="db-1", tags=())
    fleet.configured(state_of(fleet, "srv_2"), 1.0)
    first, second = fleet.take_changes(), fleet.take_changes()
    assert first.changed == {"srv_1", "srv_2"}
    assert not second


def test_what_a_socket_reports_of_a_deleted_server_is_no_change() -> None:
    fleet = fleet_of()
    state = state_of(fleet)
    fleet.removed("srv_1")
    fleet.take_changes()
    fleet.observed(state, sample(), Mark("e", 1), NOW_MS)
    fleet.disconnected(state)
    assert not fleet.take_changes()


def test_unknown_servers_are_ignored() -> None:
    fleet = Fleet(lambda _num: ())
    fleet.changed("srv_9", name="x", tags=())
    fleet.removed("srv_9")
    fleet.set_grant("srv_9", "usr_guest", "viewer")
    fleet.drop_grant("srv_9", "usr_guest")
    assert not fleet.take_changes()
    assert fleet.role_on("srv_9", ADMIN) is None


def test_a_view_without_recent_points_decodes_as_a_server_view() -> None:
    fleet = fleet_of()
    encoded = msgspec.json.encode(fleet.view(state_of(fleet), "admin"))
    assert msgspec.json.decode(encoded, type=ServerView).id == row().id
