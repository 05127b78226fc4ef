"""The fleet in groups, and what servers do together."""

from collections.abc import Sequence

import pytest

from chatops_tui.store.fleet_rows import BY_TAG, NO_GROUPS, GroupRow, groupings, listed, totals
from chatops_tui.store.models import Health, Row
from chatops_tui.store.vitals import Vitals
from chatops_wire.rest import ServerStatus, ServerView


def row(name: str, tags: Sequence[str] = (), *, cpu: float = 10.0, status: ServerStatus = "online") -> Row:
    view = ServerView(
        id=f"id-{name}",
        name=name,
        tags=tuple(tags),
        status=status,
        last_seen=None,
        owner_id="usr",
        capabilities=(),
        host=None,
        latest=None,
    )
    vitals = Vitals(cpu, 50.0, 20.0, 1.0, 2.0, None, None, 0.5, 60.0)
    return Row(view, vitals, None, None)


FOUND = [row("a", ["env=prod", "role:db"], cpu=95.0), row("b", ["web"]), row("c"), row("d", ["env=prod"])]


def shown(by: str, folded: frozenset[str] = frozenset()) -> list[str]:
    return [f"[{one.tag}]" if isinstance(one, GroupRow) else one.name for one in listed(FOUND, by, folded)]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (NO_GROUPS, ["a", "b", "c", "d"]),
        (BY_TAG, ["[env=prod]", "a", "d", "[web]", "b", "[]", "c"]),
        ("env", ["[env=prod]", "a", "d", "[]", "b", "c"]),
        ("role", ["[role:db]", "a", "[]", "b", "c", "d"]),
        ("gone", ["[]", "a", "b", "c", "d"]),
    ],
)
def test_servers_stand_below_their_tag_and_those_without_one_last(by: str, expected: list[str]) -> None:
    assert shown(by) == expected


def test_a_folded_group_hides_its_servers() -> None:
    assert shown(BY_TAG, frozenset({"env=prod", ""})) == ["[env=prod]", "[web]", "b", "[]"]


def test_one_may_group_by_the_tag_and_by_every_key() -> None:
    assert groupings(FOUND) == [NO_GROUPS, BY_TAG, "env", "role"]
    assert groupings([]) == [NO_GROUPS, BY_TAG]


def test_no_group_has_the_id_of_a_server() -> None:
    ids = [one.id for one in listed(FOUND, BY_TAG)]
    assert len(set(ids)) == len(ids)
    assert not {one.id for one in listed(FOUND, BY_TAG) if isinstance(one, GroupRow)} & {
        one.id for one in FOUND
    }


def test_totals_are_those_of_what_is_online() -> None:
    found = totals([row("a", cpu=90.0), row("b", cpu=10.0), row("c", cpu=99.0, status="offline")])
    assert (found.servers, found.online, found.health) == (3, 2, Health.CRITICAL)
    assert (found.cpu, found.cpu_most, found.memory, found.disk_most) == (50.0, 90.0, 50.0, 20.0)
    assert (found.rx, found.tx) == (2.0, 4.0)


def test_of_nothing_there_are_no_totals() -> None:
    found = totals([])
    assert (found.servers, found.cpu, found.rx, found.health) == (0, None, None, Health.NEVER)
