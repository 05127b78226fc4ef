"""The containers of one engine: what changed between two samples, and what was told at once."""

import msgspec
import pytest

from chatops_server.domain.inventory import MAX_CONTAINERS, Change, Inventory, is_name
from chatops_wire.containers import Container


def one(name: str = "web", state: str = "running", **more: object) -> Container:
    return msgspec.convert({"id": f"id-{name}", "name": name, "state": state, **more}, Container)


def told(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(change.action, change.container.name, change.container.state) for change in changes]


def inventory(*containers: Container) -> Inventory:
    made = Inventory()
    assert made.observe(containers) == []
    return made


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        (one(), one(state="exited"), "die"),
        (one(), one(state="paused"), "pause"),
        (one(state="paused"), one(), "unpause"),
        (one(state="exited"), one(), "start"),
        (one(), one(state="restarting"), "restart"),
        (one(state="exited"), one(state="removing"), "remove"),
        (one(state="exited"), one(state="initialized"), "update"),
        (one(started_at="1"), one(started_at="2"), "restart"),
        (one(restarts=1), one(restarts=2), "restart"),
        (one(id="a"), one("www", id="a"), "rename"),
        (one(health="starting"), one(health="healthy"), "health_status"),
        (one(ports=()), one(ports=("80/tcp",)), "update"),
    ],
)
def test_what_two_samples_differ_by_has_a_word(before: Container, after: Container, action: str) -> None:
    assert inventory(before).observe([after]) == [Change(action, after)]


def test_figures_are_no_change() -> None:
    known = inventory(one(cpu_percent=1.0, status="Up 1 minute"))
    after = one(cpu_percent=2.0, status="Up 2 minutes")
    assert (known.observe([after]), list(known)) == ([], [after])


def test_containers_come_and_go() -> None:
    known = inventory(one("old", "exited"))
    assert told(known.observe([one("a"), one("b", "created"), one("c", "exited")])) == [
        ("destroy", "old", "exited"),
        ("start", "a", "running"),
        ("create", "b", "created"),
        ("create", "c", "exited"),
    ]


def test_an_agent_that_names_no_ids_is_told_apart_by_names() -> None:
    known = inventory(Container(name="web", cpu_percent=1.0), Container(name="db"))
    assert told(known.observe([Container(name="web", cpu_percent=9.0)])) == [("destroy", "db", "")]


def test_what_was_told_at_once_is_not_told_again() -> None:
    known = inventory(one(cpu_percent=7.0, memory_used=5))
    change = Change("pause", one(state="paused"))
    assert known.hear(change) == change
    assert known.hear(change) is None
    assert known.observe([one(state="paused")]) == []


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (Change("die", one(state="exited")), [one(), one("db")]),
        (Change("create", one("new", "created")), [one(), one("db")]),
        (Change("destroy", one("db")), [one(), one("db")]),
    ],
)
def test_a_sample_made_before_a_change_does_not_undo_it(change: Change, stale: list[Container]) -> None:
    known = inventory(one(), one("db"))
    known.hear(change)
    after = sorted((each.name, each.state) for each in known)
    assert known.observe(stale) == []
    assert sorted((each.name, each.state) for each in known) == after


def test_the_second_sample_after_a_change_is_believed() -> None:
    known = inventory(one())
    known.hear(Change("die", one(state="exited")))
    known.observe([one()])
    assert told(known.observe([one()])) == [("start", "web", "running")]


def test_a_removed_one_is_told_once_and_as_it_was() -> None:
    known = inventory(one())
    gone = Change("destroy", one(state="exited"))
    assert (known.hear(gone), known.hear(gone), list(known)) == (gone, None, [])


def test_an_event_without_figures_keeps_those_of_the_sample() -> None:
    known = inventory(one(cpu_percent=7.0, memory_used=5, health="starting"))
    known.hear(Change("health_status", one(health="healthy")))
    [container] = known
    assert (container.health, container.cpu_percent, container.memory_used) == ("healthy", 7.0, 5)


def test_more_than_an_engine_manages_is_not_taken_up() -> None:
    many = [one(str(number)) for number in range(MAX_CONTAINERS + 1)]
    known = inventory(*many)
    assert len(known) == MAX_CONTAINERS
    assert known.hear(Change("start", one("one more"))) is None
    assert len(known) == MAX_CONTAINERS


def test_a_container_is_found_by_id_name_or_the_beginning_of_just_one_id() -> None:
    web, db = one("web", id="abcd1234"), one("db", id="abcd9999")
    known = inventory(web, db)
    found = [known.find(text) for text in ("abcd1234", "web", "abcd1", "abcd", "abc", "other")]
    assert found == [web, web, web, None, None, None]


@pytest.mark.parametrize("text", ["web", "0a1b2c", "my_app-1.2", "a" * 256])
def test_ids_and_names_are_names(text: str) -> None:
    assert is_name(text)


@pytest.mark.parametrize("text", ["", "..", "../images/victim", "a/b", "a b", "-a", "a" * 257, "wéb", "a\n"])
def test_what_leads_elsewhere_is_no_name(text: str) -> None:
    assert not is_name(text)
