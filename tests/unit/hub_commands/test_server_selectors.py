"""Which servers a selector means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatops_server.domain.selectors import MAX_TERMS, Candidate, SelectorError, parse

WEB = Candidate("srv_1", "web-1", ("prod", "role=web"), "online")
DATABASE = Candidate("srv_2", "db-1", ("prod",), "offline")
NEW = Candidate("srv_3", "spare one", (), "never")
FLEET = (WEB, DATABASE, NEW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*", FLEET),
        ("web-1", (WEB,)),
        ("web-*", (WEB,)),
        ("WEB-*", ()),
        ("name:*-1", (WEB, DATABASE)),
        ("name:web-[0-9]", (WEB,)),
        ("spare?one", (NEW,)),
        ("id:srv_2", (DATABASE,)),
        ("tag:prod", (WEB, DATABASE)),
        ("tag:role=*", (WEB,)),
        ("tag:prod status:online", (WEB,)),
        ("status:offline,status:never", (DATABASE, NEW)),
        ("!tag:prod", (NEW,)),
        ("tag:prod !web-*", (DATABASE,)),
        (" web-1 ,, db-1 ,", (WEB, DATABASE)),
        ("nothing", ()),
    ],
)
def test_a_selector_means(text: str, expected: tuple[Candidate, ...]) -> None:
    selector = parse(text)
    assert tuple(server for server in FLEET if selector.matches(server)) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        (" , ", "empty"),
        ("role:web", "unknown field 'role'"),
        ("tag:", "nothing after"),
        ("!", "nothing after"),
        ("status:up", "unknown status 'up'"),
        ("a " * (MAX_TERMS + 1), "more than 100 terms"),
    ],
)
def test_what_is_no_selector_says_why(text: str, said: str) -> None:
    with pytest.raises(SelectorError, match=said):
        parse(text)


@given(st.text())
def test_no_text_does_anything_else_than_mean_or_refuse(text: str) -> None:
    try:
        selector = parse(text)
    except SelectorError:
        return
    assert [selector.matches(server) in (True, False) for server in FLEET]


@given(st.sampled_from(["tag:prod", "web-*", "status:online", "id:srv_3", "*"]))
def test_not_turns_a_term_round(term: str) -> None:
    for server in FLEET:
        assert parse(term).matches(server) is not parse(f"!{term}").matches(server)
