"""The timeline: who finds which events, however many servers there are."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chatops_server.storage.base import Script, Storage, execute
from chatops_server.storage.sql.events import (
    FEW_SERVERS,
    EventFilter,
    EventRow,
    NewEvent,
    add_event,
    all_events,
    events_visible_to,
)
from chatops_server.storage.sql.grants import put_grant
from tests.hub_rows import NOON_MS

KINDS = ("connection", "server")
Query = Callable[[EventFilter], Script[list[EventRow]]]


def _somebody(user_id: str) -> Script[int]:
    return (
        yield from execute(
            "INSERT INTO users (id, username, password_hash, role, created_ms) VALUES ($1, $1, '-', $2, 0)",
            user_id,
            "operator",
        )
    )


def _happened(server_ids: list[str | None], user_ids: list[str | None]) -> Script[list[NewEvent]]:
    """Store one event of each kind for each server and user; return them, newest first."""
    stored = []
    for server_id in server_ids:
        for user_id in user_ids:
            for kind in KINDS:
                event = NewEvent(kind, f"{server_id} {user_id}", server_id, user_id)
                yield from add_event(NOON_MS, event)
                stored.append(event)
    return stored[::-1]


def _owned(user_id: str, count: int) -> Script[None]:
    for number in range(count):
        yield from execute(
            "INSERT INTO servers (id, name, owner_id, created_ms) VALUES ($1, $1, $2, 0)",
            f"{user_id}_{number}",
            user_id,
        )


@pytest.fixture(params=[2, FEW_SERVERS + 1], ids=["few", "many"])
async def happened(storage: Storage, request: pytest.FixtureRequest) -> list[NewEvent]:
    """Bob owns some servers and may see srv_1, but not srv_2, nor one that is gone."""
    await storage.write(_somebody("bob"))
    await storage.write(_owned("bob", request.param))
    await storage.write(put_grant(1, "bob", "viewer", 0))
    await storage.write(put_grant(3, "bob", "viewer", 0))
    return await storage.write(
        _happened(["srv_1", "srv_2", "bob_0", "bob_1", "gone", None], ["bob", "usr_1", None])
    )


async def _paged(storage: Storage, query: Query, wanted: EventFilter) -> list[NewEvent]:
    """Return what all pages of two hold."""
    found: list[NewEvent] = []
    while rows := await storage.read(query(replace(wanted, limit=2))):
        assert len(rows) <= 2
        found += [row.event for row in rows]
        wanted = replace(wanted, before=rows[-1].id)
    return found


@pytest.mark.parametrize("server_id", [None, "srv_1", "srv_2", "bob_0", "gone"])
@pytest.mark.parametrize("kind", [None, "server", "no such"])
async def test_a_page_holds_what_is_wanted_and_seen(
    storage: Storage, happened: list[NewEvent], server_id: str | None, kind: str | None
) -> None:
    def is_seen(event: NewEvent) -> bool:
        if event.server_id is None:
            return event.user_id == "bob"
        return event.server_id in {"srv_1", "bob_0", "bob_1"}

    wanted = EventFilter(server_id=server_id, kind=kind)
    matching = [
        event for event in happened if server_id in {None, event.server_id} and kind in {None, event.kind}
    ]
    assert matching == await _paged(storage, all_events, wanted)
    seen = [event for event in matching if is_seen(event)]
    assert seen == await _paged(storage, lambda page: events_visible_to("bob", page), wanted)
