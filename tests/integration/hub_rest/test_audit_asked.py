"""`/audit`: filters, pages, and an entry for every route that changes something."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.integration.hub_rest.conftest import Asker


async def _found(asker: Asker, **query: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - whatever is asked
    answer = await asker.get(f"/audit?{urlencode(query)}")
    assert answer.status == 200, answer
    return [(entry["action"], entry["target"]) for entry in answer.body["items"]]


async def test_entries_are_found_by_who_what_where_and_how(asker: Asker) -> None:
    ann, token = await asker.user("ann", "operator")
    mine = await asker.server("web-1", token=token)
    await asker.server("web-2")
    await asker.post("/auth/login", {"username": "ann", "password": "wrong"}, token=None)
    made = [("server.create", "web-1"), ("login", "ann")]
    assert await _found(asker, user="ann") == made
    assert await _found(asker, user=ann) == made
    assert await _found(asker, user="ANN", action="server") == made[:1]
    assert await _found(asker, server_id=mine) == made[:1]
    assert await _found(asker, result="failed") == [("login", "ann")]
    assert await _found(asker, action="server.cr", limit=1) == [("server.create", "web-2")]
    assert await _found(asker, action="%") == []
    assert await _found(asker, user="usr_nobody") == []


async def test_entries_are_found_by_when(asker: Asker) -> None:
    await asker.server("web-1")
    [entry] = (await asker.get("/audit?action=server.create")).body["items"]
    when = entry["ts"]
    assert await _found(asker, action="server", start=when) == [("server.create", "web-1")]
    assert await _found(asker, action="server", end=when) == []


async def test_pages_keep_to_the_filter(asker: Asker) -> None:
    for number in range(5):
        await asker.server(f"web-{number}")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await asker.get(f"/audit?{urlencode({'action': 'server', 'limit': 2} | cursor)}")).body
        seen += [entry["target"] for entry in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"web-{number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize("query", ["start=soon", "end=-1", "limit=0", "cursor=x", "start=" + "9" * 30])
async def test_what_cannot_be_asked_is_named(asker: Asker, query: str) -> None:
    answer = await asker.get(f"/audit?{query}")
    assert (answer.status, answer.body["detail"].partition(":")[0]) == (400, query.partition("=")[0])
