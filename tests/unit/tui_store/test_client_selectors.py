"""Selectors mean the same here as at the hub."""

import pytest

from chatops_server.domain import selectors
from chatops_tui.store.models import Row
from chatops_tui.store.server_selectors import SelectorError, check, meant
from chatops_wire.rest import ServerView

NAMES = {"web-1": ("web", "env=prod"), "web-2": ("web",), "db-1": ("db", "env=prod"), "odd[1]": ()}


def row(name: str, tags: tuple[str, ...]) -> Row:
    view = ServerView(
        id=f"id-{name}", name=name, tags=tags, status="online", last_seen=None, owner_id="u",
        capabilities=(), host=None, latest=None, created_at="", role="admin",
    )  # fmt: skip
    return Row(view, None, None, None)


ROWS = [row(name, tags) for name, tags in NAMES.items()]


@pytest.mark.parametrize(
    "text",
    ["*", "web-*", "web-1, db-1", "tag:web", "tag:web !web-2", "!tag:web", "tag:env=*",
     "id:id-db-1", "name:db*",
     "status:online", "status:never", "web-?", "odd*", "nothing"],
)  # fmt: skip
def test_a_selector_means_what_the_hub_means(text: str) -> None:
    there = selectors.parse(text)
    expected = [
        one.name for one in ROWS if there.matches(selectors.Candidate(one.id, one.name, one.tags, one.status))
    ]
    assert [one.name for one in meant(text, ROWS)] == expected


@pytest.mark.parametrize("text", ["", " , ", "tags:web", "tag:", "!"])
def test_what_is_no_selector_means_nobody_and_is_said(text: str) -> None:
    assert meant(text, ROWS) == []
    with pytest.raises(SelectorError):
        check(text)
